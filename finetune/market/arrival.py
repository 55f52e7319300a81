"""Fits when technicians arrive: boosted quantiles of what a plain line leaves, and margins from stretches of time that taught neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.geo.arrival import (
    COVERAGE,
    FEATURES,
    FILE,
    NAME,
    PLANNED,
    QUANTILES,
    TABLES,
    UNDER_WAY,
    ArrivalModel,
    checked,
    line,
    rows,
    until_arrival,
    visible,
)  # fmt: skip
from domain.geo.window import told
from domain.learning.conformal import margins
from domain.learning.quality import Rows, by_time
from domain.learning.trees import Trees
from finetune.market import observed
from finetune.market.task import Task

Floats = NDArray[np.float64]
SEED = 7
FOLDS = 3  # consecutive in time
TREES: dict[str, Any] = {"learning_rate": 0.08, "max_iter": 60, "max_leaf_nodes": 6, "min_samples_leaf": 100, "early_stopping": False}
#: The longer somebody has been on the way without arriving, the longer the whole way; rain never shortens one.
RISING = {PLANNED: ("rain", "technician_late"), UNDER_WAY: ("since", "rain", "city_trip")}
MOST_ROWS = 120_000  # each state; beyond, every n-th teaches as well as all
WIDENINGS = np.arange(-7.0, 20.0, 0.25)  # minutes


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked examples of all folders whose outcome was known before `until` (seconds). Raises BadTrainingData."""
    every = Rows.joined([rows(observed.read(folder, TABLES)) for folder in folders])
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the model to `folder`. Margins are cross-conformal (Vovk 2015); told windows are nested in their widening (Gupta et al. 2022)."""
    (found,) = by_time(found, (1.0,))
    trees, margin, widen = [], np.zeros((2, 2)), np.zeros(2)
    for state, name in ((PLANNED, "planned"), (UNDER_WAY, "under way")):
        say(state / 2, name)
        part = found.part(found.inputs[:, FEATURES.names.index("under_way")] == state)
        part = part.part(np.arange(0, len(part), -(-len(part) // MOST_ROWS)))
        low, likely, high = _held_out(part, state).T
        below, above = margins(low, high, part.target, COVERAGE)
        margin[state] = below, above
        widen[state] = _widening(part, np.sort(np.column_stack([low - below, likely, high + above]), axis=1), state)
        made = [Trees.of(booster) for booster in _boosters(part, state)]
        trees.append((made[0], made[1], made[2]))
    ArrivalModel((trees[0], trees[1]), margin, widen, "").save(folder / FILE)


def _held_out(part: Rows, state: int) -> Floats:
    """(n, 3) targets as those see them who did not see that stretch of time."""
    fold = np.arange(len(part)) * FOLDS // len(part)
    found = np.zeros((len(part), 3))
    for number in range(FOLDS):
        held = part.part(fold == number)
        seen = visible(held.inputs, state)
        rest = np.column_stack([booster.predict(seen) for booster in _boosters(part.part(fold != number), state)])
        found[fold == number] = line(held.inputs, state)[:, None] + np.sort(rest, axis=1)
    return found


def _boosters(part: Rows, state: int) -> list[Any]:
    """One per quantile of what the line leaves."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    seen, rest = visible(part.inputs, state), part.target - line(part.inputs, state)
    seen[:, np.isnan(seen).all(axis=0)] = 0.0  # a stretch in which nobody knew: nothing can hang on it, and scikit-learn bins no emptiness
    rising = [int(name in RISING[state]) for name in FEATURES.names]
    return [
        HistGradientBoostingRegressor(loss="quantile", quantile=q, monotonic_cst=rising, random_state=SEED, **TREES).fit(seen, rest)
        for q in QUANTILES
    ]


def _widening(part: Rows, values: Floats, state: int) -> float:
    """Minutes to add on both sides so that windows rounded as people speak hold COVERAGE: the smallest that does."""
    minutes = until_arrival(part.inputs, values, state)
    asked = part.decided_at % 86_400 / 60
    came = asked + (part.outcome_at - part.decided_at) / 60
    for widen in WIDENINGS:
        wide = np.maximum(0.0, minutes + np.array([-widen, 0.0, widen]))
        start, end = told(asked, wide, np.full(len(part), state)).T
        if ((came >= start) & (came <= end)).mean() >= COVERAGE:
            return float(widen)
    return float(WIDENINGS[-1])


TASK = Task(NAME, FEATURES, "mean pinball loss of minutes until arrival, 5/50/95 %", (FILE,), examples, fit, "when technicians arrive")
