"""Examines the acceptance model: its probability of a yes in time against simple rules and the probability that the answer was drawn from."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.quality import Rows, places
from domain.matching.acceptance import FEATURES, FILE, TABLES, AcceptModel, rows
from evals.market.files import read
from evals.market_models.chances import examined, share_by
from evals.market_models.examined import Examined, Examiner

Floats = NDArray[np.float64]
RULES = ("global rate", "technician's past", "rule: way, notice, hour")
CANDIDATES = 50  # asked about at once, as a cascade may
KM = (2.0, 4.0, 7.0, 10.0)


def load(folder: Path) -> AcceptModel:
    """A freshly trained model, measured or not. Raises ModelRefused for other features or a damaged file."""
    entry = registry.verified(folder, FEATURES)
    return AcceptModel.read(folder / FILE, entry.version)


def examine(world: Path, model: Path, until: int) -> Examined:
    """Judges on every offer that was sent after `until` (seconds)."""
    every = rows({name: read(world, name, list(names)) for name, names in TABLES.items()})
    past, later = every.part(every.outcome_at < until), every.part(every.decided_at >= until)
    fitted = load(model)
    as_served = later.inputs.copy()
    as_served[:, [FEATURES.names.index(name) for name in ("level_over", "described")]] = np.nan
    truths = read(world, "offer_truths", ["offer_id", "acceptance_probability"])
    ways = simple(past, later) | {
        "model": fitted.within(later.inputs),
        "model, no level, nothing described": fitted.within(as_served),
        "oracle": truths["acceptance_probability"][places(truths["offer_id"], later.extra["offer_id"])].astype(float),
    }
    return examined(ways, later.target)


def simple(past: Rows, later: Rows) -> dict[str, Floats]:
    """Everybody's share; the technician's own, shrunk, of all their offers; and a rule of thumb: how far, how soon, how late in the day."""
    return {
        "global rate": np.full(len(later), past.target.mean()),
        "technician's past": share_by(past, later, (past.extra["technician_id"], later.extra["technician_id"])),
        "rule: way, notice, hour": share_by(past, later, (_thumb(past), _thumb(later))),
    }


def _thumb(found: Rows) -> NDArray[np.int64]:
    km, soon, evening = (found.inputs[:, FEATURES.names.index(name)] for name in ("km", "short_notice", "evening"))
    return np.asarray(np.digitize(km, KM) * 4 + soon.astype(np.int64) * 2 + evening.astype(np.int64), np.int64)


def latency(folder: Path, times: int = 100) -> float:
    """p95 of asking about CANDIDATES technicians at once, ms."""
    model, inputs, taken = load(folder), np.zeros((CANDIDATES, len(FEATURES.names))), []
    for _ in range(times):
        began = time.perf_counter()
        model.within(inputs, 10.0)
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.quantile(taken, 0.95))


EXAMINER = Examiner(
    "accept",
    RULES,
    examine,
    {
        "calibrated within 2 points of the truth's own error": lambda mean: (
            mean["model"]["calibration_error"] <= mean["oracle"]["calibration_error"] + 0.02
        ),
        "beats its rule's Brier score too": lambda mean: mean["model"]["brier"] <= min(mean[rule]["brier"] for rule in RULES),
    },
    latency,
)
