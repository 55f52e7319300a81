"""Working hours as people write them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_local, to_utc
from domain.scheduling.hours import working_hours
from domain.scheduling.when import WEEKDAYS


def at(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))


@pytest.mark.parametrize(("hours", "days", "moment", "works"), [
    ("08:00-20:00", "mon-sat", "2026-11-24T08:00", True),
    ("08:00-20:00", "mon-sat", "2026-11-24T07:59", False),
    ("08:00-20:00", "mon-sat", "2026-11-24T19:30", True),
    ("08:00-20:00", "mon-sat", "2026-11-24T19:45", False),  # too late to begin
    ("08:00-20:00", "mon-sat", "2026-11-29T10:00", False),  # a Sunday
    ("08:00-22:00", "mon-sun", "2026-11-29T10:00", True),
    ("00:00-24:00", "mon-sun", "2026-11-29T03:00", True),
    ("22:00-06:00", "fri", "2026-11-28T02:00", True),  # Friday's night goes on into Saturday
    ("22:00-06:00", "fri", "2026-11-27T02:00", False),
    ("09:00-17:00", "sat-mon", "2026-11-23T10:00", True),
    ("09:00-17:00", "mon,wed", "2026-11-24T10:00", False),
    ("08:00-20:00", "mon-sun", "2027-02-20T08:00", True),  # Ramadan: another offset, the same wall clock
])  # fmt: skip
def test_a_visit_may_start_within_working_hours(hours: str, days: str, moment: str, works: bool) -> None:
    assert working_hours(hours, days).allows(at(moment)) is works


@pytest.mark.parametrize("hours", ["8-20", "08:00", "25:00-26:00", "08:00-08:00", "08:61-09:00", "24:00-25:00", ""])
def test_hours_that_cannot_be_read_are_refused_with_an_example(hours: str) -> None:
    with pytest.raises(ValueError, match="08:00-20:00"):
        working_hours(hours)


@pytest.mark.parametrize("days", ["monday", "mon-", "", "lun-sam"])
def test_days_that_cannot_be_read_are_refused_with_an_example(days: str) -> None:
    with pytest.raises(ValueError, match="mon-sat"):
        working_hours("08:00-20:00", days)


@given(
    opens=st.integers(0, 23),
    length=st.integers(1, 23),
    days=st.tuples(st.sampled_from(WEEKDAYS), st.sampled_from(WEEKDAYS)),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_the_window_of_a_day_agrees_with_what_is_allowed(opens: int, length: int, days: tuple[str, str], day: date) -> None:
    hours = working_hours(f"{opens:02d}:00-{(opens + length) % 24:02d}:00", "-".join(days))
    window = hours.window(day)
    assert (window is None) is (day.weekday() not in hours.days)
    if window:
        assert hours.allows(window[0]) and hours.allows(window[1])
        assert to_local(window[0]).hour == opens
