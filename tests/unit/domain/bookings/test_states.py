"""The life of a booking, and what ending it early costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bookings.cancellation import NO_SHOW_AFTER, cancellation, no_show
from domain.bookings.ratings import rating_after
from domain.bookings.states import ALLOWED, STATUSES, TRANSITIONS, Actor, can, transition
from domain.errors import DomainError
from domain.rules import MarketRules

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
RULES = MarketRules()
ORDER = ("offered", "confirmed", "en_route", "arrived", "done", "closed")
money = st.decimals(0, 5000, places=2)


@pytest.mark.parametrize(("status", "event", "after"), [
    ("offered", "accept", "confirmed"),
    ("confirmed", "done", "done"),  # the technician wrote nothing on the way
    ("en_route", "done", "done"),
    ("confirmed", "arrived", "arrived"),
    ("expired", "reoffer", "offered"),
    ("closed", "dispute", "disputed"),
    ("en_route", "cancel", "cancelled"),
])  # fmt: skip
def test_an_event_leads_on(status: str, event: str, after: str) -> None:
    assert transition(status, event) == after


@pytest.mark.parametrize(("status", "event"), [
    ("offered", "en_route"), ("offered", "done"), ("arrived", "cancel"), ("done", "cancel"), ("cancelled", "accept"), ("cancelled", "reoffer"),
    ("expired", "accept"), ("done", "arrived"), ("arrived", "en_route"), ("closed", "done"), ("done", "reschedule"), ("en_route", "reschedule"),
])  # fmt: skip
def test_an_event_out_of_its_time_is_refused_with_the_state(status: str, event: str) -> None:
    with pytest.raises(DomainError) as error:
        transition(status, event)
    assert error.value.code == "not_allowed_now" and error.value.detail["status"] == status
    assert not can(status, event)


@given(st.sampled_from(STATUSES), st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=20))
def test_a_visit_never_goes_backwards_once_the_technician_is_on_the_way(status: str, events: list[str]) -> None:
    for event in events:
        if not can(status, event):
            continue
        before, status = status, transition(status, event)
        if before in ORDER[2:] and status in ORDER:
            assert ORDER.index(status) >= ORDER.index(before)
        if before == "cancelled":
            pytest.fail("a cancelled booking came back")


def test_every_event_says_who_may_cause_it() -> None:
    assert set(ALLOWED) == set(TRANSITIONS)


@pytest.mark.parametrize(
    ("event", "actor"), [("en_route", "client"), ("done", "client"), ("dispute", "technician"), ("expire", "client"), ("close", "technician")]
)
def test_nobody_moves_the_other_sides_states(event: str, actor: str) -> None:
    status = next(iter(TRANSITIONS[event]))
    with pytest.raises(DomainError, match="not possible"):
        transition(status, event, actor)  # type: ignore[arg-type]


def test_an_unknown_event_is_a_bug_not_a_refusal() -> None:
    with pytest.raises(ValueError, match=r"states\.py"):
        transition("offered", "teleport")


@pytest.mark.parametrize(("hours_before", "fee"), [(48, 0), (2, 0), (1.99, 50), (0.1, 50)])
def test_cancelling_is_free_until_two_hours_before(hours_before: float, fee: int) -> None:
    out = cancellation(status="confirmed", start=START, now=START - timedelta(hours=hours_before), rules=RULES, paid_mad=Decimal(300))
    assert (out.fee_mad, out.refund_mad, out.late) == (fee, 300 - fee, fee > 0)


def test_nobody_pays_for_a_booking_that_no_technician_has_taken() -> None:
    assert cancellation(status="offered", start=START, now=START - timedelta(minutes=5), rules=RULES).fee_mad == 0


def test_a_technician_who_cancels_costs_the_client_nothing() -> None:
    out = cancellation(status="confirmed", start=START, now=START - timedelta(minutes=5), rules=RULES, paid_mad=Decimal(120), by="technician")
    assert (out.fee_mad, out.refund_mad) == (0, 120)


def test_a_client_who_waited_in_vain_pays_no_fee() -> None:
    now = START + NO_SHOW_AFTER
    assert no_show("confirmed", START, now) and not no_show("arrived", START, now) and not no_show("confirmed", START, now - timedelta(seconds=1))
    assert cancellation(status="confirmed", start=START, now=now, rules=RULES, paid_mad=Decimal(80)).refund_mad == 80


@given(
    status=st.sampled_from([s for s in STATUSES if can(s, "cancel")]),
    minutes=st.integers(-3000, 3000),
    paid=money,
    refunded=money,
    by=st.sampled_from(["client", "technician", "support"]),
)
def test_cancelling_never_gives_back_more_than_is_left_and_keeps_only_the_fee(
    status: str, minutes: int, paid: Decimal, refunded: Decimal, by: Actor
) -> None:
    refunded = min(paid, refunded)
    now = START + timedelta(minutes=minutes)
    out = cancellation(status=status, start=START, now=now, rules=RULES, paid_mad=paid, refunded_mad=refunded, by=by)
    assert 0 <= out.refund_mad <= paid - refunded
    assert out.fee_mad in (0, RULES.late_cancellation_fee_mad)
    assert out.refund_mad + min(out.fee_mad, paid) + refunded >= paid


@given(st.floats(1, 5), st.integers(0, 2000), st.integers(1, 5))
def test_a_rating_moves_towards_the_new_stars_and_stays_one_to_five(rating: float, jobs: int, stars: int) -> None:
    after = rating_after(rating, jobs, stars)
    assert 1 <= after <= 5
    assert min(rating, stars) - 0.01 <= after <= max(rating, stars) + 0.01


@pytest.mark.parametrize("stars", [0, 6, -1, True])
def test_stars_outside_one_to_five_are_refused(stars: int) -> None:
    with pytest.raises(DomainError) as error:
        rating_after(4.5, 10, stars)
    assert error.value.code == "bad_rating"
