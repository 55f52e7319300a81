"""Spoken days and hours become moments on a Moroccan clock."""

from __future__ import annotations

# ruff: noqa: DTZ001 (wall-clock times are naive on purpose)
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import CASABLANCA, to_utc
from domain.errors import DomainError
from domain.scheduling.when import PARTS, WEEKDAYS, resolve

MONDAY = datetime(2026, 11, 23, 10, 0)
NOWS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1))
CLOCKS = st.times().map(lambda clock: f"{clock.hour:02d}:{clock.minute:02d}")


@pytest.mark.parametrize(
    ("day", "clock", "start"),
    [
        ("tomorrow", "10:00", "2026-11-24T10:00"),
        ("today", "15:30", "2026-11-23T15:30"),
        ("day_after_tomorrow", "08:00", "2026-11-25T08:00"),
        ("weekday:thu", "16:00", "2026-11-26T16:00"),
        ("weekday:mon", "15:00", "2026-11-23T15:00"),  # today, still ahead
        ("weekday:mon", "09:00", "2026-11-30T09:00"),  # today, passed
        ("day:12", "11:00", "2026-12-12T11:00"),  # passed this month
        ("day:30", "11:00", "2026-11-30T11:00"),
        ("day:31", "11:00", "2026-12-31T11:00"),  # November has none
        ("2027-01-05", "09:45", "2027-01-05T09:45"),
        (None, "18:00", "2026-11-23T18:00"),
        (None, "09:00", "2026-11-24T09:00"),  # passed today
    ],
)
def test_a_day_and_an_hour_give_a_start(day: str | None, clock: str, start: str) -> None:
    found = resolve(day, clock, MONDAY)
    assert found.start == datetime.fromisoformat(start).replace(tzinfo=CASABLANCA)
    assert found.day == found.start.date()


@pytest.mark.parametrize(
    ("day", "clock", "first", "last"),
    [
        ("tomorrow", "afternoon", "2026-11-24T14:00", "2026-11-24T18:00"),
        ("today", None, "2026-11-23T10:00", "2026-11-24T00:00"),
        ("today", "morning", "2026-11-23T10:00", "2026-11-23T12:00"),  # what is left of it
        ("weekend", None, "2026-11-28T00:00", "2026-11-30T00:00"),
        ("next_week", None, "2026-11-30T00:00", "2026-12-06T00:00"),
        (None, "now", "2026-11-23T10:00", "2026-11-23T12:00"),
    ],
)
def test_looser_words_give_a_window(day: str | None, clock: str | None, first: str, last: str) -> None:
    window = resolve(day, clock, MONDAY).window
    assert window == tuple(datetime.fromisoformat(edge).replace(tzinfo=CASABLANCA) for edge in (first, last))


def test_todays_weekday_without_an_hour_is_next_week() -> None:
    assert resolve("weekday:mon", None, MONDAY).day == date(2026, 11, 30)


def test_nothing_said_is_nothing_known() -> None:
    assert resolve(None, None, MONDAY).window is None


def test_an_hour_in_ramadan_is_that_hour_on_the_wall_whatever_the_offset() -> None:
    ramadan = resolve("tomorrow", "10:00", datetime(2027, 2, 15, 9))
    winter = resolve("tomorrow", "10:00", MONDAY)
    assert ramadan.start and winter.start
    assert to_utc(ramadan.start).hour == 10 and to_utc(winter.start).hour == 9


@given(NOWS, st.sampled_from(WEEKDAYS), st.one_of(st.none(), CLOCKS, st.sampled_from(sorted(PARTS))))
def test_a_weekday_is_that_weekday_within_the_next_seven_days(now: datetime, weekday: str, clock: str | None) -> None:
    found = resolve(f"weekday:{weekday}", clock, now)
    assert found.day and WEEKDAYS[found.day.weekday()] == weekday
    assert now.date() <= found.day <= now.date() + timedelta(days=7)


@given(NOWS, st.sampled_from(["today", "tomorrow", *(f"weekday:{d}" for d in WEEKDAYS), *(f"day:{n}" for n in range(1, 32)), None]), CLOCKS)
def test_a_start_is_never_past_unless_today_was_said(now: datetime, day: str | None, clock: str) -> None:
    start = resolve(day, clock, now).start
    assert start is not None
    if day != "today":
        assert start >= now.replace(tzinfo=CASABLANCA, second=0, microsecond=0)


@given(
    NOWS,
    st.sampled_from([None, "today", "tomorrow", "weekend", "next_week", "weekday:fri", "day:15"]),
    st.sampled_from([None, "now", *sorted(PARTS)]),
)
def test_a_window_is_a_span_forward_in_time(now: datetime, day: str | None, part: str | None) -> None:
    window = resolve(day, part, now).window
    assert window is None or window[0] < window[1]


@pytest.mark.parametrize(
    ("day", "clock", "code"),
    [("someday", None, "bad_date"), ("weekday:xyz", None, "bad_date"), ("day:42", None, "bad_date"), ("today", "25:00", "bad_time")],
)
def test_a_value_outside_the_contract_is_refused_by_name(day: str, clock: str | None, code: str) -> None:
    with pytest.raises(DomainError) as caught:
        resolve(day, clock, MONDAY)
    assert caught.value.code == code
