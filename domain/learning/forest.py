"""Small boosted trees as full binary trees, all asked at once: what ranks a thousand candidates in a few milliseconds, with no training library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
#: Trees asked at a time: their comparisons for a thousand rows stay in a core's own cache.
BATCH = 16


@dataclass(frozen=True)
class Forest:
    """Sum of `trees` full trees of one depth. A row goes right where its input is >= the threshold; a branch that ended early repeats its leaf.

    `feature` and `threshold` are (2**depth - 1, trees), the children of node i being 2 i + 1 and 2 i + 2; `leaf` is (2**depth, trees), left to right.
    """

    feature: NDArray[np.int32]
    threshold: Singles
    leaf: Singles

    @classmethod
    def none(cls) -> Forest:
        """No trees: 0 for everybody."""
        return cls(np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32), np.zeros((2, 0), np.float32))

    @classmethod
    def of(cls, booster: Any, depth: int) -> Forest:
        """From an xgboost Booster of one output without categories, grown to at most `depth`. Inputs are never nan: see `domain.matching.ranker`."""
        grown = [json.loads(text) for text in booster.get_dump(dump_format="json")]
        found = cls(
            np.zeros((2**depth - 1, len(grown)), np.int32),
            np.full((2**depth - 1, len(grown)), np.inf, np.float32),
            np.zeros((2**depth, len(grown)), np.float32),
        )
        for column, node in enumerate(grown):
            found._fill(column, node, 0, depth)
        return found

    def _fill(self, column: int, node: dict[str, Any], place: int, depth: int) -> None:
        if "leaf" in node:
            below = depth - (place + 1).bit_length() + 1  # levels under this place
            first = (place + 1) * 2**below - 2**depth
            self.leaf[first : first + 2**below, column] = node["leaf"]
            return
        self.feature[place, column] = int(str(node["split"]).removeprefix("f"))
        self.threshold[place, column] = node["split_condition"]
        children = {child["nodeid"]: child for child in node["children"]}
        self._fill(column, children[node["yes"]], 2 * place + 1, depth)
        self._fill(column, children[node["no"]], 2 * place + 2, depth)

    def predict(self, columns: Singles) -> Floats:
        """(features, n) -> (n,)."""
        total = np.zeros(columns.shape[1])
        for start in range(0, self.leaf.shape[1], BATCH):
            part = slice(start, start + BATCH)
            right = columns[self.feature[:, part]] >= self.threshold[:, part, None]
            values = [leaf[:, None] for leaf in self.leaf[:, part]]
            first = len(right)
            while len(values) > 1:  # from the leaves up: each node keeps the side its comparison took
                first -= len(values) // 2
                values = [np.where(right[first + i], values[2 * i + 1], values[2 * i]) for i in range(len(values) // 2)]
            total += values[0].sum(axis=0, dtype=np.float64)
        return total

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """What np.savez takes; `read` is the way back."""
        return {f"{prefix}.{name}": getattr(self, name) for name in ("feature", "threshold", "leaf")}

    @classmethod
    def read(cls, stored: Any, prefix: str) -> Forest:
        """Raises KeyError when the file holds no such trees."""
        return cls(*(stored[f"{prefix}.{name}"] for name in ("feature", "threshold", "leaf")))
