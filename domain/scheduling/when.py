"""Turns the symbols people's words are read into ("weekday:thu", "afternoon") into a day, an hour and a span on a Moroccan clock."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime, time, timedelta

from domain.clock import CASABLANCA, to_local
from domain.errors import DomainError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Parts of a day as [from, to) on the wall clock; night ends the next morning.
PARTS: dict[str, tuple[time, time]] = {
    "morning": (time(8), time(12)),
    "noon": (time(12), time(14)),
    "afternoon": (time(14), time(18)),
    "evening": (time(18), time(21)),
    "night": (time(20), time(23, 59)),
}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class When:
    """A moment as far as it is known. All datetimes are aware, Africa/Casablanca.

    `day`: the calendar day, or None. `start`: day and hour, or None while one of them is missing.
    `part`: morning noon afternoon evening night now, or None. `window`: [from, to) that the words allow, or None when they say nothing.
    """

    day: Day | None = None
    start: datetime | None = None
    part: str | None = None
    window: tuple[datetime, datetime] | None = None


def resolve(date: str | None, time: str | None, now_local: datetime) -> When:
    """The concrete moment of entity values `date` and `time` of prompts/intents.yaml, seen from `now_local` (aware, or naive Moroccan wall clock).

    An hour without a day is today while it lies ahead, else tomorrow. Today's weekday with an hour still ahead is today, else in a week.
    Raises DomainError bad_date or bad_time for a value that is not of the contract.
    """
    now = now_local.replace(tzinfo=CASABLANCA) if now_local.tzinfo is None else to_local(now_local)
    clock, part = _read_time(time)
    if part == "now":
        return When(now.date(), now, "now", (now, now + timedelta(hours=2)))
    first, days = _read_date(date, now, clock, part)
    if first is None:
        if clock is None and part is None:
            return When()
        first = now.date() if _ahead(now, clock, part) else now.date() + timedelta(days=1)
    if clock is not None and days == 1:
        start = at(first, clock)
        return When(first, start, None, (start, start + timedelta(hours=1)))
    window = _span(first, days, part)
    if window[0] < now < window[1]:
        window = (now, window[1])
    return When(first if days == 1 else None, None, part, window)


def at(day: Day, clock: time) -> datetime:
    """A wall-clock time of a Moroccan day, aware (+1, or +0 in Ramadan)."""
    return datetime.combine(day, clock, tzinfo=CASABLANCA)


def _read_time(value: str | None) -> tuple[time | None, str | None]:
    if not value:
        return None, None
    if value == "now" or value in PARTS:
        return None, value
    if match := _CLOCK.fullmatch(value.strip()):
        return time(int(match[1]), int(match[2])), None
    raise DomainError("bad_time", value=value)


def _read_date(value: str | None, now: datetime, clock: time | None, part: str | None) -> tuple[Day | None, int]:
    """The first day meant and how many days the words span."""
    today = now.date()
    if not value:
        return None, 1
    if value in (near := {"today": 0, "tomorrow": 1, "day_after_tomorrow": 2}):
        return today + timedelta(days=near[value]), 1
    if value == "next_week":
        return today + timedelta(days=7 - today.weekday()), 6
    if value == "weekend":  # Saturday and Sunday; on a Sunday what is left of this one
        return (today, 1) if today.weekday() == 6 else (today + timedelta(days=5 - today.weekday()), 2)
    kind, _, rest = value.partition(":")
    if kind == "weekday" and rest in WEEKDAYS:
        days = (WEEKDAYS.index(rest) - today.weekday()) % 7
        if days == 0 and not ((clock or part) and _ahead(now, clock, part)):
            days = 7
        return today + timedelta(days=days), 1
    if kind == "day" and rest.isdigit() and 1 <= int(rest) <= 31:
        return _day_of_month(int(rest), today, stay=_ahead(now, clock, part)), 1
    try:
        return Day.fromisoformat(value), 1
    except ValueError:
        raise DomainError("bad_date", value=value) from None


def _ahead(now: datetime, clock: time | None, part: str | None) -> bool:
    """Whether that hour or part of today has not passed; true when neither is said."""
    if clock is not None:
        return clock > now.time()
    return PARTS[part][1] > now.time() if part in PARTS else True


def _day_of_month(number: int, today: Day, *, stay: bool) -> Day:
    year, month = today.year, today.month
    for _ in range(13):
        if number <= monthrange(year, month)[1]:  # the 31st of a month that has 30: the next that has one
            day = Day(year, month, number)
            if day > today or (day == today and stay):
                return day
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    raise DomainError("bad_date", value=f"day:{number}")


def _span(first: Day, days: int, part: str | None) -> tuple[datetime, datetime]:
    last = first + timedelta(days=days - 1)
    if part in PARTS:
        return at(first, PARTS[part][0]), at(last, PARTS[part][1])
    return at(first, time(0)), at(last + timedelta(days=1), time(0))
