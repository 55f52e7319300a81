"""Who is proposed, in which order, and for which reasons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.geo import distance_km, locate
from domain.matching.index import Card, Index
from domain.matching.rank import CLIENT_RADIUS_KM, REASONS, ROAD_FACTOR, Request, Slate, find
from domain.scheduling.hours import working_hours

NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))
MAARIF = (33.582, -7.633)
TRADES = ("plumbing", "electricity", "painting")


def card(number: int, district: str = "maarif", **facts: Any) -> Card:
    home = locate("casablanca", district)
    usual: dict[str, Any] = {"trades": ("plumbing",), "rate_mad": 250.0, "rating": 4.5, "jobs": 100, "radius_km": 15}
    return Card(number, city="casablanca", district=home.district, lat=home.lat, lon=home.lon, **{**usual, **facts})


def ask(cards: list[Card], district: str | None = "maarif", away: tuple[int, ...] = (), k: int = 3, widen: bool = False, **facts: Any) -> Slate:
    place = locate("casablanca", district)
    request = Request("plumbing", "casablanca", place.lat, place.lon, NOW, place.district, exact=district is not None, **facts)
    return find(Index(cards), request, away=away, k=k, widen=widen)


def ids(slate: Slate) -> list[int]:
    return [c.technician_id for c in slate.candidates]


def reasons(slate: Slate, number: int) -> tuple[str, ...]:
    return next(c.reasons for c in slate.candidates if c.technician_id == number)


def test_a_neighbour_comes_before_somebody_better_far_away() -> None:
    slate = ask([card(1, "sidi bernoussi", rating=5.0, jobs=500, radius_km=25), card(2)])
    assert ids(slate) == [2, 1] and "same_district" in reasons(slate, 2)


def test_stars_of_few_jobs_weigh_less_than_stars_of_many() -> None:
    slate = ask([card(1, rating=5.0, jobs=2), card(2, rating=4.9, jobs=500)])
    assert ids(slate) == [2, 1]
    assert {"top_rated", "experienced"} <= set(reasons(slate, 2)) and not {"top_rated", "experienced"} & set(reasons(slate, 1))


def test_the_technician_who_came_last_time_is_proposed_again_and_it_is_said() -> None:
    slate = ask([card(1), card(2)], last_technician_id=2)
    assert ids(slate) == [2, 1] and reasons(slate, 2)[0] == "your_last"


def test_the_cheaper_of_two_equals_comes_first() -> None:
    slate = ask([card(1, rate_mad=400.0), card(2, rate_mad=200.0)])
    assert ids(slate) == [2, 1] and "good_price" in reasons(slate, 2)


def test_another_trade_is_never_proposed() -> None:
    assert ids(ask([card(1, trades=("painting",)), card(2, trades=("painting", "plumbing"))])) == [2]


def test_who_is_away_or_already_asked_is_left_out() -> None:
    assert ids(ask([card(1), card(2)], away=(1,))) == [2]


def test_somebody_off_at_the_wanted_time_is_left_out_but_counted_in_reach() -> None:
    evening = NOW + timedelta(hours=11)  # 21:00
    slate = ask([card(1), card(2, hours="08:00-22:00")], start=evening)
    assert ids(slate) == [2]
    off = ask([card(1)], start=evening)
    assert ids(off) == [] and off.in_reach == 1 and off.widened_km is None


def test_beyond_their_reach_nobody_is_proposed_silently() -> None:
    far = ask([card(1, "bouskoura", radius_km=5)])
    assert ids(far) == [1] and far.widened_km is not None and far.widened_km >= far.candidates[0].distance_km
    near_too = ask([card(1, "bouskoura", radius_km=5), card(2)])
    assert ids(near_too) == [2] and near_too.widened_km is None


def test_farther_people_come_when_the_client_agreed_to_them() -> None:
    cards = [card(1, "bouskoura", radius_km=5), card(2)]
    slate = ask(cards, away=(2,), widen=True)
    assert ids(slate) == [1] and slate.widened_km is not None
    assert ids(ask(cards, away=(2,))) == []


def test_a_trade_nobody_has_gives_nobody_and_no_distance() -> None:
    slate = ask([card(1, trades=("painting",))])
    assert slate == Slate((), None, 0, None)


def test_another_town_is_too_far_and_says_how_far() -> None:
    rabat = locate("rabat", "agdal")
    other = Card(1, ("plumbing",), "rabat", "agdal", rabat.lat, rabat.lon, 250, 4.9, 400, 20)
    slate = ask([other])
    assert ids(slate) == [] and slate.nearest_km is not None and slate.nearest_km > 80


def test_with_only_a_city_everyone_in_it_is_within_reach_and_nobody_is_called_near() -> None:
    slate = ask([card(1, "bouskoura", radius_km=3, rating=4.9, jobs=400), card(2)], district=None)
    assert ids(slate) == [1, 2] and slate.widened_km is None
    assert all("near" not in c.reasons and "same_district" not in c.reasons for c in slate.candidates)


def test_distances_are_those_of_geography() -> None:
    here, there = locate("casablanca", "maarif"), locate("casablanca", "sidi maarouf")
    km = ask([card(1, "sidi maarouf")]).candidates[0].distance_km
    assert km == pytest.approx(distance_km(here, there), abs=0.06)


cards = st.lists(
    st.builds(
        lambda n, lat, lon, trades, rate, rating, jobs, radius, hours: Card(
            n, tuple(trades), "casablanca", None, MAARIF[0] + lat, MAARIF[1] + lon, rate, rating, jobs, radius, *hours
        ),
        n=st.integers(1, 10_000),
        lat=st.floats(-0.4, 0.4),
        lon=st.floats(-0.4, 0.4),
        trades=st.lists(st.sampled_from(TRADES), min_size=1, max_size=2, unique=True),
        rate=st.floats(50, 900),
        rating=st.floats(1, 5),
        jobs=st.integers(0, 900),
        radius=st.floats(1, 60),
        hours=st.sampled_from([("08:00-20:00", "mon-sat"), ("22:00-06:00", "mon-sun"), ("00:00-24:00", "sun")]),
    ),
    max_size=25,
    unique_by=lambda c: c.id,
)


@given(cards, st.integers(0, 7 * 48), st.integers(1, 6), st.sets(st.integers(1, 10_000), max_size=5))
@settings(max_examples=80, deadline=None)
def test_whoever_is_proposed_has_the_trade_the_reach_the_hours_and_is_not_away(people: list[Card], halves: int, k: int, away: set[int]) -> None:
    start = NOW + timedelta(minutes=30 * halves)
    request = Request("plumbing", "casablanca", *MAARIF, NOW, "maarif", start=start)
    slate = find(Index(people), request, away=away, k=k)
    by_id = {c.id: c for c in people}
    assert len(slate.candidates) <= k and len({c.technician_id for c in slate.candidates}) == len(slate.candidates)
    assert [c.score for c in slate.candidates] == sorted((c.score for c in slate.candidates), reverse=True)
    for candidate in slate.candidates:
        person = by_id[candidate.technician_id]
        assert "plumbing" in person.trades and person.id not in away and working_hours(person.hours, person.days).allows(start)
        assert set(candidate.reasons) <= set(REASONS)
        if slate.widened_km is None:
            assert candidate.distance_km <= min(person.radius_km, CLIENT_RADIUS_KM) + 0.06


@given(cards)
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_table_changes_nothing(people: list[Card]) -> None:
    request = Request("plumbing", "casablanca", *MAARIF, NOW, "maarif")
    assert find(Index(people), request, k=5) == find(Index(people[::-1]), request, k=5)


@given(st.floats(33, 34), st.floats(-8, -7))
def test_arrays_measure_as_single_points_do(lat: float, lon: float) -> None:
    index = Index([card(1)])
    home = locate("casablanca", "maarif")
    place = type(home)("casablanca", None, lat, lon, 30)
    assert index.distance_km(np.array([0]), lat, lon, ROAD_FACTOR)[0] == pytest.approx(distance_km(home, place), rel=1e-9, abs=1e-6)
