"""Boosted trees as plain arrays: what a training leaves behind and the service reads, with no pickle and no training library at run time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FIELDS = ("feature", "threshold", "left", "right", "value", "missing_left", "leaf")


@dataclass(frozen=True)
class Trees:
    """Sum of trees over (n, features). Arrays are (trees, nodes); node 0 is the root. An input goes left when it is <= threshold."""

    start: float
    feature: NDArray[np.int32]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.bool_]

    @classmethod
    def of(cls, booster: Any) -> Trees:
        """From a fitted scikit-learn HistGradientBoosting model with one output and no categories."""
        trees = [predictors[0].nodes for predictors in booster._predictors]
        width = max(len(nodes) for nodes in trees)
        names = {"feature": "feature_idx", "threshold": "num_threshold", "missing_left": "missing_go_to_left", "leaf": "is_leaf"}

        def column(name: str, kind: Any) -> NDArray[Any]:
            found = np.zeros((len(trees), width), kind)
            for row, nodes in enumerate(trees):
                found[row, : len(nodes)] = nodes[names.get(name, name)]
            return found

        kinds = {"feature": np.int32, "threshold": float, "left": np.int32, "right": np.int32, "value": float, "missing_left": bool, "leaf": bool}
        return cls(float(np.ravel(booster._baseline_prediction)[0]), **{name: column(name, kind) for name, kind in kinds.items()})

    @classmethod
    def constant(cls, value: float) -> Trees:
        """One leaf: the same answer for everybody."""
        none, yes = np.zeros((1, 1), np.int32), np.ones((1, 1), np.bool_)
        return cls(value, none, np.zeros((1, 1)), none, none, np.zeros((1, 1)), yes, yes)

    def predict(self, inputs: Floats) -> Floats:
        """(n, features) -> (n,). nan goes where training sent it."""
        rows, trees = np.arange(len(inputs))[:, None], np.arange(len(self.leaf))[None, :]
        node = np.zeros((len(inputs), len(self.leaf)), np.int32)
        while not self.leaf[trees, node].all():
            seen = inputs[rows, self.feature[trees, node]]
            goes_left = np.where(np.isnan(seen), self.missing_left[trees, node], seen <= self.threshold[trees, node])
            node = np.where(self.leaf[trees, node], node, np.where(goes_left, self.left[trees, node], self.right[trees, node]))
        return np.asarray(self.start + self.value[trees, node].sum(axis=1))

    def attribution(self, inputs: Floats, background: Floats) -> Floats:
        """(n, features) -> (n, features): how much each input moved each answer away from the mean answer over `background` (m, features).

        Exact interventional Shapley values (Lundberg et al. 2020, "From local explanations..."), leaf by leaf; a row adds up to
        `predict(row) - predict(background).mean()`.
        """
        found = np.zeros((len(inputs), inputs.shape[1]))
        for value, path in self._leaves():
            names = list(path)
            mine, theirs = (np.column_stack([_obeys(rows[:, name], path[name]) for name in names]) for rows in (inputs, background))
            only_mine, only_theirs = mine[:, None] & ~theirs[None], ~mine[:, None] & theirs[None]  # (n, m, features on the way)
            reached = (mine[:, None] | theirs[None]).all(axis=2)
            a, b = only_mine.sum(axis=2), only_theirs.sum(axis=2)
            table = np.zeros((2, len(names) + 1, len(names) + 1))
            for i, j in np.ndindex(*table.shape[1:]):
                table[0, i, j] = factorial(i - 1) * factorial(j) / factorial(i + j) if i else 0.0
                table[1, i, j] = factorial(i) * factorial(j - 1) / factorial(i + j) if j else 0.0
            up, down = (np.where(reached, each[a, b], 0.0)[..., None] for each in table)
            found[:, names] += value * (only_mine * up - only_theirs * down).mean(axis=1)
        return found

    def _leaves(self) -> Iterator[tuple[float, dict[int, list[tuple[float, bool, bool]]]]]:
        """Each leaf below a root that asks something: its value, and by feature the questions on the way (threshold, left wanted, nan goes left)."""
        for tree in range(len(self.leaf)):
            waiting: list[tuple[int, dict[int, list[tuple[float, bool, bool]]]]] = [(0, {})]
            while waiting:
                node, path = waiting.pop()
                if not self.leaf[tree, node]:
                    feature = int(self.feature[tree, node])
                    for left, child in ((True, self.left), (False, self.right)):
                        asked = (float(self.threshold[tree, node]), left, bool(self.missing_left[tree, node]))
                        waiting.append((int(child[tree, node]), {**path, feature: [*path.get(feature, []), asked]}))
                elif path:
                    yield float(self.value[tree, node]), path

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """What np.savez takes; `read` is the way back."""
        return {f"{prefix}.start": np.array(self.start)} | {f"{prefix}.{name}": getattr(self, name) for name in _FIELDS}

    @classmethod
    def read(cls, stored: Any, prefix: str) -> Trees:
        """Raises KeyError when the file holds no such trees."""
        return cls(float(stored[f"{prefix}.start"]), **{name: stored[f"{prefix}.{name}"] for name in _FIELDS})


def _obeys(column: Floats, asked: list[tuple[float, bool, bool]]) -> NDArray[np.bool_]:
    """Whether each value goes the way of every question."""
    ways = [np.where(np.isnan(column), missing_left, column <= threshold) == left for threshold, left, missing_left in asked]
    return np.asarray(np.logical_and.reduce(ways))


def save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its stubs take `allow_pickle` for one of the arrays
