"""Whether a position that a phone shared can be where somebody is: in Morocco, and no faster away from the last one than a car drives."""

from __future__ import annotations

import math
from datetime import datetime

from domain.geo.travel import haversine_km

#: The country's outline, coarsely, clockwise from Tangier, with a margin of some ten kilometres; (latitude, longitude) in degrees.
OUTLINE = (
    (36.05, -5.95), (35.98, -5.2), (35.45, -4.3), (35.55, -2.9), (35.2, -1.95), (34.75, -1.65), (33.6, -1.55), (32.6, -1.0), (32.05, -1.1),
    (31.9, -2.8), (30.8, -3.6), (30.4, -4.9), (29.6, -5.4), (29.3, -7.6), (28.65, -8.55), (27.57, -8.57), (25.9, -8.57), (25.9, -11.9), (23.3, -11.9),
    (22.9, -12.95), (21.25, -12.9), (21.2, -17.1), (23.7, -16.15), (26.2, -14.6), (27.9, -13.1), (28.9, -11.2), (30.4, -9.85), (31.6, -10.0),
    (32.7, -9.4), (33.4, -8.65), (33.75, -7.7), (34.4, -6.6),
)  # fmt: skip
FASTEST_KMH = 160.0
SLACK_KM = 2.0  # two readings of a phone that stands still may lie so far apart


def in_morocco(lat: float, lon: float) -> bool:
    """Whether a point in degrees lies inside OUTLINE; False for what is no number. Ray casting (Shimrat 1962, CACM algorithm 112)."""
    if not (math.isfinite(lat) and math.isfinite(lon)):
        return False
    inside = False
    for (lat_a, lon_a), (lat_b, lon_b) in zip(OUTLINE, (*OUTLINE[1:], OUTLINE[0]), strict=True):
        if (lat_a > lat) != (lat_b > lat) and lon < (lon_b - lon_a) * (lat - lat_a) / (lat_b - lat_a) + lon_a:
            inside = not inside
    return inside


def reachable(before: tuple[float, float], then: datetime, after: tuple[float, float], now: datetime) -> bool:
    """Whether somebody who was at `before` then can be at `after` now."""
    hours = max((now - then).total_seconds(), 0) / 3600
    return haversine_km(before, after) <= SLACK_KM + FASTEST_KMH * hours
