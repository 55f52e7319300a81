"""Windows that clients are told: in order, never in the past, as people round; and positions that cannot be true move none."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.geo.arrival import ArrivalModel, one, usual_minutes
from domain.geo.pings import FRESH, Ping, newest, plausible
from domain.geo.position import FASTEST_KMH, SLACK_KM
from domain.geo.travel import haversine_km, travel_minutes
from domain.geo.window import PROMISE, STEPS, late_risk, window
from domain.learning.trees import Trees

NOW = to_utc(datetime.fromisoformat("2026-11-24T09:37"))
CASA = (33.585, -7.632)
three = st.lists(st.floats(0, 240), min_size=3, max_size=3).map(sorted).map(np.array)
moments = st.integers(0, 1439).map(lambda minute: NOW + timedelta(minutes=minute))


def model(low: float = -0.3, likely: float = 0.0, high: float = 0.5) -> ArrivalModel:
    """Always the same spread around what the line says."""
    trees = Trees.constant(low), Trees.constant(likely), Trees.constant(high)
    return ArrivalModel((trees, trees), np.zeros((2, 2)), np.zeros(2), "arrival-test")


@given(moments, three, st.floats(-7, 20), st.booleans())
def test_a_told_window_is_in_order_and_never_in_the_past(now: datetime, minutes: np.ndarray, widen: float, under_way: bool) -> None:
    found = window(now, minutes, widen=widen, under_way=under_way, promised=now + PROMISE)
    assert now <= found.earliest <= found.likely <= found.latest
    assert found.earliest < found.latest and 0 <= found.late_risk <= 1
    step = int(STEPS[under_way])
    assert found.earliest == now or found.earliest.minute % step == 0
    assert found.latest.minute % step == 0 or found.latest == now + timedelta(minutes=5)


@given(three, st.floats(0, 300), st.floats(0, 300))
def test_the_later_the_promise_the_smaller_the_risk(minutes: np.ndarray, one_until: float, other: float) -> None:
    soon, late = sorted((one_until, other))
    assert 0 <= late_risk(minutes, late) <= late_risk(minutes, soon) <= 1


def test_risk_is_what_the_quantiles_say() -> None:
    assert [late_risk(np.array([10.0, 20.0, 40.0]), until) for until in (10, 20, 40)] == pytest.approx([0.95, 0.5, 0.05], abs=1e-3)


@given(st.floats(0.2, 60), st.floats(0.2, 60), st.floats(0, 60), st.integers(0, 23))
def test_the_nearer_the_technician_the_narrower_the_window(one_km: float, other_km: float, since: float, hour: int) -> None:
    near, far = usual_minutes(np.array(sorted((one_km, other_km))), np.array([hour, hour]))
    asked = [model().minutes(one(under_way=True, usual=usual, since=since * usual / 60))[0] for usual in (near, far)]
    widths = [minutes[2] - minutes[0] for minutes in asked]
    assert widths[0] <= widths[1] + 1e-9
    told = [window(NOW, minutes, widen=0, under_way=True, promised=NOW + PROMISE) for minutes in asked]
    step = timedelta(minutes=STEPS[1])  # both ends are rounded
    assert told[0].latest - told[0].earliest <= told[1].latest - told[1].earliest + step


@given(st.floats(0, 30), st.integers(0, 23))
def test_many_ways_are_timed_as_one(north_km: float, hour: int) -> None:
    there = Ping(CASA[0] + north_km / 111.2, CASA[1], NOW)
    km = haversine_km(CASA, (there.lat, there.lon)) * 1.3
    at = datetime.fromisoformat(f"2026-11-24T{hour:02d}:00")
    assert travel_minutes(Ping(*CASA, NOW), there, at)[1] == pytest.approx(usual_minutes(np.array([km]), np.array([hour]))[0], abs=0.51)


spots = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
near_casa = st.tuples(st.floats(33.3, 33.6), st.floats(-7.7, -7.3))
told_pings = st.builds(lambda spot, ago: Ping(spot[0], spot[1], NOW - timedelta(minutes=ago)), st.one_of(near_casa, spots), st.floats(-20, 120))
pings = st.lists(told_pings, max_size=8)


@given(pings)
def test_only_fresh_possible_positions_are_believed(told: list[Ping]) -> None:
    found = newest(told, NOW)
    if found is None:
        return
    assert timedelta(0) <= NOW - found.at <= FRESH
    assert 20.5 <= found.lat <= 36.2 and -17.5 <= found.lon <= -0.9
    assert plausible(found, NOW)


@given(near_casa, near_casa, st.floats(0.5, 25))
def test_a_jump_faster_than_a_car_is_refused(a: tuple[float, float], b: tuple[float, float], minutes: float) -> None:
    first, second = Ping(*a, NOW - timedelta(minutes=minutes)), Ping(*b, NOW)
    possible = haversine_km(a, b) <= SLACK_KM + FASTEST_KMH * (second.at - first.at).total_seconds() / 3600
    assert newest([second, first], NOW) == (second if possible else first)


@pytest.mark.parametrize("spot", [(0.0, 0.0), (48.8566, 2.3522), (28.1, -15.4 - 3)])
def test_a_place_outside_the_kingdom_moves_nothing(spot: tuple[float, float]) -> None:
    before = Ping(*CASA, NOW - timedelta(minutes=10))
    assert newest([before, Ping(*spot, NOW)], NOW) == before
