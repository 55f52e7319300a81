"""The one source of 'now': the real clock, or one that tests and scenarios can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

CASABLANCA = ZoneInfo("Africa/Casablanca")


class Clock(Protocol):
    def now(self) -> datetime:
        """The present as an aware UTC datetime."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SettableClock:
    """A clock that stands still until it is moved; it never runs backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = to_utc(start)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        moment = to_utc(moment)
        if moment < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and cannot go back to {moment.isoformat()}")
        self._now = moment

    def advance(self, **delta: float) -> None:
        self._now += timedelta(**delta)


def to_utc(moment: datetime) -> datetime:
    """An aware datetime in UTC; a naive one is read as local time in Morocco (+1, +0 in Ramadan, from tzdata)."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CASABLANCA)
    return moment.astimezone(UTC)


def to_local(moment: datetime) -> datetime:
    """The same moment on a Moroccan wall clock (aware). A naive moment is UTC, as SQLite hands it back."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(CASABLANCA)
