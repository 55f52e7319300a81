"""Widens predicted ranges until they hold the share they claim, whatever the model behind them got wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def margins(low: Floats, high: Floats, true: Floats, coverage: float = 0.95) -> tuple[float, float]:
    """(to subtract from every low, to add to every high), from rows that taught these ranges nothing; negative: they were too wide.

    Conformalised quantile regression, each side on its own (Romano, Patterson, Candes 2019, theorem 2): then a new row of the same
    kind falls within with probability >= `coverage`. Infinite where there are too few rows to promise that: 2 / (1 - coverage) - 1 at least.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage {coverage}: between 0 and 1")
    side = 1 - (1 - coverage) / 2
    return _upper(low - true, side), _upper(true - high, side)


def _upper(scores: Floats, share: float) -> float:
    rank = int(np.ceil(share * (len(scores) + 1)))
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else float("inf")


def interval_score(low: Floats, likely: Floats, high: Floats, true: Floats, coverage: float = 0.95) -> Floats:
    """Weighted interval score, lower is better: judges the likely value and the range together (Bracher et al. 2021, with one interval); proper."""
    return np.asarray((0.5 * np.abs(true - likely) + (1 - coverage) / 2 * winkler(low, high, true, coverage)) / 1.5)


def winkler(low: Floats, high: Floats, true: Floats, coverage: float = 0.95) -> Floats:
    """Interval score, lower is better: width, plus 2 / (1 - coverage) times what lies outside (Gneiting and Raftery 2007)."""
    out = np.maximum(low - true, 0) + np.maximum(true - high, 0)
    return np.asarray(high - low + 2 / (1 - coverage) * out)
