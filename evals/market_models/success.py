"""Examines the success model: its probability of a visit done well against simple rules and the truth, on visits that nobody invented."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.quality import Rows, places
from domain.matching.success import FEATURES, FILE, TABLES, SuccessModel, rows
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models import chances
from evals.market_models.chances import as_served, examined, share_by
from evals.market_models.examined import Examined, Examiner

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RULES = ("global rate", "technician's past", "rule: stars, trade")
STARS = (-0.4, -0.2, 0.0, 0.2)  # above the usual, shrunk


def load(folder: Path) -> SuccessModel:
    """A freshly trained model, measured or not. Raises ModelRefused for other features or a damaged file."""
    entry = registry.verified(folder, FEATURES)
    return SuccessModel.read(folder / FILE, entry.version)


def examine(world: Path, model: Path, until: int) -> Examined:
    """Judges on every visit that was agreed after `until` (seconds), without those of a fraud: what they end in was never a matter of chance."""
    every = rows({name: read(world, name, list(names)) for name, names in TABLES.items()})
    honest = ~np.isin(every.extra["booking_id"], read(world, "fraud_bookings", ["booking_id"])["booking_id"])
    past, later = every.part(every.outcome_at < until), every.part((every.decided_at >= until) & honest)
    fitted = load(model)
    served = as_served(later.inputs, FEATURES)
    ways = simple(past, later) | {
        "model": fitted.of(later.inputs),
        "model, no level, nothing described": fitted.of(served),
        "oracle": truth(world, later),
    }
    return examined(world, ways, past, later, later.extra["request_id"].astype(np.int64), "visits", fitted.well, FEATURES)


def simple(past: Rows, later: Rows) -> dict[str, Floats]:
    """Everybody's share; the technician's own, shrunk; and a rule of thumb: stars and whether it is their first trade."""
    return {
        "global rate": np.full(len(later), past.target.mean()),
        "technician's past": share_by(past, later, (past.extra["technician_id"], later.extra["technician_id"])),
        "rule: stars, trade": share_by(past, later, (_thumb(past), _thumb(later))),
    }


def _thumb(found: Rows) -> Ints:
    stars, second = (found.inputs[:, FEATURES.names.index(name)] for name in ("stars", "second_trade"))
    return np.asarray(np.digitize(stars, STARS) * 2 + second.astype(np.int64), np.int64)


def truth(world: Path, later: Rows) -> Floats:
    """P(kept and done) for somebody who knows everybody's traits and the client's words, but not what hides behind the wall."""
    request, technician = later.extra["request_id"].astype(np.int64), later.extra["technician_id"].astype(np.int64)
    told = read(world, "visit_truths", ["booking_id", "kept_probability"])
    kept = told["kept_probability"][places(told["booking_id"], later.extra["booking_id"])].astype(float)
    return np.asarray(kept * Oracle(world).success(request, technician, known="described"))


def latency(folder: Path) -> float:
    """p95 of asking about some technicians at once, ms."""
    model = load(folder)
    return chances.latency(model.of, FEATURES)


EXAMINER = Examiner(
    "success",
    RULES,
    examine,
    chances.guardrails(RULES),
    latency,
    tables=TABLES,
    hidden=(
        "visit_truths.kept_probability",
        "technician_traits.quality",
        "technician_traits.reliability",
        "technician_weeks.fatigue",
        "client_traits.absence",
        "job_truths.complexity",
        "fraud_bookings.scheme",
        "client_traits.income",
    ),
)
