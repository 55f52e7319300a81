"""Decides whether a message may leave now: people sleep at night, and no means no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from domain.clock import to_local, to_utc

Category = Literal["reply", "notice", "offer", "code", "reminder", "promo"]

#: Nobody asked for these this minute: they wait for the morning.
_WAITS = frozenset({"reminder", "promo"})
#: A person who said STOP gets none of these; what concerns a job they have goes on.
_NEEDS_CONSENT = frozenset({"promo", "offer"})


@dataclass(frozen=True)
class Decision:
    action: Literal["send", "wait_until", "never"]
    until: datetime | None = None  # UTC, only with "wait_until"


def may_send(category: Category, now: datetime, quiet_hours: str, opted_out: bool = False) -> Decision:
    """`now`: aware (naive is read as UTC). `quiet_hours`: local "HH:MM-HH:MM", over midnight or not; equal ends: never quiet."""
    if opted_out and category in _NEEDS_CONSENT:
        return Decision("never")
    if category in _WAITS and (end := quiet_until(now, quiet_hours)):
        return Decision("wait_until", end)
    return Decision("send")


def quiet_until(now: datetime, quiet_hours: str) -> datetime | None:
    """When the present quiet time ends (UTC), or None when it is not quiet."""
    start, end = parse(quiet_hours)
    local = to_local(now)
    clock = local.time().replace(tzinfo=None)
    quiet = start <= clock < end if start <= end else clock >= start or clock < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    return to_utc(datetime.combine(day, end, tzinfo=local.tzinfo))


def parse(quiet_hours: str) -> tuple[time, time]:
    """(start, end) of "21:00-08:00". Raises ValueError with the cure."""
    try:
        start, end = (time.fromisoformat(part.strip()) for part in quiet_hours.split("-"))
    except ValueError:
        raise ValueError(f"quiet hours {quiet_hours!r} must look like 21:00-08:00") from None
    return start, end
