"""Joins rankings that cannot be compared by their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from retrieval.units import Key

RANK = 60  # Cormack, Clarke & Buettcher, "Reciprocal Rank Fusion outperforms Condorcet" (2009)


def fused(sides: Mapping[str, Mapping[Key, float]], weights: Mapping[str, float]) -> list[Key]:
    """Keys by reciprocal rank fusion, best first: sum over sides of weight / (RANK + rank); equal sums by name."""
    total: defaultdict[Key, float] = defaultdict(float)
    for side, scores in sides.items():
        for rank, key in enumerate(sorted(scores, key=lambda key: (-scores[key], key)), 1):
            total[key] += weights[side] / (RANK + rank)
    return sorted(total, key=lambda key: (-total[key], key))
