"""Fits a calibrated probability: a logistic line, trees of what it leaves, and a blend of both from stretches of time that taught neither."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.probability import Probability, log_loss
from domain.learning.trees import Trees

Floats = NDArray[np.float64]
SEED = 7
FOLDS = 4  # consecutive in time
STANDS_STILL = 1e-6  # spread of an input
#: How many trees there may be; 0: the line alone. What the folds liked best is taken.
SIZES = (0, 25, 60, 120)
TREES: dict[str, Any] = {"learning_rate": 0.08, "max_leaf_nodes": 6, "min_samples_leaf": 60, "early_stopping": False, "random_state": SEED}


def fit(
    inputs: Floats, true: Floats, names: Collection[str], say: Callable[[float, str], None], *, rising: Collection[str], falling: Collection[str]
) -> Probability:
    """From rows in the order of their decisions; `true` 0 or 1. `rising` and `falling`: inputs that trees may only follow that way."""
    inputs = np.nan_to_num(inputs)
    ways = [int(name in rising) - int(name in falling) for name in names]
    fold = np.arange(len(true)) * FOLDS // len(true)
    line_said, tree_said = np.zeros(len(true)), {size: np.zeros(len(true)) for size in SIZES}
    for number in range(FOLDS):
        say(number / (FOLDS + 1), f"fold {number + 1} of {FOLDS}")
        held = fold == number
        line = _line(inputs[~held], true[~held])
        line_said[held] = line[0] + inputs[held] @ line[1:]
        for size, said in _staged(_booster(inputs[~held], true[~held], line, ways, max(SIZES)), inputs[held]).items():
            tree_said[size][held] = said
    blends = {size: _blend(line_said, said, true) for size, said in tree_said.items()}
    size = min(SIZES, key=lambda each: log_loss(_said(blends[each], line_said, tree_said[each]), true))
    say(FOLDS / (FOLDS + 1), f"{size} trees")
    line = _line(inputs, true)
    trees = Trees.of(_booster(inputs, true, line, ways, size)) if size else Trees.constant(0.0)
    return Probability(line, trees, blends[size])


def _line(inputs: Floats, true: Floats) -> Floats:
    """Intercept and a weight per input, of log-odds."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread = np.where(spread > STANDS_STILL, spread, np.inf)  # what never moved taught nothing, and rounding must not make a weight of it
    fitted = LogisticRegression(C=1.0, max_iter=500).fit((inputs - mean) / spread, true)
    weights = fitted.coef_[0] / spread
    return np.concatenate([[fitted.intercept_[0] - weights @ mean], weights])


def _booster(inputs: Floats, true: Floats, line: Floats, ways: list[int], size: int) -> Any:
    """Trees of the log-odds that the line leaves: one Newton step of boosting, cut into many small trees (Friedman, Hastie, Tibshirani 2000)."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    said = np.clip(1 / (1 + np.exp(-(line[0] + inputs @ line[1:]))), 0.02, 0.98)
    weight = said * (1 - said)
    booster = HistGradientBoostingRegressor(max_iter=size, monotonic_cst=ways, **TREES)
    return booster.fit(inputs, (true - said) / weight, sample_weight=weight)


def _staged(booster: Any, inputs: Floats) -> dict[int, Floats]:
    """size -> (n,), for every size of SIZES."""
    found = {0: np.zeros(len(inputs))}
    for size, said in enumerate(booster.staged_predict(inputs), 1):
        if size in SIZES:
            found[size] = np.asarray(said)
    return found


def _blend(line: Floats, trees: Floats, true: Floats) -> Floats:
    """b0, b1, b2 of Probability; without trees, or where they would count backwards, Platt's two numbers on the line."""
    from sklearn.linear_model import LogisticRegression

    if trees.any():
        both = LogisticRegression(C=100.0).fit(np.column_stack([line, trees]), true)
        if both.coef_[0].min() > 0:
            return np.array([both.intercept_[0], *both.coef_[0]])
    alone = LogisticRegression(C=100.0).fit(line[:, None], true)
    return np.array([alone.intercept_[0], alone.coef_[0][0], 0.0])


def _said(blend: Floats, line: Floats, trees: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(blend[0] + blend[1] * line + blend[2] * trees))))
