"""What kind of day it is: Ramadan and its clock, both Eids, public holidays, Fridays, paydays, weddings, heat, and rain town by town."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from evals.market.parameters import Numbers

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
NORMAL, FRIDAY, RAMADAN = 0, 1, 2
_CASABLANCA = ZoneInfo("Africa/Casablanca")


@dataclass(frozen=True)
class Calendar:
    """Arrays of one value per simulated day, `rain` per day and town.

    The simulation's own clock is UTC+1 all year, in minutes since the first midnight, so that no minute happens twice; a wall clock shows
    `shift_min` less (60 around Ramadan, when Morocco stands at UTC; the tz database has the days).
    """

    start: date
    days: int
    ramadan: Bools
    eid: Bools
    before_eid: Bools
    after_eid: Bools
    holiday: Bools
    weekday: Ints
    month: Ints
    payday: Bools
    shift_min: Ints
    rain: Bools

    @property
    def kind(self) -> Ints:
        """Which hours people keep: NORMAL, FRIDAY or RAMADAN."""
        return np.where(self.ramadan, RAMADAN, np.where(self.weekday == 4, FRIDAY, NORMAL))

    @property
    def epoch(self) -> datetime:
        """The UTC moment of minute 0."""
        return datetime.combine(self.start, time(), UTC) - timedelta(hours=1)

    def day(self, minute: Ints) -> Ints:
        """Simulated day of a minute, within the horizon (later minutes count as its last day)."""
        return np.clip(np.asarray(minute) // 1440, 0, self.days - 1)

    def wall_hour(self, minute: Ints) -> Ints:
        """Hour (0..23) that clocks in Morocco show."""
        return (np.asarray(minute) - self.shift_min[self.day(minute)]) // 60 % 24

    def month_of(self, day: Ints) -> Ints:
        """Month 1..12."""
        return self.month[day]


def make(numbers: Numbers, start: date, days: int, latitudes: NDArray[np.float64], rng: np.random.Generator) -> Calendar:
    """The calendar of `days` from `start`. Raises ValueError for a year without moon dates in parameters.yaml."""
    dates = [start + timedelta(n) for n in range(days)]
    moon = numbers("calendar.moon")
    for year in {d.year for d in dates}:
        if year not in moon:
            known = ", ".join(map(str, moon))
            raise ValueError(f"no Ramadan and Eid dates of {year}; add them under calendar.moon in parameters.yaml (known: {known})")
    public = holidays.country_holidays("MA", years=sorted({d.year for d in dates}), language="en_US")
    feasts = [moon[year][feast] for year in sorted(moon) for feast in ("fitr", "adha")]
    fasting = {moon[y]["ramadan"] + timedelta(n) for y in moon for n in range((moon[y]["fitr"] - moon[y]["ramadan"]).days)}
    since = np.array([[(d - feast).days for d in dates] for feast in feasts])
    first, last = numbers("calendar.payday")
    month = np.array([d.month for d in dates])
    return Calendar(
        start=start,
        days=days,
        ramadan=np.array([d in fasting for d in dates]),
        eid=_within(since, 0, 1),
        before_eid=_within(since, -10, -1),
        after_eid=_within(since, 2, 7),
        # the library estimates the moon; the feasts come from our own table
        holiday=np.array([d in public and "Eid" not in str(public.get(d)) for d in dates]),
        weekday=np.array([d.weekday() for d in dates]),
        month=month,
        payday=np.array([d.day >= first or d.day <= last for d in dates]),
        shift_min=np.array([60 - round((datetime.combine(d, time(12), _CASABLANCA).utcoffset() or timedelta()).total_seconds() / 60) for d in dates]),
        rain=_rain(numbers, month, latitudes, rng),
    )


def _within(since: Ints, first: int, last: int) -> Bools:
    """(feasts, days since each) -> days that are `first` to `last` days after some feast."""
    found: Bools = np.any((since >= first) & (since <= last), axis=0)
    return found


def _rain(numbers: Numbers, month: Ints, latitudes: NDArray[np.float64], rng: np.random.Generator) -> Bools:
    """(days, towns): a two-state chain whose share of wet days follows the month; the Saharan south gets a third of it."""
    wet = np.array(numbers("calendar.rain_days"))[month - 1] / 30.4
    share = np.minimum(0.6, wet[:, None] * np.where(latitudes < 29, 1 / 3, 1.0)[None, :])
    stays, draws = numbers("calendar.rain_stays"), rng.random(share.shape)
    found = np.zeros(share.shape, bool)
    for day in range(len(month)):
        before = found[day - 1] if day else np.zeros(share.shape[1], bool)
        # a wet day makes the next wetter, a dry one drier, so that the monthly share holds
        chance = np.where(before, share[day] + stays * (1 - share[day]), share[day] * (1 - stays))
        found[day] = draws[day] < chance
    return found
