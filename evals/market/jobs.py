"""What is really to be done: the fault, how hard it is, how soon, and what of that the client says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.market.calendar import RAMADAN, Calendar
from evals.market.demand import Requests
from evals.market.geography import Geography
from evals.market.parameters import Numbers, Streams
from evals.market.trades import trades

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEEDS = ("emergency", "planned", "quality", "business")
EMERGENCY, PLANNED, QUALITY, BUSINESS = range(4)
URGENCIES = ("emergency", "today", "later")


@dataclass(frozen=True)
class Jobs:
    """One per request. `complexity` (standard normal) is hidden; `described` is what the client's words say of it, in tenths.

    `start`: the minute asked for, a half-hour. `usual_mad`: the likely price before any technician's rate. `hurry`: 0 or the uplift's share.
    """

    node: Ints
    urgency: Ints
    described: Floats
    complexity: Floats
    start: Ints
    usual_mad: Floats
    hurry: Floats
    photo: NDArray[np.bool_]
    wants_quality: NDArray[np.bool_]


def draw(numbers: Numbers, calendar: Calendar, places: Geography, asked: Requests, streams: Streams) -> Jobs:
    """The true jobs behind the requests."""
    rng, catalogue, count = streams("jobs"), trades(), len(asked.minute)
    day = calendar.day(asked.minute)
    node = _node(numbers, asked.service, rng)
    shares = numbers("jobs.emergency_share")
    emergency = np.array([shares.get(name, shares["other"]) for name in catalogue.services])[asked.service]
    emergency = np.minimum(0.95, emergency * numbers.drifted("jobs.emergency_share", day))
    drawn = rng.random(count)
    urgent = (drawn < emergency) | catalogue.danger[node]
    urgency = np.where(urgent, 0, np.where(rng.random(count) < numbers("jobs.today_share"), 1, 2))
    said = numbers("jobs.complexity_described")
    described = rng.standard_normal(count)
    start = _start(numbers, calendar, asked.minute, urgency, rng)
    hurry = np.where(urgent, numbers("policy.emergency_uplift"), np.where(start < asked.minute + 120, numbers("policy.short_notice_uplift"), 0.0))
    return Jobs(
        node=node,
        urgency=urgency,
        described=described.round(1),
        complexity=said * described + np.sqrt(1 - said**2) * rng.standard_normal(count),
        start=start,
        usual_mad=catalogue.price_mad[node] * places.price_level[asked.city] * (1 + 0.08 * described.round(1)).clip(0.7, 1.4),
        hurry=hurry,
        photo=rng.random(count) < numbers("jobs.photo"),
        wants_quality=(catalogue.price_factor[node] >= 1.5) & (rng.random(count) < numbers("jobs.quality_need")),
    )


def need(urgency: Ints, wants_quality: NDArray[np.bool_], business: NDArray[np.bool_]) -> Ints:
    """The segment of a need, never of a person: EMERGENCY, BUSINESS, QUALITY, else PLANNED."""
    return np.where(urgency == 0, EMERGENCY, np.where(business, BUSINESS, np.where(wants_quality, QUALITY, PLANNED)))


def _node(numbers: Numbers, service: Ints, rng: np.random.Generator) -> Ints:
    catalogue = trades()
    drawn, node = rng.random(len(service)), np.zeros(len(service), np.int64)
    for number in range(len(catalogue.services)):
        mine, of = np.flatnonzero(catalogue.service == number), service == number
        heights = np.cumsum(catalogue.price_factor[mine] ** -numbers("jobs.small_jobs"))
        node[of] = mine[np.searchsorted(heights, drawn[of] * heights[-1])]
    return node


def _start(numbers: Numbers, calendar: Calendar, minute: Ints, urgency: Ints, rng: np.random.Generator) -> Ints:
    """When the client wants the visit: emergencies as soon as anybody can, others at a civil hour of the wall clock."""
    count, day = len(minute), calendar.day(minute)
    wall = calendar.wall_hour(minute)
    soon = minute + rng.integers(60, 120, count)
    # today: at least two hours ahead and until 20:00, else tomorrow
    today = (urgency == 1) & (wall < 17) & (wall >= 6)
    ahead = np.where(today, 0, np.where(urgency == 1, 1, np.minimum(13, rng.geometric(1 / (1 + numbers("jobs.days_ahead")), count))))
    then = np.minimum(day + ahead, calendar.days - 1)
    late_riser = calendar.kind[then] == RAMADAN
    hour = np.where(late_riser, rng.integers(10, 17, count), rng.integers(8, 20, count))
    hour = np.where(today, np.clip(wall + rng.integers(2, 6, count), 9, 20), hour)
    planned = (day + ahead) * 1440 + hour * 60 + 30 * rng.integers(0, 2, count) + calendar.shift_min[then]
    return np.where(urgency == 0, soon, planned) // 30 * 30 + np.where(urgency == 0, 30, 0)
