"""Whether a technician says yes to an offer, and within how long: the inputs as of the moment it is sent, and the reader of what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning import registry
from domain.learning.asof import NEVER, Feature, FeatureSet, Past
from domain.learning.probability import SURELY, Probability
from domain.learning.quality import Columns, Rows, check, places, require
from domain.learning.trees import save
from domain.matching.wall import HOUR, wall

Floats = NDArray[np.float64]
NAME = "accept"
FILE = "accept.npz"
ROWS_AT_LEAST = 600
SOON = 2 * HOUR

#: The job, the way there, the hour and the technician's own answers. Nothing about the client but whether the two have met for a good job.
FEATURES = FeatureSet(
    NAME,
    1,
    (
        Feature("km", "road from their home", "way", 0, 300, unit="km"),
        Feature("over_own", "log of the offered price over their own usual one", "price", -3, 3, unit="log ratio"),
        Feature("price_log", "log of the offered price, MAD", "price", 0, 12, unit="log MAD"),
        Feature("level_over", "their level (1..5) above 3", "technician", -2, 2, empty=True, unit="levels"),
        Feature("described", "how hard the client's words make it, sd units", "job", -8, 8, empty=True, unit="sd"),
        Feature("jobs_that_day", "visits they have agreed for that day", "day", 0, 40, unit="visits"),
        Feature("notice_log", "log(1 + hours until the visit)", "day", 0, 10, unit="log(1 + h)"),
        Feature("short_notice", "the visit is within two hours", "day", 0, 1, unit="yes or no"),
        Feature("evening", "visit from 19:00 or before 07:00", "day", 0, 1, unit="yes or no"),
        Feature("friday_prayer", "visit on a Friday, 12:00 to 14:00", "day", 0, 1, unit="yes or no"),
        Feature("ramadan_day", "visit in Ramadan, 08:00 to 16:00", "day", 0, 1, unit="yes or no"),
        Feature("iftar", "visit in Ramadan, 17:00 to 19:00", "day", 0, 1, unit="yes or no"),
        Feature("night", "asked from 22:00 or before 07:00", "asked", 0, 1, unit="yes or no"),
        Feature("met", "did this client's last good job", "technician", 0, 1, unit="yes or no"),
        Feature("offers", "offers of theirs that are over", "technician", 0, source="offers", entity="technician_id", how="count", unit="offers"),
        Feature("yes_share", "share of yes in their answers, shrunk", "technician", 0, 1, source="yes", entity="technician_id",
                prior=0.75, weight=12.0, unit="share"),
        Feature("answer_share", "share of offers they answered in time, shrunk", "technician", 0, 1, source="answered", entity="technician_id",
                prior=0.85, weight=6.0, unit="share"),
        Feature("delay", "their mean log minutes to an answer, shrunk", "technician", -8, 8, source="delay", entity="technician_id",
                prior=1.4, weight=3.0, unit="log min"),
        Feature("busy", "jobs they agreed to in the last fortnight", "technician", 0, source="agreed", entity="technician_id",
                how="count", days=14.0, unit="visits"),
    ),
)  # fmt: skip
#: What a training or an evaluation must hand over.
TABLES: Mapping[str, tuple[str, ...]] = {
    "offers": (
        "offer_id", "request_id", "technician_id", "sent_at", "deadline_at", "km", "price_mad", "jobs_that_day", "known", "reply", "replied_at"
    ),
    "requests": ("request_id", "start_at", "service", "described", "usual_mad"),
    "technicians": ("technician_id", "rate", "level"),
}  # fmt: skip
#: Replies that say yes; `taken` is a yes that came when the hour was gone.
YES = ("accept", "taken")


@dataclass(frozen=True)
class Answers:
    """Past offers, one row each: `known_at` (seconds; NEVER while open), `yes` and `answered` 0 or 1, `minutes` to the answer if there is one."""

    technician_id: NDArray[np.int64]
    known_at: NDArray[np.int64]
    yes: Floats
    answered: Floats
    minutes: Floats

    def past(self) -> dict[str, Past]:
        said, agreed = self.answered > 0, self.yes > 0
        who, at = self.technician_id, self.known_at
        return {
            "offers": Past(who, at, np.ones(len(at))),
            "answered": Past(who, at, self.answered),
            "yes": Past(who[said], at[said], self.yes[said]),
            "delay": Past(who[said], at[said], np.log(np.maximum(self.minutes[said], 0.1))),
            "agreed": Past(who[agreed], at[agreed], np.ones(int(agreed.sum()))),
        }


@dataclass(frozen=True)
class AcceptModel:
    """`yes`: P(a yes within `minutes`), the deadline that taught it; `delay`: of log minutes to an answer, a line through the inputs and a scale.

    Delays are log-logistic (an accelerated failure time; silence is a delay that was cut off). `version` goes with what is said.
    """

    yes: Probability
    delay: Floats
    minutes: float
    version: str

    def within(self, inputs: Floats, minutes: float | None = None) -> Floats:
        """(n, features) -> (n,): P(yes within `minutes`), by default the usual deadline; rises with the minutes, within 0..1."""
        usual = self.yes.of(inputs)
        if minutes is None or minutes == self.minutes:
            return usual
        if minutes <= 0:
            return np.full(len(inputs), SURELY)
        return np.asarray(np.clip(usual * self.answers(inputs, minutes) / self.answers(inputs, self.minutes), SURELY, 1 - SURELY))

    def answers(self, inputs: Floats, minutes: float) -> Floats:
        """(n,): P(any answer within `minutes` > 0)."""
        middle = self.delay[0] + np.nan_to_num(inputs) @ self.delay[1:-1]
        return np.asarray(1 / (1 + np.exp(np.clip((middle - np.log(minutes)) / self.delay[-1], -30, 30))))

    def save(self, path: Path) -> None:
        save(path, self.yes.arrays() | {"delay": self.delay, "minutes": np.array(self.minutes)})

    @classmethod
    def read(cls, path: Path, version: str) -> AcceptModel:
        """Raises ModelRefused for a file that holds no such model."""
        with registry.stored(path, NAME) as stored:
            return cls(Probability.read(stored), stored["delay"], float(stored["minutes"]), version)


@lru_cache(maxsize=4)
def serving(folder: Path) -> AcceptModel | None:
    """The model that passed the gate; None: the order of the rule stands, and the log said why."""
    return registry.serving(folder, FEATURES, FILE, AcceptModel.read)


def rows(tables: Mapping[str, Columns]) -> Rows:
    """Every offer with what was known when it was sent; the target is a yes by its deadline. Ids as in TABLES, times in seconds.

    `extra` has the minutes to the answer (nan: none came) and the deadline in minutes. Raises BadTrainingData that lists what is missing.
    """
    require(tables, TABLES)
    offers, requests, technicians = tables["offers"], tables["requests"], tables["technicians"]
    request = places(requests["request_id"], offers["request_id"])
    who = places(technicians["technician_id"], offers["technician_id"])
    sent, replied = offers["sent_at"].astype(np.int64), offers["replied_at"].astype(np.int64)
    answered = replied != NEVER
    known_at = np.where(answered, replied, offers["deadline_at"].astype(np.int64))
    yes = np.isin(offers["reply"].astype(str), YES).astype(float)
    minutes = np.where(answered, (replied - sent) / 60, 1.0)
    past = Answers(offers["technician_id"].astype(np.int64), known_at, yes, answered.astype(float), minutes).past()
    with np.errstate(invalid="ignore", divide="ignore"):
        own = requests["usual_mad"][request].astype(float) * technicians["rate"][who].astype(float)
        price_log = np.log(offers["price_mad"].astype(float))
        over_own = price_log - np.log(own)
    given = moments(sent, requests["start_at"][request].astype(np.int64)) | {
        "km": offers["km"].astype(float),
        "over_own": over_own,
        "price_log": price_log,
        "level_over": technicians["level"][who].astype(float) - 3,
        "described": requests["described"][request].astype(float),
        "jobs_that_day": offers["jobs_that_day"].astype(float),
        "met": offers["known"].astype(float),
        "technician_id": offers["technician_id"].astype(np.int64),
    }
    inputs, seen = FEATURES.build(given, past, sent)
    extra = {
        "offer_id": offers["offer_id"],
        "technician_id": given["technician_id"],
        "minutes": np.where(answered, minutes, np.nan),
        "deadline": (offers["deadline_at"].astype(np.int64) - sent) / 60,
    }
    return Rows(inputs, yes, sent, known_at, seen, extra)


def checked(found: Rows) -> Rows:
    """The rows, if they can teach. Raises BadTrainingData."""
    check(found, FEATURES, target=(0, 1), rows_at_least=ROWS_AT_LEAST, classes=True)
    return found


def asked(
    technician_id: NDArray[np.int64], *, km: Floats, price_mad: Floats, own_mad: Floats, jobs_that_day: Floats, met: NDArray[np.bool_],
    sent_at: int, start_at: int, answers: Answers, described: float | None = None,
) -> Floats:  # fmt: skip
    """(n, features) of one job for many candidates, as a training builds them. `own_mad`: what they usually take; `answers`: their past ones."""
    count = len(technician_id)
    price = np.log(np.maximum(np.asarray(price_mad, float), 1.0))
    own = np.log(np.maximum(np.asarray(own_mad, float), 1.0))
    given: dict[str, NDArray[Any]] = moments(np.full(count, sent_at), np.full(count, start_at)) | {
        "km": np.asarray(km, float),
        "over_own": np.clip(price - own, -3, 3),
        "price_log": price,
        "level_over": np.full(count, np.nan),  # the marketplace's own technicians have no level
        "described": np.full(count, np.nan if described is None else described),
        "jobs_that_day": np.asarray(jobs_that_day, float),
        "met": np.asarray(met, float),
        "technician_id": technician_id,
    }
    return FEATURES.build(given, answers.past(), np.full(count, sent_at))[0]


def moments(sent: NDArray[np.int64], start: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """What follows from when an offer is sent and when the visit is to start (seconds)."""
    visit, asked_at, ahead = wall(start), wall(sent), np.maximum(0, start - sent)
    hour, day = visit.hour, visit.ramadan
    found = {
        "short_notice": ahead < SOON,
        "evening": visit.evening,
        "friday_prayer": (visit.weekday == 4) & (hour >= 12) & (hour < 14),
        "ramadan_day": day & (hour >= 8) & (hour < 16),
        "iftar": day & (hour >= 17) & (hour < 19),
        "night": (asked_at.hour >= 22) | (asked_at.hour < 7),
    }
    return {"notice_log": np.log1p(ahead / HOUR)} | {name: value.astype(float) for name, value in found.items()}
