"""Positions that technicians tell (a shared place, a tap on a link): which of them to believe, and the newest that is worth using."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.geo.travel import haversine_km

FRESH = timedelta(minutes=30)  # older: they may be anywhere
FASTEST_KMH = 150.0  # faster between two positions is a slip of the phone, straight lines at that
JITTER_KM = 0.3  # two positions a moment apart may differ by this much between walls
#: The kingdom and its south, with a margin; a phone without a fix says 0, 0 or where its network is registered.
SOUTH, NORTH, WEST, EAST = 20.5, 36.2, -17.5, -0.9


@dataclass(frozen=True)
class Ping:
    """A point in degrees at an aware moment."""

    lat: float
    lon: float
    at: datetime


def plausible(ping: Ping, now: datetime, before: Ping | None = None) -> bool:
    """In Morocco, fresh, not from the future, and reachable from the one before at FASTEST_KMH."""
    if not (SOUTH <= ping.lat <= NORTH and WEST <= ping.lon <= EAST) or not timedelta(0) <= now - ping.at <= FRESH:
        return False
    if before is None or before.at > ping.at:
        return True
    hours = (ping.at - before.at).total_seconds() / 3600
    return haversine_km((before.lat, before.lon), (ping.lat, ping.lon)) <= JITTER_KM + FASTEST_KMH * hours


def newest(pings: Sequence[Ping], now: datetime) -> Ping | None:
    """The latest that can be believed. Each is held against the last believed one, so that one wild position does not damn those after it."""
    last: Ping | None = None
    for ping in sorted(pings, key=lambda each: each.at):
        if plausible(ping, now, last):
            last = ping
    return last
