"""Fits what jobs end up costing: a line, boosted quantiles of what it leaves as far as they help, and margins from rows that taught neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.conformal import interval_score, margins
from domain.learning.quality import Rows, by_time
from domain.learning.trees import Trees
from domain.pricing.cost_model import COVERAGE, FEATURES, FILE, NAME, QUANTILES, TABLES, CostModel, checked, rows
from finetune.market import observed
from finetune.market.task import Task

Floats = NDArray[np.float64]
SEED = 7
FOLDS = 4  # consecutive in time
#: How many trees each quantile may have; 0: the line alone. What the folds liked best is taken: with few visits that is 0.
SIZES = (0, 15, 40, 100)
TREES: dict[str, Any] = {"learning_rate": 0.05, "max_leaf_nodes": 4, "min_samples_leaf": 100, "early_stopping": False, "random_state": SEED}
#: A harder description, a technician or a job that ended dearer before: never a lower price for it.
RISING = ("described", "technician_ratio", "node_ratio", "service_ratio")
COLUMNS = [FEATURES.names.index(name) for name in RISING]


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked examples of all folders whose outcome was known before `until` (seconds). Raises BadTrainingData."""
    every = Rows.joined([rows(observed.read(folder, TABLES)) for folder in folders])
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the model to `folder`. Margins are cross-conformal (Vovk 2015): every row is judged by a fit that did not see its stretch of time."""
    (found,) = by_time(found, (1.0,))
    inputs, true = np.nan_to_num(found.inputs), found.target
    unsaid = inputs.copy()
    unsaid[:, FEATURES.names.index("described")] = 0.0
    fold = np.arange(len(found)) * FOLDS // len(found)
    said, mute = ({size: np.zeros((len(found), 3)) for size in SIZES} for _ in range(2))
    for number in range(FOLDS):
        say(number / (FOLDS + 1), f"fold {number + 1} of {FOLDS}")
        held = fold == number
        line, boosters = _line(inputs[~held], true[~held]), _boosters(inputs[~held], true[~held], max(SIZES))
        for shown, kept in ((inputs[held], said), (unsaid[held], mute)):
            for size, logs in _staged(line, boosters, shown).items():
                kept[size][held] = logs
    scores = {size: _score(logs, true) for size, logs in said.items()}
    size = min(scores, key=lambda each: scores[each])
    say(FOLDS / (FOLDS + 1), f"{size} trees")
    line = _line(inputs, true)
    trees = [Trees.of(booster) if size else Trees.constant(booster) for booster in _boosters(inputs, true, size)]
    widths = np.array([margins(logs[size][:, 0], logs[size][:, 2], true, COVERAGE) for logs in (said, mute)])
    CostModel(line, trees[0], trees[1], trees[2], widths, "").save(folder / FILE)


def _line(inputs: Floats, true: Floats) -> Floats:
    """Intercept and a weight per input; only RISING ones count, never downwards."""
    from sklearn.linear_model import Ridge

    ridge = Ridge(alpha=1.0, positive=True).fit(inputs[:, COLUMNS], true)
    found = np.zeros(1 + inputs.shape[1])
    found[0], found[1 + np.array(COLUMNS)] = ridge.intercept_, ridge.coef_
    return found


def _boosters(inputs: Floats, true: Floats, size: int) -> list[Any]:
    """One per quantile of what the line leaves; with size 0 the quantile itself."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    line = _line(inputs, true)
    rest = true - line[0] - inputs @ line[1:]
    if not size:
        return [float(value) for value in np.quantile(rest, QUANTILES)]
    rising = [int(name in RISING) for name in FEATURES.names]
    made = [HistGradientBoostingRegressor(loss="quantile", quantile=q, max_iter=size, monotonic_cst=rising, **TREES) for q in QUANTILES]
    return [each.fit(inputs, rest) for each in made]


def _staged(line: Floats, boosters: list[Any], inputs: Floats) -> dict[int, Floats]:
    """size -> (n, 3) logs, for every size of SIZES. Without trees a booster's start is its quantile."""
    base = line[0] + inputs @ line[1:]
    found = {0: np.column_stack([base + float(np.ravel(booster._baseline_prediction)[0]) for booster in boosters])}
    stages = [booster.staged_predict(inputs) for booster in boosters]
    for size, parts in enumerate(zip(*stages, strict=True), 1):
        if size in SIZES:
            found[size] = base[:, None] + np.column_stack(parts)
    return found


def _score(logs: Floats, true: Floats) -> float:
    below, above = margins(logs[:, 0], logs[:, 2], true, COVERAGE)
    low, likely, high = np.sort(logs + np.array([-below, 0.0, above]), axis=1).T
    return float(interval_score(low, likely, high, true, COVERAGE).mean())


TASK = Task(NAME, FEATURES, "weighted interval score of log(final / quoted), 95 %", (FILE,), examples, fit, "what quoted jobs end up costing")
