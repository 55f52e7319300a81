"""How many ask for what, where and when: a Poisson process whose intensity knows the Moroccan year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog import SERVICES
from evals.market.calendar import FRIDAY, NORMAL, RAMADAN, Calendar
from evals.market.fraud import Planted
from evals.market.geography import Geography
from evals.market.parameters import Numbers, Streams
from evals.market.people import Technicians

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Requests:
    """Every request of the horizon, by minute. `request_id` is the place in these arrays.

    `client` and `named` (a technician) are -1 but for the fake ones, whose `scheme` says what they are for; -1 is honest.
    """

    minute: Ints
    city: Ints
    service: Ints
    client: Ints
    named: Ints
    scheme: Ints


def hour_shares(numbers: Numbers) -> Floats:
    """(3, 24): share of a day's requests by wall-clock hour, for NORMAL, FRIDAY and RAMADAN days; each row adds 1."""
    rows = np.zeros((3, 24))
    for kind, name in ((NORMAL, "hours"), (FRIDAY, "friday_hours"), (RAMADAN, "ramadan_hours")):
        rows[kind] = numbers(f"demand.{name}")
    return rows / rows.sum(axis=1, keepdims=True)


def intensity(numbers: Numbers, calendar: Calendar, places: Geography, total: float, streams: Streams) -> Floats:
    """(towns, services, days): expected requests a day, adding up to `total` before drift. The truth that a forecaster is measured against."""
    share = np.array([numbers("demand.share")[name] for name in SERVICES])
    day = np.arange(calendar.days)
    common = np.exp(numbers("demand.trend") * day / 365) * np.array(numbers("demand.weekday"))[calendar.weekday]
    common = common * np.where(calendar.ramadan, numbers("demand.ramadan"), 1.0) * np.where(calendar.payday, numbers("demand.payday"), 1.0)
    common = common * np.where(calendar.holiday & ~calendar.eid, numbers("demand.holiday"), 1.0)
    common = common * np.where(calendar.eid, numbers("demand.eid_day"), 1.0) * np.where(calendar.after_eid, numbers("demand.eid_after"), 1.0)
    months = {
        "heat": np.isin(calendar.month, numbers("calendar.heat_months")),
        "cold": np.isin(calendar.month, (12, 1, 2)),
        "wedding": np.isin(calendar.month, numbers("calendar.wedding_months")),
    }
    found = np.zeros((len(places.cities), len(SERVICES), calendar.days))
    for number, name in enumerate(SERVICES):
        line = common * np.where(calendar.before_eid, numbers("demand.before_eid").get(name, numbers("demand.before_eid.all")), 1.0)
        for season, there in months.items():
            line = line * np.where(there, numbers(f"demand.{season}").get(name, 1.0), 1.0)
        wet = np.where(calendar.rain.T, numbers("demand.rain").get(name, 1.0), 1.0)
        found[:, number] = share[number] * places.population[:, None] * line[None, :] * wet
    found *= np.exp(numbers("demand.noise") * streams("intensity").standard_normal(found.shape))
    found *= total / found.sum()
    for number, town in enumerate(places.cities):
        found[number] *= np.asarray(numbers.drifted(f"demand.{town}", day))
    return found


def draw(numbers: Numbers, calendar: Calendar, expected: Floats, planted: Planted, offering: Technicians, streams: Streams) -> Requests:
    """Poisson counts of `expected`, each request at a minute of its day's hours, and the `planted` fakes among them."""
    rng = streams("demand")
    counts = rng.poisson(expected)
    city, service, day = (np.repeat(axis, counts.ravel()) for axis in (a.ravel() for a in np.indices(counts.shape)))
    heights = np.cumsum(hour_shares(numbers), axis=1)
    drawn = rng.random(len(day))
    kind = calendar.kind[day]
    wall = np.zeros(len(day), np.int64)
    for each in (NORMAL, FRIDAY, RAMADAN):
        of = kind == each
        wall[of] = np.searchsorted(heights[each], drawn[of] * heights[each, -1])
    # the wall clock's hour on the simulation's own clock, kept within its day
    minute = day * 1440 + (wall * 60 + rng.integers(0, 60, len(day)) + calendar.shift_min[day]) % 1440
    nobody = np.full(len(minute), -1)
    both = (
        np.concatenate([minute, planted.minute]),
        np.concatenate([city, offering.city[planted.technician]]),
        np.concatenate([service, offering.service[planted.technician]]),
        np.concatenate([nobody, planted.client]),
        np.concatenate([nobody, planted.technician]),
        np.concatenate([nobody, planted.scheme]),
    )
    order = np.lexsort((both[2], both[1], both[0]))
    return Requests(*(column[order] for column in both))
