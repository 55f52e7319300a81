"""Fits whether technicians say yes to an offer, and how soon they answer at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning.quality import Rows, by_time
from domain.matching.acceptance import FEATURES, FILE, NAME, TABLES, AcceptModel, checked, rows
from finetune.market import observed
from finetune.market.probability import fit as fit_probability
from finetune.market.task import Task

Floats = NDArray[np.float64]
RISING = ("over_own", "met", "yes_share", "answer_share")
FALLING = ("km", "jobs_that_day", "short_notice", "evening", "iftar", "night", "delay")
#: What moves the time to an answer; the job hardly does.
SLOWER = ("delay", "answer_share", "night")


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked examples of all folders whose outcome was known before `until` (seconds). Raises BadTrainingData."""
    every = Rows.joined([rows(observed.read(folder, TABLES)) for folder in folders])
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the model to `folder`."""
    (found,) = by_time(found, (1.0,))
    yes = fit_probability(found.inputs, found.target, FEATURES.names, say, rising=RISING, falling=FALLING)
    deadline = found.extra["deadline"].astype(float)
    AcceptModel(yes, _delays(found.inputs, found.extra["minutes"].astype(float), deadline), float(np.median(deadline)), "").save(folder / FILE)


def _delays(inputs: Floats, minutes: Floats, deadline: Floats) -> Floats:
    """Intercept, a weight per input, and the scale of log-logistic delays; silence is a delay longer than the deadline (maximum likelihood)."""
    from scipy.optimize import minimize

    columns = [FEATURES.names.index(name) for name in SLOWER]
    known = np.column_stack([np.ones(len(inputs)), inputs[:, columns]])
    came = ~np.isnan(minutes)
    logs = np.log(np.maximum(np.where(came, minutes, deadline), 0.1))

    def loss(numbers: Floats) -> tuple[float, Floats]:
        scale = np.exp(numbers[-1])
        z = (logs - known @ numbers[:-1]) / scale
        late = 1 / (1 + np.exp(-np.clip(z, -30, 30)))  # share that would have answered by then
        value = np.where(came, -z + numbers[-1] + 2 * np.logaddexp(0, z), np.logaddexp(0, z)).mean()
        slope = np.where(came, 2 * late - 1, late)  # d value / d z
        steps = np.concatenate([-(known * (slope / scale)[:, None]).mean(axis=0), [(came - slope * z).mean()]])
        return float(value), steps

    start = np.concatenate([[logs.mean()], np.zeros(len(columns)), [np.log(0.5)]])
    numbers = minimize(loss, start, jac=True, method="L-BFGS-B").x
    line = np.zeros(1 + inputs.shape[1])
    line[0], line[1 + np.array(columns)] = numbers[0], numbers[1:-1]
    return np.concatenate([line, [np.exp(numbers[-1])]])


TASK = Task(NAME, FEATURES, "log-loss of a yes to an offer by its deadline", (FILE,), examples, fit, "whether technicians say yes, and how soon")
