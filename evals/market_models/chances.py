"""What the examinations of calibrated probabilities share: their losses and figures, and the simple rules that read shares off the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import FeatureSet
from domain.learning.probability import brier, calibration_error, log_loss
from domain.learning.quality import Rows
from evals.market_models.examined import Examined, p95_ms

Floats = NDArray[np.float64]
Guardrail = Callable[[Mapping[str, Mapping[str, float]]], bool]
CANDIDATES = 50  # asked about at once, as a cascade may
NOT_SERVED = ("level_over", "described")  # inputs that the service does not know
WEIGHT = 20.0  # rows of everybody that a cell's own share is drawn towards


def examined(ways: Mapping[str, Floats], true: Floats) -> Examined:
    """Log-loss is the loss; accuracy is told because people ask for it, beside the truth's own (systems.md 0.4)."""
    return Examined(
        losses={who: log_loss(said, true) for who, said in ways.items()}, figures={w: figures(p, true) for w, p in ways.items()}, rows=len(true)
    )


def figures(said: Floats, true: Floats) -> dict[str, float]:
    """Calibration error over ten bins, Brier score, share guessed right at 0.5, and the mean of what was said and of what came true."""
    return {
        "calibration_error": calibration_error(said, true),
        "brier": brier(said, true),
        "accuracy": float(((said > 0.5) == (true > 0.5)).mean()),
        "said": float(said.mean()),
        "came_true": float(true.mean()),
    }


def share_by(past: Rows, later: Rows, cells: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Floats:
    """(n,): share of the past in each later row's cell, drawn towards everybody's. `cells`: of past and of later rows, from 0."""
    overall, size = float(past.target.mean()), int(max(cells[0].max(initial=0), cells[1].max(initial=0))) + 1
    count = np.bincount(cells[0], minlength=size)
    total = np.bincount(cells[0], weights=past.target, minlength=size)
    return np.asarray(((total + overall * WEIGHT) / (count + WEIGHT))[cells[1]])


def as_served(inputs: Floats, features: FeatureSet) -> Floats:
    """(n, features) without NOT_SERVED."""
    found = inputs.copy()
    found[:, [features.names.index(name) for name in NOT_SERVED]] = np.nan
    return found


def guardrails(rules: Sequence[str]) -> dict[str, Guardrail]:
    """What a probability must hold beside its loss."""
    return {
        "calibrated within 2 points of the truth's own error": lambda mean: (
            mean["model"]["calibration_error"] <= mean["oracle"]["calibration_error"] + 0.02
        ),
        "beats its rule's Brier score too": lambda mean: mean["model"]["brier"] <= min(mean[rule]["brier"] for rule in rules),
    }


def latency(answer: Callable[[Floats], object], features: FeatureSet) -> float:
    """p95 of asking about CANDIDATES technicians at once, ms."""
    inputs = np.zeros((CANDIDATES, len(features.names)))
    return p95_ms(lambda: answer(inputs), times=100)
