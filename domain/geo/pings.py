"""Positions that technicians tell (a shared place, a tap on a link): which of them to believe, and the newest that is worth using."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.geo.position import in_morocco, reachable

FRESH = timedelta(minutes=30)  # older: they may be anywhere


@dataclass(frozen=True)
class Ping:
    """A point in degrees at an aware moment."""

    lat: float
    lon: float
    at: datetime


def plausible(ping: Ping, now: datetime, before: Ping | None = None) -> bool:
    """In Morocco, fresh, not from the future, and reachable from the one before."""
    if not in_morocco(ping.lat, ping.lon) or not timedelta(0) <= now - ping.at <= FRESH:
        return False
    return before is None or before.at > ping.at or reachable((before.lat, before.lon), before.at, (ping.lat, ping.lon), ping.at)


def newest(pings: Sequence[Ping], now: datetime) -> Ping | None:
    """The latest that can be believed. Each is held against the last believed one, so that one wild position does not damn those after it."""
    last: Ping | None = None
    for ping in sorted(pings, key=lambda each: each.at):
        if plausible(ping, now, last):
            last = ping
    return last
