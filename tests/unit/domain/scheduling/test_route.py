"""A day's order: never more travel than by the hour, no window broken that could be kept, with OR-tools or without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import hypot

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.scheduling.route import EXACT_UP_TO, Stop, drive, route

HOME = Stop("", 0, 0, 480, 480, 0)


def way(a: Stop, b: Stop) -> int:
    return round(hypot(a.lat - b.lat, a.lon - b.lon)) + 1


def stop(ref: int, lat: float, lon: float, opens: int, slack: int, minutes: int) -> Stop:
    return Stop(f"BR-{ref}", lat, lon, opens, opens + slack, minutes)


rooms = st.tuples(st.integers(-30, 30), st.integers(-30, 30), st.integers(480, 1080), st.integers(0, 300), st.integers(15, 90))


@pytest.fixture(params=["ortools", "without"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "ortools", None)
        monkeypatch.setitem(sys.modules, "ortools.constraint_solver", None)
    else:
        pytest.importorskip("ortools")
    yield


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(rooms, min_size=0, max_size=10))
def test_a_planned_day_is_never_worse_than_by_the_hour_and_breaks_no_window(solver: None, facts: list[tuple[int, ...]]) -> None:
    stops = [stop(number, *fact) for number, fact in enumerate(facts)]
    by_hour = drive(HOME, sorted(stops, key=lambda each: (each.opens, each.closes, each.ref)), way)
    made = route(HOME, stops, way)
    assert sorted(made.order) == sorted(each.ref for each in stops)
    assert made.kept >= by_hour.kept
    assert not made.kept or not by_hour.kept or made.travel <= by_hour.travel
    named = {each.ref: each for each in stops}
    assert made == drive(HOME, [named[ref] for ref in made.order], way)
    assert not made.kept or all(named[ref].opens <= at <= named[ref].closes for ref, at in zip(made.order, made.starts, strict=True))


def test_a_free_day_is_driven_in_a_line_and_not_back_and_forth() -> None:
    stops = [stop(number, place, 0, 480, 600, 10) for number, place in enumerate((40, 10, 30, 20))]
    assert route(HOME, stops, way).order == ("BR-1", "BR-3", "BR-2", "BR-0")


def test_a_long_day_is_planned_too(solver: None) -> None:
    places = [(23 * number) % 60 for number in range(EXACT_UP_TO + 4)]
    stops = [stop(number, place, 0, 480, 900, 5) for number, place in enumerate(places)]
    by_hour = drive(HOME, stops, way)
    assert route(HOME, stops, way).travel < by_hour.travel / 2


def test_hours_that_cannot_be_kept_are_told_as_such() -> None:
    made = route(HOME, [stop(1, 10, 0, 500, 0, 60), stop(2, -10, 0, 510, 5, 60)], way)
    assert not made.kept and made.order == ("BR-1", "BR-2")
