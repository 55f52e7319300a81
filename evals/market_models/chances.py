"""What the examinations of calibrated probabilities share: their losses and figures, and the simple rules that read shares off the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import FeatureSet
from domain.learning.probability import Probability, brier, calibration_error, log_losses
from domain.learning.quality import Rows
from evals.market_models.audience import groups
from evals.market_models.examined import Examined, Judged, facts_of, p95_ms
from evals.market_models.explained import taken_apart

Floats = NDArray[np.float64]
Guardrail = Callable[[Mapping[str, Mapping[str, float]]], bool]
CANDIDATES = 50  # asked about at once, as a cascade may
NOT_SERVED = ("level_over", "described")  # inputs that the service does not know
WEIGHT = 20.0  # rows of everybody that a cell's own share is drawn towards


def examined(
    world: Path,
    ways: Mapping[str, Floats],
    past: Rows,
    later: Rows,
    request_id: NDArray[np.int64],
    done: str,
    chance: Probability,
    features: FeatureSet,
) -> Examined:
    """Log-loss is the loss; accuracy is told because people ask for it, beside the truth's own (systems.md 0.4).

    `request_id` (later rows,); `done`: the input that counts what is over of the technician's; `chance`: what was fitted.
    """
    losses = {who: log_losses(said, later.target) for who, said in ways.items()}
    judged = Judged(
        "probability",
        ways["model"],
        later.target,
        losses,
        groups(world, request_id, later.inputs[:, features.names.index(done)]),
        unit=request_id,
        explained={"": taken_apart(features, chance.contributions, later, past, "log-odds")},
        data=facts_of(world, past, later),
    )
    told = {who: figures(said, later.target) for who, said in ways.items()}
    return Examined({who: float(of.mean()) for who, of in losses.items()}, told, len(later), judged)


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
