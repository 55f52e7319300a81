"""What a quoted job ends up costing, learnt from past visits: quantiles of final / quoted, made to hold the share they claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalog import services
from domain.learning import registry
from domain.learning.asof import Feature, FeatureSet, Past
from domain.learning.quality import Columns, Rows, check, places, require
from domain.learning.trees import Trees, save

Floats = NDArray[np.float64]
NAME = "cost"
FILE = "trees.npz"
COVERAGE = 0.95
QUANTILES = ((1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2)
ROWS_AT_LEAST = 400  # below, the outer quantiles of a calibration fifth rest on one visit each
TARGET = (-4.0, 4.0)  # log(final / quoted): beyond 1/50 or 50 times is a slip of the keyboard

#: What the catalog and the client's words tell of a job.
OF_THE_JOB = (
    Feature("described", "how hard the client's words make it, sd units", "job", -8, 8, empty=True, unit="sd"),
    Feature("price_factor", "the job's usual price over a small one's", "job", 0.05, 50, unit="ratio"),
    Feature("minutes_log", "log of the usual minutes on site", "job", 0, 10, unit="log min"),
    Feature("minutes_spread", "log of p90 / p10 of the minutes", "job", 0, 6, unit="log ratio"),
    Feature("parts", "kinds of parts it may need", "job", 0, 50, unit="kinds"),
)
#: Nothing here tells one client from another: not who asks, in which language, from which district, in which mood or on which phone.
FEATURES = FeatureSet(
    NAME,
    1,
    (
        *OF_THE_JOB,
        Feature("hurry", "share that short notice adds", "job", 0, 0.30, unit="share"),
        Feature("over_usual", "log of the quote over the job's usual price", "quote", -3, 3, unit="log ratio"),
        Feature(
            "technician_jobs", "visits of theirs that are over", "technician", 0, source="visits", entity="technician_id", how="count", unit="visits"
        ),
        Feature(
            "technician_ratio",
            "their log final / quoted, shrunk",
            "technician",
            -4,
            4,
            source="log_ratio",
            entity="technician_id",
            weight=8.0,
            unit="log ratio",
        ),
        Feature(
            "node_ratio", "the job's log final / quoted, shrunk", "job", -4, 4, source="node_ratio", entity="node", weight=20.0, unit="log ratio"
        ),
        Feature(
            "service_ratio",
            "the trade's log final / quoted, shrunk",
            "job",
            -4,
            4,
            source="service_ratio",
            entity="service",
            weight=40.0,
            unit="log ratio",
        ),
    ),
)
#: What a training or an evaluation must hand over.
TABLES: Mapping[str, tuple[str, ...]] = {
    "bookings": ("booking_id", "request_id", "technician_id", "node", "price_mad"),
    "visits": ("booking_id", "status", "closed_at", "final_mad"),
    "requests": ("request_id", "at", "start_at", "service", "urgency", "described", "usual_mad"),
}


@dataclass(frozen=True)
class CostModel:
    """log(final / quoted) = a line through the inputs + trees for low, likely and high. `version` goes with every estimate.

    `line`: intercept and a weight per input. `margins` (2, 2) widen low and high: first where the job was described, then where it was not.
    """

    line: Floats
    low: Trees
    likely: Trees
    high: Trees
    margins: Floats
    version: str

    def ratios(self, inputs: Floats) -> Floats:
        """(n, features) -> (n, 3): low <= likely <= high of final / quoted. What is unknown counts as usual, within wider margins."""
        unsaid = np.isnan(inputs).any(axis=1).astype(int)
        known = np.nan_to_num(inputs)
        logs = (self.line[0] + known @ self.line[1:])[:, None] + np.column_stack([t.predict(known) for t in (self.low, self.likely, self.high)])
        logs[:, 0] -= self.margins[unsaid, 0]
        logs[:, 2] += self.margins[unsaid, 1]
        return np.asarray(np.exp(np.clip(np.sort(logs, axis=1), *TARGET)))

    def contributions(self, inputs: Floats, background: Floats) -> Floats:
        """(n, features): what each input added to the likely log(final / quoted), against the mean of `background`; exact (Trees.attribution)."""
        known, usual = np.nan_to_num(inputs), np.nan_to_num(background)
        return np.asarray((known - usual.mean(axis=0)) * self.line[1:] + self.likely.attribution(known, usual))

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {"line": self.line, "margins": self.margins}
        for name, trees in (("low", self.low), ("likely", self.likely), ("high", self.high)):
            arrays |= trees.arrays(name)
        save(path, arrays)

    @classmethod
    def read(cls, path: Path, version: str) -> CostModel:
        """Raises ModelRefused for a file that holds no such model."""
        with registry.stored(path, NAME) as stored:
            low, likely, high = (Trees.read(stored, name) for name in ("low", "likely", "high"))
            return cls(stored["line"], low, likely, high, stored["margins"], version)


@lru_cache(maxsize=4)
def serving(folder: Path) -> CostModel | None:
    """The model that passed the gate; None: the rule serves, and the log said why."""
    return registry.serving(folder, FEATURES, FILE, CostModel.read)


def rows(tables: Mapping[str, Columns]) -> Rows:
    """Every visit that was done, with what was known when its quote was made; ids of `tables` as in TABLES, times in seconds.

    The target is log(final / quoted). Raises BadTrainingData that lists missing tables and columns.
    """
    require(tables, TABLES)
    bookings, visits, requests = tables["bookings"], tables["visits"], tables["requests"]
    over = places(bookings["booking_id"], visits["booking_id"])
    request = places(requests["request_id"], bookings["request_id"][over])
    done = visits["status"] == "done"
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(visits["final_mad"].astype(float) / bookings["price_mad"][over].astype(float))
    node, service = bookings["node"][over].astype(str), requests["service"][request].astype(str)
    technician, closed = bookings["technician_id"][over], visits["closed_at"].astype(np.int64)
    counted = np.where(np.isfinite(ratio), ratio, 0.0)[done]  # `checked` refuses what is not finite; here it must not drown the rest
    past = {
        "visits": Past(technician, closed, np.ones(len(closed))),
        "log_ratio": Past(technician[done], closed[done], counted),
        "node_ratio": Past(node[done], closed[done], counted),
        "service_ratio": Past(service[done], closed[done], counted),
    }
    at = requests["at"][request].astype(np.int64)
    hurry = hurry_of(requests["urgency"][request], requests["start_at"][request] - at)
    usual = requests["usual_mad"][request].astype(float) * (1 + hurry)
    with np.errstate(invalid="ignore", divide="ignore"):
        over_usual = np.log(bookings["price_mad"][over].astype(float) / usual)
    given = job_facts(node) | {
        "described": requests["described"][request].astype(float),
        "hurry": hurry,
        "over_usual": over_usual,
        "technician_id": technician,
        "node": node,
        "service": service,
    }
    inputs, seen = FEATURES.build(given, past, at)
    extra = {"request_id": requests["request_id"][request], "technician_id": technician, "price_mad": bookings["price_mad"][over], "service": service}
    every = Rows(inputs, ratio, at, closed, seen, extra | {"city": requests["city"][request]} if "city" in requests else extra)
    return every.part(done)


def checked(found: Rows) -> Rows:
    """The rows, if they can teach. Raises BadTrainingData."""
    check(found, FEATURES, target=TARGET, rows_at_least=ROWS_AT_LEAST)
    return found


def one(
    *, node: str, described: float | None = None, hurry: float = 0.0, over_usual: float = 0.0, technician_jobs: int = 0,
    technician_ratio: float = 0.0, node_ratio: float = 0.0, service_ratio: float = 0.0,
) -> Floats:  # fmt: skip
    """(1, features) of a job that is being quoted; what is not known keeps what the past of nobody says. Raises KeyError for an unknown node."""
    values: dict[str, Any] = job_facts(np.array([node])) | {
        "described": np.nan if described is None else described,
        "hurry": hurry,
        "over_usual": over_usual,
        "technician_jobs": technician_jobs,
        "technician_ratio": technician_ratio,
        "node_ratio": node_ratio,
        "service_ratio": service_ratio,
    }
    return np.array([[float(np.ravel(values[name])[0]) for name in FEATURES.names]])


def job_facts(node: NDArray[Any]) -> dict[str, Floats]:
    """What the catalogue says of each job. Raises KeyError for a node that it does not know."""
    names, code = np.unique(node, return_inverse=True)
    table = np.array([_catalogue()[str(name)] for name in names]).reshape(len(names), 4)[code]
    return {name: table[:, column] for column, name in enumerate(("price_factor", "minutes_log", "minutes_spread", "parts"))}


def hurry_of(urgency: NDArray[Any], seconds_ahead: NDArray[Any]) -> Floats:
    """The share that the rule's uplift adds (domain.pricing.estimate)."""
    from domain.pricing.estimate import SHORT_NOTICE, UPLIFTS

    soon = np.where(np.asarray(seconds_ahead) < SHORT_NOTICE.total_seconds(), float(UPLIFTS["short_notice"]), 0.0)
    return np.where(np.asarray(urgency) == "emergency", float(UPLIFTS["emergency"]), soon)


@cache
def _catalogue() -> Mapping[str, tuple[float, float, float, float]]:
    found = {}
    for service in services().values():
        for node in (*service.nodes.values(), service.general):
            low, usual, high = node.minutes
            found[node.id] = (float(node.price_factor), float(np.log(usual)), float(np.log(high / low)), float(len(node.parts)))
    return found
