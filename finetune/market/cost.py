"""Fits what jobs end up costing: three boosted quantiles on the past, widened on the visits that came after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from domain.learning.conformal import margins
from domain.learning.quality import BadTrainingData, Rows, by_time
from domain.learning.trees import Trees
from domain.pricing.cost_model import COVERAGE, FEATURES, FILE, NAME, QUANTILES, TABLES, CostModel, checked, rows
from finetune.market import observed
from finetune.market.task import Task

FITS, CALIBRATES = 0.75, 0.25  # of the training time, in this order
HIDDEN = 0.3  # share of examples whose description is struck out: in a conversation it is often not known
SEED = 7
OPTIONS = {"max_iter": 150, "learning_rate": 0.05, "max_leaf_nodes": 8, "min_samples_leaf": 80, "l2_regularization": 1.0, "early_stopping": False}
#: A harder description, a technician or a job that ended dearer before: never a lower price for it.
RISING = ("described", "technician_ratio", "node_ratio", "service_ratio")


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked examples of all folders whose outcome was known before `until` (seconds). Raises BadTrainingData."""
    every = Rows.joined([rows(observed.read(folder, TABLES)) for folder in folders])
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the trees to `folder`."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    learn, calibrate = by_time(found, (FITS, CALIBRATES))
    if min(len(learn), len(calibrate)) < 2 / (1 - COVERAGE):
        raise BadTrainingData((f"{len(learn)} + {len(calibrate)} rows in time order: too few to fit and to calibrate; add a folder",))
    rng = np.random.default_rng(SEED)
    inputs, held = _struck(learn.inputs, rng), _struck(calibrate.inputs, rng)
    rising = [int(name in RISING) for name in FEATURES.names]
    trees = []
    for number, quantile in enumerate(QUANTILES):
        say(number / len(QUANTILES), f"quantile {quantile:g}")
        booster = HistGradientBoostingRegressor(loss="quantile", quantile=quantile, monotonic_cst=rising, random_state=SEED, **OPTIONS)
        trees.append(Trees.of(booster.fit(inputs, learn.target)))
    low, _, high = (tree.predict(held) for tree in trees)
    CostModel(*trees, margins=margins(low, high, calibrate.target, COVERAGE), version="").save(folder / FILE)


def _struck(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    column = FEATURES.names.index("described")
    shown = inputs.copy()
    shown[rng.random(len(inputs)) < HIDDEN, column] = np.nan
    return shown


TASK = Task(NAME, FEATURES, "weighted interval score of log(final / quoted), 95 %", (FILE,), examples, fit, "what quoted jobs end up costing")
