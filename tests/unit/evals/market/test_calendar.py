from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.market.calendar import Calendar, make
from evals.market.parameters import numbers_of

YEAR = make(numbers_of("W1", 365), date(2026, 1, 1), 365, np.full(24, 33.5), np.random.default_rng(1))
CASABLANCA = ZoneInfo("Africa/Casablanca")


def on(day: date, calendar: Calendar = YEAR) -> int:
    return (day - calendar.start).days


def test_ramadan_ends_where_its_feast_begins() -> None:
    assert YEAR.ramadan[on(date(2026, 2, 19))] and not YEAR.ramadan[on(date(2026, 2, 18))]
    assert YEAR.ramadan[on(date(2026, 3, 20))] and YEAR.eid[on(date(2026, 3, 21))] and not YEAR.ramadan[on(date(2026, 3, 21))]
    assert YEAR.ramadan.sum() in (29, 30)


def test_the_ten_days_before_each_eid_are_known() -> None:
    assert YEAR.before_eid[on(date(2026, 5, 17)) : on(date(2026, 5, 27))].all()
    assert YEAR.before_eid.sum() == 20


def test_throne_day_is_a_holiday_and_an_eid_is_not_counted_twice() -> None:
    assert YEAR.holiday[on(date(2026, 7, 30))]
    assert not (YEAR.holiday & YEAR.eid).any()


@settings(deadline=None)
@given(st.integers(0, 365 * 1440 - 1))
def test_the_wall_clock_is_that_of_casablanca(minute: int) -> None:
    utc = YEAR.epoch + timedelta(minutes=minute)
    local = utc.astimezone(CASABLANCA)
    changes = (date(2026, 2, 15), date(2026, 3, 22))  # on the night of a change our day follows its noon
    if local.date() not in changes and (local - timedelta(hours=1)).date() not in changes:
        assert YEAR.wall_hour(np.array([minute]))[0] == local.hour


def test_the_simulations_own_clock_never_repeats_a_minute() -> None:
    assert YEAR.epoch == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_it_rains_in_winter_and_hardly_in_august() -> None:
    many = make(numbers_of("W1", 365), date(2026, 1, 1), 365, np.full(400, 33.5), np.random.default_rng(2))
    share = {month: many.rain[many.month == month].mean() for month in (1, 8, 11)}
    assert share[1] == pytest.approx(8 / 30.4, abs=0.03) and share[11] == pytest.approx(8 / 30.4, abs=0.03) and share[8] == 0


def test_a_year_without_moon_dates_is_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match=r"2031.*calendar.moon"):
        make(numbers_of("W1", 30), date(2031, 5, 1), 30, np.zeros(24), np.random.default_rng(0))
