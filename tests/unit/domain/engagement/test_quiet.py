"""When a message may leave: jobs go on day and night, advertising does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import CASABLANCA, to_local
from domain.engagement import Decision, may_send, quiet_until

NIGHT = "21:00-08:00"


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CASABLANCA).astimezone(UTC)


@pytest.mark.parametrize("category", ["reply", "notice", "code", "offer"])
def test_what_someone_waits_for_leaves_at_night(category: str) -> None:
    assert may_send(category, local(23, 3), NIGHT) == Decision("send")  # type: ignore[arg-type]


@pytest.mark.parametrize(("hour", "until"), [(22, local(24, 8)), (3, local(23, 8)), (21, local(24, 8))])
def test_what_nobody_waits_for_waits_for_the_morning(hour: int, until: datetime) -> None:
    for category in ("promo", "reminder"):
        assert may_send(category, local(23, hour), NIGHT) == Decision("wait_until", until)  # type: ignore[arg-type]


@pytest.mark.parametrize("hour", [8, 12, 20])
def test_in_the_day_everything_leaves(hour: int) -> None:
    assert may_send("promo", local(23, hour), NIGHT) == Decision("send")


def test_after_a_stop_only_what_concerns_a_job_of_theirs_leaves() -> None:
    now = local(23, 12)
    assert {c for c in ("reply", "notice", "code", "offer", "reminder", "promo") if may_send(c, now, NIGHT, True).action == "send"} == {  # type: ignore[arg-type]
        "reply", "notice", "code", "reminder",
    }  # fmt: skip
    assert may_send("promo", local(23, 3), NIGHT, True) == Decision("never")


def test_morning_is_morning_in_ramadan_too() -> None:
    # 2026: Morocco is at +0 from 15 February to 22 March
    until = quiet_until(local(1, 23, month=3), NIGHT)
    assert until == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.times(), st.times())  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_quiet_time_ends_within_a_day_and_is_quiet_no_more(moment: datetime, start: object, end: object) -> None:
    hours = f"{start:%H:%M}-{end:%H:%M}"
    now = moment.replace(tzinfo=UTC)
    until = quiet_until(now, hours)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)  # an hour more where the clocks change
        assert f"{to_local(until):%H:%M}" == f"{end:%H:%M}"


@pytest.mark.parametrize("hours", ["", "21-8 h", "21:00", "25:00-08:00", "21:00-08:00-09:00"])
def test_hours_that_cannot_be_read_are_named(hours: str) -> None:
    with pytest.raises(ValueError, match="must look like 21:00-08:00"):
        quiet_until(local(23, 3), hours)
