"""How the share of lists that lead to a choice moves with price, from steps drawn at random: for the operator, never for one client's price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LISTS_AT_LEAST = 200
FOLDS = 5
Z95 = 1.959964


@dataclass(frozen=True)
class Elasticity:
    """`value`: per cent more choices for one per cent more price (negative as a rule), with its 95 % interval, from `lists` lists."""

    value: float
    ci_low: float
    ci_high: float
    lists: int


def elasticity(chosen: NDArray[Any], log_step: Floats, expected_step: Floats, facts: Floats) -> Elasticity:
    """From lists (n): whether somebody was chosen, the log of the drawn price step, its expectation, and facts (n, k) known before the draw.

    Double machine learning of a partially linear model (Chernozhukov et al. 2018, section 4.1) with cross-fitted ridge for the outcome and the known
    expectation for the step; the slope is divided by the share of choices. Raises ValueError for fewer than LISTS_AT_LEAST lists, or one step only.
    """
    chosen = np.asarray(chosen, np.float64)
    if len(chosen) < LISTS_AT_LEAST:
        raise ValueError(f"{len(chosen)} lists: at least {LISTS_AT_LEAST} are needed")
    step = log_step - expected_step
    if np.ptp(log_step) == 0:
        raise ValueError("every list had the same step: without a drawn step nothing tells price from need")
    rest = chosen - _expected(chosen, facts)
    power = float((step**2).sum())
    slope = float((step * rest).sum() / power)
    error = float(np.sqrt((step**2 * (rest - slope * step) ** 2).sum()) / power)
    share = max(float(chosen.mean()), 1e-9)
    return Elasticity(slope / share, (slope - Z95 * error) / share, (slope + Z95 * error) / share, len(chosen))


def naive(chosen: NDArray[Any], log_price_ratio: Floats) -> float:
    """What a plain regression on the asked price says: biased, since who asks more is also better. The baseline to beat."""
    chosen = np.asarray(chosen, np.float64)
    centred = log_price_ratio - log_price_ratio.mean()
    return float((centred * chosen).sum() / max(float((centred**2).sum()), 1e-12) / max(float(chosen.mean()), 1e-9))


def _expected(chosen: Floats, facts: Floats) -> Floats:
    """Each list's expected choice from the lists of the other folds (ridge on standardised facts)."""
    spread = facts.std(axis=0)
    inputs = np.column_stack([np.ones(len(chosen)), (facts - facts.mean(axis=0)) / np.where(spread > 0, spread, 1)])
    fold, found = np.arange(len(chosen)) % FOLDS, np.zeros(len(chosen))
    ridge = np.eye(inputs.shape[1]) * 5.0
    ridge[0, 0] = 0
    for number in range(FOLDS):
        held = fold == number
        known = inputs[~held]
        found[held] = inputs[held] @ np.linalg.solve(known.T @ known + ridge, known.T @ chosen[~held])
    return found
