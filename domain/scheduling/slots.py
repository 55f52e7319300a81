"""Which start times a technician has free, and whether a requested one can be promised. Double booking is refused here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.clock import CASABLANCA, to_local, to_utc
from domain.errors import DomainError
from domain.rules import MarketRules
from domain.scheduling.hours import WorkingHours

GRID = timedelta(minutes=30)
#: What a promise is counted in. Never more than TRAVEL_BUFFER: then visits that the rule lets stand side by side never share a quarter.
QUARTER = timedelta(minutes=15)
#: Between two jobs: putting tools away and crossing a few districts on a moped; more only matters where travel is known to be longer.
TRAVEL_BUFFER = timedelta(minutes=20)
#: How long a technician's time is kept for a client who was asked and has not answered yet.
HOLD = timedelta(minutes=15)
#: How soon a technician can be there when nothing is said about hurry, and when there is.
NOTICE = {"normal": timedelta(minutes=60), "high": timedelta(minutes=30), "emergency": timedelta(0)}
#: "now" was written a moment ago: a start this little in the past is still now.
GRACE = timedelta(minutes=10)

#: Part of a day -> local hours, from inclusive, to exclusive.
PARTS: dict[str, tuple[int, int]] = {"morning": (8, 12), "noon": (12, 14), "afternoon": (14, 18), "evening": (18, 21), "night": (21, 24)}


@dataclass(frozen=True, order=True)
class Busy:
    """A promised visit, UTC, start inclusive, end exclusive."""

    start: datetime
    end: datetime


def clashes(start: datetime, minutes: int, busy: Iterable[Busy], travel: timedelta = TRAVEL_BUFFER) -> Busy | None:
    """The first promised visit that leaves no time for one of `minutes` at `start` with `travel` on both sides; None when it fits."""
    end = start + timedelta(minutes=minutes)
    return next((b for b in busy if start < b.end + travel and b.start < end + travel), None)


def quarters(start: datetime, minutes: int) -> range:
    """The quarters of an hour (counted from 1970, UTC) that a visit touches: visits that overlap share at least one."""
    first, end = start.timestamp(), (start + timedelta(minutes=max(minutes, 1))).timestamp()
    length = QUARTER.total_seconds()
    return range(int(first // length), int(-(-end // length)))


def check_start(start: datetime, now: datetime, rules: MarketRules) -> None:
    """Raises DomainError in_the_past or too_far_ahead (days); a technician's hours are `WorkingHours.allows`."""
    if start < now - GRACE:
        raise DomainError("in_the_past", start=local(start))
    if start > now + timedelta(days=rules.book_ahead_days):
        raise DomainError("too_far_ahead", start=local(start), days=rules.book_ahead_days)


def free_slots(
    hours: WorkingHours,
    busy: Sequence[Busy],
    window: tuple[datetime, datetime],
    now: datetime,
    minutes: int = 60,
    *,
    urgency: str = "normal",
    travel: timedelta = TRAVEL_BUFFER,
    not_before: datetime | None = None,
) -> Iterator[datetime]:
    """Free starts (UTC) on the half-hour grid of the local clock within [from, to), soonest first.

    `not_before`: a technician who is away until then. Lazy: take as many as are shown.
    """
    earliest = max(window[0], now + NOTICE.get(urgency, NOTICE["normal"]), not_before or window[0])
    day = to_local(earliest).date() - timedelta(days=1)  # a night shift begun yesterday
    seen: datetime | None = None
    while day <= to_local(window[1]).date():
        if bounds := hours.window(day):
            at = _on_grid(max(bounds[0], earliest))
            while at <= bounds[1] and at < window[1]:
                if (seen is None or at > seen) and clashes(at, minutes, busy, travel) is None:
                    seen = at
                    yield at
                at += GRID
        day += timedelta(days=1)


def day_window(day: date, part: str | None = None) -> tuple[datetime, datetime]:
    """A local day, or a part of it, as UTC [from, to). Raises ValueError for an unknown part."""
    if part is None:
        first, last = 0, 24
    elif part in PARTS:
        first, last = PARTS[part]
    else:
        raise ValueError(f"unknown part of the day {part!r}; one of {', '.join(PARTS)}")
    midnight = datetime.combine(day, time(), CASABLANCA)
    return to_utc(midnight + timedelta(hours=first)), to_utc(midnight + timedelta(hours=last))


def part_of(start: datetime) -> str:
    """The part of the day a moment falls in; the small hours count as night."""
    hour = to_local(start).hour
    return next((part for part, (first, last) in PARTS.items() if first <= hour < last), "morning" if 5 <= hour < 8 else "night")


def local(moment: datetime) -> str:
    """The form every tool speaks: "YYYY-MM-DDTHH:MM" on a Moroccan clock."""
    return to_local(moment).strftime("%Y-%m-%dT%H:%M")


def _on_grid(moment: datetime) -> datetime:
    """The same moment or the next half hour; Moroccan offsets are whole hours, so the grid is the same in UTC."""
    over = timedelta(minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not over else moment + GRID - over
