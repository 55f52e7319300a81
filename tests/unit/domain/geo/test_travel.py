"""Distances and times behave like distances and times."""

from __future__ import annotations

# ruff: noqa: DTZ001 (wall-clock times are naive on purpose)
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.geo import Place, cities, distance_km, locate, travel_minutes
from domain.geo.travel import haversine_km

POINTS = st.builds(lambda city, north, east: Place(city, None, cities()[city].lat + north, cities()[city].lon + east, 30),
                   st.sampled_from(sorted(cities())), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))  # fmt: skip
HOURS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))


def test_casablanca_to_rabat_is_what_the_road_signs_say() -> None:
    assert distance_km(locate("casablanca"), locate("rabat")) == pytest.approx(100, rel=0.15)  # about 90 km by the motorway


def test_one_degree_of_latitude_is_111_km() -> None:
    assert haversine_km((33.0, -7.0), (34.0, -7.0)) == pytest.approx(111.2, abs=0.1)


@given(POINTS, POINTS, POINTS)
def test_distance_is_a_metric(a: Place, b: Place, c: Place) -> None:
    assert distance_km(a, a) == 0
    assert distance_km(a, b) == pytest.approx(distance_km(b, a))
    assert distance_km(a, c) <= distance_km(a, b) + distance_km(b, c) + 1e-6


@given(POINTS, POINTS, HOURS)
def test_minutes_are_in_order_and_possible(a: Place, b: Place, at: datetime) -> None:
    low, likely, high = travel_minutes(a, b, at)
    assert 1 <= low <= likely < high
    assert likely >= distance_km(a, b) / 80 * 60 - 1  # nobody drives faster than that on average


@given(POINTS, HOURS)
def test_further_takes_longer(a: Place, at: datetime) -> None:
    near, far = Place(a.city, None, a.lat + 0.02, a.lon, 30), Place(a.city, None, a.lat + 0.1, a.lon, 30)
    assert travel_minutes(a, near, at)[1] < travel_minutes(a, far, at)[1]


def test_the_evening_rush_is_slower_than_the_night() -> None:
    a, b = locate("casablanca", "maarif"), locate("casablanca", "sidi bernoussi")
    assert travel_minutes(a, b, datetime(2026, 11, 23, 18))[1] > 1.5 * travel_minutes(a, b, datetime(2026, 11, 23, 3))[1]
