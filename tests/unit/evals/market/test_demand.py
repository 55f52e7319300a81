from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from domain.catalog import SERVICES
from evals.market.world import Size, make_scene

YEAR = Size(technicians=500, bookings=30_000, start=date(2026, 1, 1), days=365)
SCENE, EXPECTED = make_scene("W1", 3, YEAR)
HOUR = SCENE.calendar.wall_hour(SCENE.asked.minute)
DAY = SCENE.calendar.day(SCENE.asked.minute)


def per_day(days: np.ndarray, requests: np.ndarray) -> float:
    return requests[days[DAY]].sum() / days.sum()


def test_fasting_days_are_quiet_by_daylight_and_loud_at_night() -> None:
    ramadan, near = SCENE.calendar.ramadan & ~SCENE.calendar.before_eid, np.zeros(365, bool)
    near[10:45] = True  # the weeks before: same season
    by_day, by_night = (HOUR >= 9) & (HOUR < 18), (HOUR >= 20) | (HOUR < 2)
    assert per_day(ramadan, by_day) < 0.75 * per_day(near, by_day)
    assert per_day(ramadan, by_night) > 1.5 * per_day(near, by_night)
    assert per_day(ramadan, HOUR == 18) < 0.35 * per_day(near, HOUR == 18)


@pytest.mark.parametrize("service", ["cleaning", "painting"])
def test_houses_are_made_ready_before_an_eid_and_nobody_works_on_it(service: str) -> None:
    line = EXPECTED[:, SERVICES.index(service)].sum(axis=0)
    calendar = SCENE.calendar
    before = calendar.before_eid & ~calendar.ramadan
    usual = np.zeros(365, bool)
    usual[on(date(2026, 5, 4)) : on(date(2026, 5, 17))] = True
    assert line[before].mean() > 1.4 * line[usual].mean()
    assert line[calendar.eid].mean() < 0.4 * line[usual].mean()


def on(day: date) -> int:
    return (day - YEAR.start).days


def test_fridays_are_weaker_than_saturdays_and_noon_prayer_is_a_hole() -> None:
    friday, saturday = SCENE.calendar.weekday == 4, SCENE.calendar.weekday == 5
    honest = SCENE.asked.scheme < 0
    assert per_day(friday, honest) < 0.9 * per_day(saturday, honest)
    plain = friday & ~SCENE.calendar.ramadan
    assert per_day(plain, HOUR == 12) < 0.65 * per_day(plain, HOUR == 10)


def test_rain_brings_leaks_and_stops_gardens() -> None:
    wet = SCENE.calendar.rain.T
    months = np.isin(SCENE.calendar.month, (11, 12, 1, 4))
    for service, factor in (("plumbing", 1.25), ("gardening", 0.5), ("locksmith", 1.0)):
        line = EXPECTED[:, SERVICES.index(service)] / SCENE.places.population[:, None]
        big = line[:, months]
        assert big[wet[:, months]].mean() / big[~wet[:, months]].mean() == pytest.approx(factor, rel=0.1)


def test_air_conditioning_is_a_summer_trade() -> None:
    line = EXPECTED[:, SERVICES.index("hvac")].sum(axis=0)
    assert line[SCENE.calendar.month == 7].mean() > 2 * line[SCENE.calendar.month == 2].mean()


def test_requests_are_poisson_around_the_true_intensity() -> None:
    honest = SCENE.asked.scheme < 0
    counts = np.zeros(EXPECTED.shape)
    np.add.at(counts, (SCENE.asked.city[honest], SCENE.asked.service[honest], DAY[honest]), 1)
    busy = EXPECTED > 0.5
    z = (counts - EXPECTED)[busy] / np.sqrt(EXPECTED[busy])
    assert abs(z.mean()) < 4 / np.sqrt(busy.sum())
    assert z.var() == pytest.approx(1, abs=0.1)
    assert counts.sum() == pytest.approx(EXPECTED.sum(), rel=0.02)


def test_every_town_and_trade_of_the_house_is_asked_for() -> None:
    assert len(SCENE.places.cities) == 24 and set(np.unique(SCENE.asked.city)) == set(range(24))
    assert set(np.unique(SCENE.asked.service)) == set(range(17))


def test_danger_is_always_an_emergency() -> None:
    assert (SCENE.jobs.urgency[SCENE.trades.danger[SCENE.jobs.node]] == 0).all()


def test_nobody_asks_for_a_visit_in_the_past() -> None:
    assert (SCENE.jobs.start > SCENE.asked.minute).all()
