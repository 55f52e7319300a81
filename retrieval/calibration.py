"""Tells how likely it is that a found section answers at all: a small logistic model, its numbers learnt by `bricol bench knowledge --tune`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "calibration.json"


@dataclass(frozen=True)
class Calibration:
    """`weights` per sign of evidence (see `retrieval.search`), `bar` in 0..1 below which nothing fits, `encoder` whose vectors it was learnt on."""

    weights: Mapping[str, float]
    bar: float
    encoder: str = ""

    def probability(self, evidence: Mapping[str, float]) -> float:
        """0..1 for one section's evidence; a sign that is missing counts 0."""
        total = self.weights.get("bias", 0.0) + sum(self.weights.get(name, 0.0) * value for name, value in evidence.items())
        return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


def load(kind: str, file: Path = FILE) -> Calibration:
    """The numbers for `kind`: "lexical" (words alone) or "hybrid"."""
    return Calibration(**json.loads(file.read_text(encoding="utf-8"))[kind])


def save(found: Mapping[str, Calibration], file: Path = FILE) -> None:
    file.write_text(json.dumps({kind: vars(c) for kind, c in found.items()}, indent=1) + "\n", encoding="utf-8")
