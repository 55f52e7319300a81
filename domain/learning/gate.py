"""Decides whether a model serves: only one that beats its rule in every world, with the interval clear of zero and no guardrail worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

SEEDS, WORLDS = 5, 3  # systems.md 0.2: fewer prove nothing
DRAWS = 4_000


@dataclass(frozen=True)
class Trial:
    """Losses in one world with one seed, lower is better, all three on the same later rows."""

    world: str
    seed: int
    model: float
    baseline: float
    oracle: float


@dataclass(frozen=True)
class Decision:
    """`gap_closed`: (baseline - model) / (baseline - oracle), 1 = as good as the truth; `ci`: its 95 % interval; `reason`: for people."""

    serves: bool
    reason: str
    gap_closed: float
    ci: tuple[float, float]


def decide(trials: Sequence[Trial], guardrails: Mapping[str, bool] | None = None, *, seed: int = 0) -> Decision:
    """The interval comes from drawing seeds again within each world (worlds are no sample of anything), `DRAWS` times.

    Raises ValueError without trials.
    """
    if not trials:
        raise ValueError("no trials: measure the model first")
    worlds = sorted({trial.world for trial in trials})
    losses = {w: np.array([(t.baseline - t.model, t.baseline - t.oracle) for t in trials if t.world == w]) for w in worlds}
    rng = np.random.default_rng(seed)
    gained, possible = np.zeros(DRAWS), np.zeros(DRAWS)
    for rows in losses.values():
        drawn = rows[rng.integers(0, len(rows), (DRAWS, len(rows)))].mean(axis=1)
        # few seeds: a drawn mean varies by (n - 1) / n too little, so it is spread out again around the mean
        spread = np.sqrt(len(rows) / max(1, len(rows) - 1))
        drawn = rows.mean(axis=0) + (drawn - rows.mean(axis=0)) * spread
        gained, possible = gained + drawn[:, 0], possible + drawn[:, 1]
    whole = sum(rows.mean(axis=0) for rows in losses.values())
    room = float(whole[1])
    if room <= 0:
        return Decision(False, "the rule is as good as the truth here: nothing is left to learn", 0.0, (0.0, 0.0))
    gap = float(whole[0]) / room
    low, high = (float(v) for v in np.quantile(gained / np.maximum(possible, 1e-12), (0.025, 0.975)))
    seeds = min(len({t.seed for t in trials if t.world == w}) for w in worlds)
    failed = [name for name, held in (guardrails or {}).items() if not held]
    worse = [world for world, rows in losses.items() if rows[:, 0].mean() <= 0]
    if len(worlds) < WORLDS or seeds < SEEDS:
        return Decision(False, f"measured on {len(worlds)} worlds x {seeds} seeds; {WORLDS} x {SEEDS} are needed", gap, (low, high))
    if low <= 0:
        return Decision(False, "does not beat its rule: the interval reaches zero", gap, (low, high))
    if worse:
        return Decision(False, f"not better than its rule in {', '.join(worse)}", gap, (low, high))
    if failed:
        return Decision(False, f"guardrail broken: {', '.join(failed)}", gap, (low, high))
    return Decision(True, "beats its rule in every world, the interval is clear of zero", gap, (low, high))
