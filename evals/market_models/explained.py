"""What moves a model's answers: attributions of a sample, and what a page keeps of them instead of the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import FeatureSet
from domain.learning.quality import Rows
from evals.market_models.examined import EXPLAINED, USUAL, Explained, Floats, spread

COLUMNS = 33  # of the picture of one input, from most downwards to most upwards
OUTER = 0.99  # what lies beyond this share of all moves is drawn at the edge
Attribution = Callable[[Floats, Floats], Floats]


def taken_apart(features: FeatureSet, attribution: Attribution, later: Rows, past: Rows, unit: str) -> Explained:
    """Of rows of `later` spread evenly, against rows of `past`; `attribution`: (inputs, usual ones) -> (n, features)."""
    asked, usual = spread(len(later), EXPLAINED), spread(len(past), USUAL)
    return Explained(features.names, later.inputs[asked], attribution(later.inputs[asked], past.inputs[usual]), unit)


def sampled(value: Callable[[Floats], Floats], rows: Floats, usual: Floats, orders: int = 8, seed: int = 0) -> Floats:
    """(n, features) Shapley values of `value` for `rows`, each against its own row of `usual`: for what is no sum of trees.

    The mean over `orders` drawn orders of the inputs and their reverses (Castro et al. 2009, antithetic). A row adds up to
    value(row) - value(usual) exactly.
    """
    rng, found = np.random.default_rng(seed), np.zeros(rows.shape)
    for _ in range(orders):
        order = rng.permutation(rows.shape[1])
        for way in (order, order[::-1]):
            now = usual.copy()
            before = value(now)
            for feature in way:
                now[:, feature] = rows[:, feature]
                after = value(now)
                found[:, feature] += after - before
                before = after
    return np.asarray(found / (2 * orders))


def told(parts: Sequence[Explained]) -> dict[str, Any]:
    """For each input its mean absolute move, and the picture: [column, answers in it, mean rank 0..1 of the input there], empty columns left out.

    A rank is None where the input is unknown in all of its rows. Columns run from -`reach` to `reach`.
    """
    inputs, moves = (np.concatenate([getattr(part, name) for part in parts]) for name in ("inputs", "moves"))
    reach = float(np.quantile(np.abs(moves), OUTER)) or 1.0
    column = np.clip(((moves / reach + 1) / 2 * COLUMNS).astype(int), 0, COLUMNS - 1)
    rows = []
    for number, name in enumerate(parts[0].names):
        rank = _ranks(inputs[:, number])
        rows.append({"name": name, "moves": _three(np.abs(moves[:, number]).mean()), "picture": _picture(column[:, number], rank)})
    return {"unit": parts[0].unit, "rows": len(inputs), "reach": _three(reach), "inputs": sorted(rows, key=lambda row: -row["moves"])}


def _picture(column: NDArray[np.int64], rank: Floats) -> list[list[float | None]]:
    found: list[list[float | None]] = []
    for each in np.unique(column):
        here = rank[column == each]
        known = here[~np.isnan(here)]
        found.append([int(each), len(here), round(float(known.mean()), 2) if len(known) else None])
    return found


def _ranks(values: Floats) -> Floats:
    """0 lowest .. 1 highest, equal values alike; nan where unknown."""
    known = ~np.isnan(values)
    found = np.full(len(values), np.nan)
    if known.any():
        names, code, count = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(count) - (count + 1) / 2
        found[known] = (middle[code] / max(1.0, known.sum() - 1)) if len(names) > 1 else 0.5
    return found


def _three(value: float) -> float:
    return float(f"{value:.3g}")
