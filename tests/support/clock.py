"""The Monday morning on which our tests begin, and a clock that stands there."""

from __future__ import annotations

from datetime import datetime

from domain.clock import SettableClock, to_utc

MONDAY = to_utc(datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001 - read as local time in Morocco


def monday_clock() -> SettableClock:
    return SettableClock(MONDAY)
