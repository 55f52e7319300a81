"""How far and how long between two points, without a map service: what matching ranks by and what a tracked client is told."""

from __future__ import annotations

from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

EARTH_KM = 6371.0088
#: Roads are longer than straight lines. 1.3 lies between what is measured inside cities (about 1.2: Levinson & El-Geneidy 2009, "The minimum circuity
#: frontier and the journey to work") and over a whole country (about 1.4: Boscoe, Henry & Zdeb 2012, "A nationwide comparison of driving...").
ROAD_FACTOR = 1.3
#: km/h in town by hour, our own guess until trips are measured: school and office rush, the lunch return, free nights.
TOWN_KMH = {
    range(6): 40.0,
    range(6, 8): 28.0,
    range(8, 10): 18.0,
    range(10, 12): 23.0,
    range(12, 15): 19.0,
    range(15, 17): 23.0,
    range(17, 20): 16.0,
    range(20, 24): 30.0,
}
OPEN_ROAD_KMH = 65.0
TOWN_KM = 12.0  # the first kilometres are town, the rest is open road
SPREAD = (0.75, 1.6)  # p10 and p90 of a way, as shares of its likely minutes: our own guess too
DOOR_MINUTES = 4.0  # finding the door and a place for the moped


class Point(Protocol):
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) pairs in degrees."""
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(h)))


def distance_km(a: Point, b: Point) -> float:
    """Road distance, estimated: great circle times ROAD_FACTOR."""
    return haversine_km((a.lat, a.lon), (b.lat, b.lon)) * ROAD_FACTOR


def travel_minutes(a: Point, b: Point, at_local: datetime) -> tuple[int, int, int]:
    """Minutes from a to b leaving at a Moroccan wall-clock time: (p10, p50, p90), each at least 1 and in order."""
    km = distance_km(a, b)
    town = next(speed for hours, speed in TOWN_KMH.items() if at_local.hour in hours)
    likely = DOOR_MINUTES + 60 * (min(km, TOWN_KM) / town + max(0.0, km - TOWN_KM) / OPEN_ROAD_KMH)
    low, high = (likely * share for share in SPREAD)
    return max(1, round(low)), max(1, round(likely)), max(2, round(high))
