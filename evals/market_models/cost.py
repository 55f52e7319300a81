"""Examines the cost model: its three numbers against four simple rules and the true distribution, on the visits of the last months."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.conformal import interval_score
from domain.learning.quality import Rows
from domain.pricing.cost_model import COVERAGE, FEATURES, FILE, QUANTILES, TABLES, CostModel, one, rows
from domain.pricing.estimate import USUAL_FACTOR
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.audience import groups
from evals.market_models.examined import Examined, Examiner, Judged, facts_of, p95_ms
from evals.market_models.explained import taken_apart

Floats = NDArray[np.float64]
ENOUGH = 30  # outcomes before a median of a trade in a town is believed
BATCH = 2_000  # the oracle holds 41 mixtures a row


def load(folder: Path) -> CostModel:
    """A freshly trained model, measured or not. Raises ModelRefused for other features or a damaged file."""
    entry = registry.verified(folder, FEATURES)
    return CostModel.read(folder / FILE, entry.version)


def examine(world: Path, model: Path, until: int) -> Examined:
    """Judges on every visit whose quote was made after `until` (seconds)."""
    oracle = Oracle(world)
    every = rows({name: read(world, name, [*names, *(["city"] if name == "requests" else [])]) for name, names in TABLES.items()})
    past, later = every.part(every.outcome_at < until), every.part(every.decided_at >= until)
    ways = simple(past, later)
    fitted = load(model)
    ways["model"] = np.log(fitted.ratios(later.inputs))
    unsaid = later.inputs.copy()
    unsaid[:, FEATURES.names.index("described")] = np.nan
    ways["model, nothing described"] = np.log(fitted.ratios(unsaid))
    ways["oracle"] = truth(oracle, later)
    scores = {who: score(logs, later.target) for who, logs in ways.items()}
    low, likely, high = np.exp(ways["model"]).T
    return Examined(
        losses={who: float(of.mean()) for who, of in scores.items()},
        figures={who: figures(logs, later.target) for who, logs in ways.items()},
        rows=len(later),
        judged=Judged(
            "amount",
            likely,
            np.exp(later.target),
            scores,
            groups(world, later.extra["request_id"].astype(np.int64), later.inputs[:, FEATURES.names.index("technician_jobs")]),
            low,
            high,
            COVERAGE,
            quantiles={who: np.exp(logs) for who, logs in ways.items()},
            levels=QUANTILES,
            explained={"": taken_apart(FEATURES, fitted.contributions, later, past, "log of likely final / quoted")},
            data=facts_of(world, past, later),
        ),
    )


def score(logs: Floats, true: Floats) -> Floats:
    """One loss a row."""
    return interval_score(logs[:, 0], logs[:, 1], logs[:, 2], true, COVERAGE)


def simple(past: Rows, later: Rows) -> dict[str, Floats]:
    """(n, 3) log ratios of what needs no model: the rule that serves, and that rule with ranges and medians read off the past."""
    usual = np.quantile(past.target, QUANTILES)
    count = len(later)
    cells: dict[tuple[str, str], list[float]] = {}
    for service, city, value in zip(past.extra["service"], past.extra["city"], past.target, strict=True):
        cells.setdefault((service, city), []).append(value)
    found = {cell: np.quantile(values, QUANTILES) for cell, values in cells.items() if len(values) >= ENOUGH}
    column = FEATURES.names.index("technician_ratio")
    of = zip(later.extra["service"], later.extra["city"], strict=True)
    rest = np.quantile(past.target - past.inputs[:, column], QUANTILES)
    return {
        "rule": np.tile(np.log([float(f) for f in USUAL_FACTOR]), (count, 1)),
        "rule, past range": np.tile(usual, (count, 1)),
        "trade x town median": np.array([found.get(cell, usual) for cell in of]).reshape(count, 3),
        "technician's past": later.inputs[:, [column]] + rest,
    }


def truth(oracle: Oracle, later: Rows) -> Floats:
    """(n, 3) true quantiles, for somebody who knows the technicians and the client's words but not the fault."""
    request, technician = later.extra["request_id"].astype(np.int64), later.extra["technician_id"].astype(np.int64)
    parts = []
    for start in range(0, len(later), BATCH):
        mixture = oracle.cost(request[start : start + BATCH], technician[start : start + BATCH], known="described")
        parts.append(np.log(np.column_stack([mixture.quantile(q) for q in QUANTILES])))
    return np.concatenate(parts)


def figures(logs: Floats, true: Floats) -> dict[str, float]:
    """mape and within 15 % of the likely price; coverage and mean width (share of the quote) of the range."""
    error = np.abs(np.exp(logs[:, 1] - true) - 1)
    inside = (true >= logs[:, 0]) & (true <= logs[:, 2])
    width = np.exp(logs[:, 2]) - np.exp(logs[:, 0])
    return {"mape": float(error.mean()), "within_15": float((error <= 0.15).mean()), "coverage": float(inside.mean()), "width": float(width.mean())}


def latency(folder: Path) -> float:
    """p95 of one priced job, ms."""
    model, inputs = load(folder), one(node="plumbing.tap_leak")
    return p95_ms(lambda: model.ratios(inputs))


EXAMINER = Examiner(
    "cost",
    ("rule", "rule, past range", "trade x town median", "technician's past"),
    examine,
    {
        "95 % ranges hold 94..97 %": lambda mean: 0.94 <= mean["model"]["coverage"] <= 0.97,
        "likely price errs no more than the rule's": lambda mean: mean["model"]["mape"] <= mean["rule"]["mape"],
    },
    latency,
    tables=TABLES,
    hidden=("job_truths.complexity", "technician_traits.dearness", "visit_truths.cost_median_ratio", "client_traits.income"),
)
