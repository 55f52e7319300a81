"""Whether a visit will be done well once a technician has said yes: the inputs as of that moment, and the reader of what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.asof import Feature, FeatureSet, Past
from domain.learning.probability import Probability
from domain.learning.quality import Columns, Rows, check, places, require
from domain.learning.trees import save
from domain.matching.wall import HOUR, wall
from domain.pricing.cost_model import OF_THE_JOB, job_facts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "success"
FILE = "success.npz"
ROWS_AT_LEAST = 600

#: The job, the hour and the technician's own visits. Nothing about the client.
FEATURES = FeatureSet(
    NAME,
    1,
    (
        *OF_THE_JOB,
        Feature("notice_log", "log(1 + hours until the visit)", "day", 0, 10, unit="log(1 + h)"),
        Feature("evening", "visit from 19:00 or before 07:00", "day", 0, 1, unit="yes or no"),
        Feature("level_over", "their level (1..5) above 3", "technician", -2, 2, empty=True, unit="levels"),
        Feature("second_trade", "the job is of their second trade", "technician", 0, 1, unit="yes or no"),
        Feature("rate_log", "log of their rate over the usual one", "technician", -3, 3, unit="log ratio"),
        Feature("visits", "visits of theirs that are over", "technician", 0, source="visits", entity="technician_id", how="count", unit="visits"),
        Feature("busy", "of those, in the last week", "technician", 0, source="visits", entity="technician_id", how="count", days=7.0, unit="visits"),
        Feature("fixed_share", "jobs done of those tried, shrunk", "technician", 0, 1, source="fixed", entity="technician_id",
                prior=0.85, weight=12.0, unit="share"),
        Feature("came_share", "visits they neither cancelled nor missed, shrunk", "technician", 0, 1, source="came", entity="technician_id",
                prior=0.95, weight=20.0, unit="share"),
        Feature("called_off", "visits that their clients called off, shrunk", "technician", 0, 1, source="called_off", entity="technician_id",
                prior=0.08, weight=15.0, unit="share"),
        Feature("stars", "mean of their stars above 4.4, shrunk", "technician", -4, 1, source="stars", entity="technician_id", weight=6.0,
                unit="stars"),
        Feature("node_fixed", "the job's share done of those tried, shrunk", "job", 0, 1, source="node_fixed", entity="node",
                prior=0.85, weight=25.0, unit="share"),
        Feature("service_fixed", "the trade's share done of those tried, shrunk", "job", 0, 1, source="service_fixed", entity="service",
                prior=0.85, weight=50.0, unit="share"),
    ),
)  # fmt: skip
#: What a training or an evaluation must hand over.
TABLES: Mapping[str, tuple[str, ...]] = {
    "bookings": ("booking_id", "request_id", "technician_id", "node", "confirmed_at", "start_at"),
    "visits": ("booking_id", "status", "closed_at"),
    "requests": ("request_id", "service", "described"),
    "technicians": ("technician_id", "joined_at", "service", "rate", "level", "first_reviews", "first_stars"),
    "ratings": ("technician_id", "at", "stars"),
}
TRIED = ("done", "not_fixed")
MISSED = ("no_show", "cancelled_by_technician")
USUAL_STARS = 4.4


@dataclass(frozen=True)
class Visits:
    """Past visits, one row each: `closed_at` seconds, `status` as in the tables of `bricol simulate`; and stars, `star_value` given at `star_at`."""

    technician_id: Ints
    closed_at: Ints
    status: NDArray[Any]
    star_technician: Ints
    star_at: Ints
    star_value: Floats

    def past(self) -> dict[str, Past]:
        """What is asked of a technician; nothing of the kind for a job or a trade."""
        who, at, tried = self.technician_id, self.closed_at, np.isin(self.status, TRIED)
        theirs = tried | np.isin(self.status, MISSED)
        return {
            "visits": Past(who, at, np.ones(len(at))),
            "fixed": Past(who[tried], at[tried], (self.status[tried] == "done").astype(float)),
            "came": Past(who[theirs], at[theirs], tried[theirs].astype(float)),
            "called_off": Past(who, at, (self.status == "cancelled_by_client").astype(float)),
            "stars": Past(self.star_technician, self.star_at, self.star_value - USUAL_STARS),
        }


@dataclass(frozen=True)
class SuccessModel:
    """`well`: P(nobody cancels, both are there and the job is done in this visit | the technician said yes)."""

    well: Probability
    version: str

    def of(self, inputs: Floats) -> Floats:
        """(n, features) -> (n,), within 0..1."""
        return self.well.of(inputs)

    def save(self, path: Path) -> None:
        save(path, self.well.arrays())

    @classmethod
    def read(cls, path: Path, version: str) -> SuccessModel:
        """Raises ModelRefused for a file that holds no such model."""
        with registry.stored(path, NAME) as stored:
            return cls(Probability.read(stored), version)


@lru_cache(maxsize=4)
def serving(folder: Path) -> SuccessModel | None:
    """The model that passed the gate; None: nobody's success is told apart, and the log said why."""
    return registry.serving(folder, FEATURES, FILE, SuccessModel.read)


def rows(tables: Mapping[str, Columns]) -> Rows:
    """Every visit whose day has come, with what was known when the technician said yes; the target is `done`. Ids as in TABLES, times in seconds.

    Raises BadTrainingData that lists what is missing.
    """
    require(tables, TABLES)
    bookings, visits, requests, technicians, ratings = (tables[name] for name in TABLES)
    over = places(bookings["booking_id"], visits["booking_id"])
    request, who = places(requests["request_id"], bookings["request_id"][over]), places(technicians["technician_id"], bookings["technician_id"][over])
    node, service = bookings["node"][over].astype(str), requests["service"][request].astype(str)
    technician, closed, status = bookings["technician_id"][over].astype(np.int64), visits["closed_at"].astype(np.int64), visits["status"].astype(str)
    tried = np.isin(status, TRIED)
    done = (status == "done").astype(float)
    brought = np.maximum(technicians["first_reviews"].astype(np.int64), 0)  # reviews from before count as given on joining
    mean = technicians["first_stars"] / np.maximum(brought, 1)
    past = Visits(
        technician,
        closed,
        status,
        np.concatenate([np.repeat(technicians["technician_id"], brought), ratings["technician_id"]]).astype(np.int64),
        np.concatenate([np.repeat(technicians["joined_at"].astype(np.int64), brought), ratings["at"].astype(np.int64)]),
        np.concatenate([np.repeat(mean, brought), ratings["stars"]]).astype(float),
    ).past() | {
        "node_fixed": Past(node[tried], closed[tried], done[tried]),
        "service_fixed": Past(service[tried], closed[tried], done[tried]),
    }
    agreed, start = bookings["confirmed_at"][over].astype(np.int64), bookings["start_at"][over].astype(np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate_log = np.log(technicians["rate"][who].astype(float))
    given = moments(agreed, start) | job_facts(node) | {
        "described": requests["described"][request].astype(float),
        "level_over": technicians["level"][who].astype(float) - 3,
        "second_trade": (technicians["service"][who].astype(str) != service).astype(float),
        "rate_log": rate_log,
        "technician_id": technician,
        "node": node,
        "service": service,
    }  # fmt: skip
    inputs, seen = FEATURES.build(given, past, agreed)
    extra = {"booking_id": visits["booking_id"], "request_id": requests["request_id"][request], "technician_id": technician, "service": service}
    return Rows(inputs, done, agreed, closed, seen, extra)


def checked(found: Rows) -> Rows:
    """The rows, if they can teach. Raises BadTrainingData."""
    check(found, FEATURES, target=(0, 1), rows_at_least=ROWS_AT_LEAST, classes=True)
    return found


def asked(
    technician_id: Ints, *, node: str, service: str, second_trade: NDArray[np.bool_], rate_log: Floats, sent_at: int, start_at: int, visits: Visits,
    described: float | None = None,
) -> Floats:  # fmt: skip
    """(n, features) of one job for many candidates, as a training builds them; of the job's own past nothing is asked. Raises KeyError for a node."""
    count = len(technician_id)
    nothing = Past(np.zeros(0, object), np.zeros(0, np.int64), np.zeros(0))
    given: dict[str, NDArray[Any]] = moments(np.full(count, sent_at), np.full(count, start_at)) | job_facts(np.full(count, node, object)) | {
        "described": np.full(count, np.nan if described is None else described),
        "level_over": np.full(count, np.nan),  # the marketplace's own technicians have no level
        "second_trade": np.asarray(second_trade, float),
        "rate_log": np.clip(np.asarray(rate_log, float), -3, 3),
        "technician_id": technician_id,
        "node": np.full(count, node, object),
        "service": np.full(count, service, object),
    }  # fmt: skip
    past = visits.past() | {"node_fixed": nothing, "service_fixed": nothing}
    return FEATURES.build(given, past, np.full(count, sent_at))[0]


def moments(agreed: Ints, start: Ints) -> dict[str, NDArray[Any]]:
    """What follows from when a visit is agreed and when it is to start (seconds)."""
    return {"notice_log": np.log1p(np.maximum(0, start - agreed) / HOUR), "evening": wall(start).evening.astype(float)}
