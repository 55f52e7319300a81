"""The few statistics reports are made of: pass^k, its interval, and paired tests of two runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import comb, sqrt

Z = 1.959963984540054  # 95 %
DRAWS = 2000


def pass_hat(passed: int, trials: int, k: int) -> float:
    """The chance that k independent trials of one scenario all pass, unbiased: C(passed, k) / C(trials, k), 0..1 (tau-bench, arXiv 2406.12045).

    Raises ValueError for k outside 1..trials.
    """
    if not 1 <= k <= trials:
        raise ValueError(f"pass^{k} needs at least {k} trials; there are {trials}")
    return comb(passed, k) / comb(trials, k)


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of n scenarios, within 0..1 (Wilson 1927); (0, 1) when n is 0.

    For shares that average several trials it is conservative: a mean of values within 0..1 varies at most as much as yes and no do.
    """
    if not n:
        return 0.0, 1.0
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(max(0.0, share * (1 - share)) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided p of `lost` scenarios against `won` ones if change were chance: the exact binomial form of McNemar's test (1947)."""
    n = lost + won
    if not n:
        return 1.0
    tail = sum(comb(n, i) for i in range(min(lost, won) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def paired_difference(before: Sequence[float], after: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """Mean of after - before over the same scenarios, with the 95 % percentile bootstrap interval over scenarios.

    Raises ValueError when the two are not of one length, or empty.
    """
    if len(before) != len(after) or not before:
        raise ValueError("a paired difference needs the same scenarios on both sides, at least one")
    differences = [b - a for a, b in zip(before, after, strict=True)]
    draw, n = random.Random(seed), len(differences)
    means = sorted(sum(draw.choices(differences, k=n)) / n for _ in range(DRAWS))
    return sum(differences) / n, means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS) - 1]


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile (0..1) by linear interpolation; 0.0 of nothing."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
