"""When a technician works: wall-clock hours and weekdays, read from "08:00-20:00" and "mon-sat"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from domain.clock import CASABLANCA, to_local, to_utc
from domain.scheduling.when import WEEKDAYS

_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
#: The latest start: a visit needs at least this much of the working day; longer work may run past its end or go on the next day.
LAST_START_BEFORE_CLOSE = timedelta(minutes=30)


@dataclass(frozen=True)
class WorkingHours:
    """`opens` and `closes` in minutes after midnight; closes may pass 1440 for a night shift. `days`: 0 = Monday, the day a shift begins."""

    opens: int
    closes: int
    days: frozenset[int]

    def window(self, day: date) -> tuple[datetime, datetime] | None:
        """First and last start of a visit on a local day, as UTC; None on a day off."""
        if day.weekday() not in self.days:
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=CASABLANCA)
        # wall-clock arithmetic, then UTC: 08:00 stays 08:00 on the day the clocks change
        first, last = midnight + timedelta(minutes=self.opens), midnight + timedelta(minutes=self.closes) - LAST_START_BEFORE_CLOSE
        return to_utc(first), to_utc(last)

    def allows(self, start: datetime) -> bool:
        """Whether a visit may start at this moment (aware)."""
        day = to_local(start).date()
        return any(window and window[0] <= start <= window[1] for window in (self.window(day), self.window(day - timedelta(days=1))))


@lru_cache(maxsize=4096)
def working_hours(hours: str, days: str = "mon-sat") -> WorkingHours:
    """Reads "08:00-20:00" ("00:00-24:00", "22:00-06:00") and "mon-sat" ("mon-sun", "fri", "mon,wed,fri", "sat-mon").

    Raises ValueError that says what was expected.
    """
    match = _HOURS.fullmatch(hours.strip())
    if match is None:
        raise ValueError(f"hours {hours!r}; write them as 08:00-20:00")
    from_h, from_m, to_h, to_m = map(int, match.groups())
    opens, closes = from_h * 60 + from_m, to_h * 60 + to_m
    if opens >= 1440 or closes > 1440 or from_m > 59 or to_m > 59 or opens == closes:
        raise ValueError(f"hours {hours!r}; write them as 08:00-20:00, at most 00:00-24:00")
    return WorkingHours(opens, closes if closes > opens else closes + 1440, _days(days))


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            raise ValueError(f"days {text!r}; write them as mon-sat or mon,wed,fri")
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)
