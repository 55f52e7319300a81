"""Examines the acceptance model: its probability of a yes in time against simple rules and the probability that the answer was drawn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.quality import Rows, places
from domain.matching.acceptance import FEATURES, FILE, TABLES, AcceptModel, rows
from evals.market.files import read
from evals.market_models import chances
from evals.market_models.chances import as_served, examined, share_by
from evals.market_models.examined import Examined, Examiner

Floats = NDArray[np.float64]
RULES = ("global rate", "technician's past", "rule: way, notice, hour")
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
    served = as_served(later.inputs, FEATURES)
    truths = read(world, "offer_truths", ["offer_id", "acceptance_probability"])
    ways = simple(past, later) | {
        "model": fitted.within(later.inputs),
        "model, no level, nothing described": fitted.within(served),
        "oracle": truths["acceptance_probability"][places(truths["offer_id"], later.extra["offer_id"])].astype(float),
    }
    sent = read(world, "offers", ["offer_id", "request_id"])
    request = sent["request_id"][places(sent["offer_id"], later.extra["offer_id"])].astype(np.int64)
    return examined(world, ways, past, later, request, "offers", fitted.yes, FEATURES)


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


def latency(folder: Path) -> float:
    """p95 of asking about some technicians at once, ms."""
    model = load(folder)
    return chances.latency(lambda inputs: model.within(inputs, 10.0), FEATURES)


EXAMINER = Examiner(
    "accept",
    RULES,
    examine,
    chances.guardrails(RULES),
    latency,
    tables=TABLES,
    hidden=("offer_truths.acceptance_probability", "technician_traits.choosy", "technician_traits.reply_median_min", "client_traits.income"),
)
