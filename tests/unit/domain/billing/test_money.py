"""Money that comes back, and money that technicians earn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing.earnings import commission, earning, statement
from domain.billing.refunds import Decision, Paid, checked_amount, first_status, refund_eligibility
from domain.bookings.cancellation import cancellation
from domain.bookings.states import STATUSES
from domain.errors import DomainError
from domain.rules import MarketRules

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
BEFORE, LONG_AFTER = START - timedelta(days=1), START + timedelta(hours=3)
RULES = MarketRules()
money = st.decimals(0, 3000, places=2)


def decide(now: datetime = BEFORE, **facts: Any) -> Decision:
    for key, value in facts.items():
        if key.endswith("_mad"):
            facts[key] = Decimal(value)
    return refund_eligibility(Paid(**{"status": "cancelled", "start": START, **facts}), now, RULES)


@pytest.mark.parametrize(("facts", "now", "eligible", "amount", "rule", "person"), [
    ({"paid_mad": 100}, BEFORE, True, 100, "cancelled_in_time", False),
    ({"paid_mad": 200}, BEFORE, True, 200, "cancelled_in_time", False),
    ({"paid_mad": 201}, BEFORE, True, 201, "cancelled_in_time", True),
    ({"paid_mad": 300, "fee_mad": 50}, BEFORE, True, 250, "cancelled_late", True),
    ({"paid_mad": 40, "fee_mad": 50}, BEFORE, False, 0, "fee_keeps_it", False),
    ({"paid_mad": 300, "fee_mad": 50, "refunded_mad": 250}, BEFORE, False, 0, "already_refunded", False),
    ({"paid_mad": 150, "refunded_mad": 150}, BEFORE, False, 0, "already_refunded", False),
    ({"paid_mad": 150, "fee_mad": 50, "cancelled_by": "technician"}, BEFORE, True, 150, "technician_cancelled", False),
    ({"status": "expired", "paid_mad": 180}, BEFORE, True, 180, "nobody_came", False),
    ({"status": "confirmed", "paid_mad": 180}, LONG_AFTER, True, 180, "technician_no_show", False),
    ({"status": "confirmed", "paid_mad": 180}, BEFORE, False, 0, "cancel_first", False),
    ({"status": "arrived", "paid_mad": 180}, LONG_AFTER, False, 0, "cancel_first", False),
    ({"status": "done", "paid_mad": 180}, LONG_AFTER, False, 0, "job_done", True),
    ({"status": "done"}, LONG_AFTER, False, 0, "nothing_paid", True),
    ({}, BEFORE, False, 0, "nothing_paid", False),
    ({"paid_mad": 300, "refunded_mad": 150}, BEFORE, True, 150, "cancelled_in_time", True),  # two small ones are one large one
])  # fmt: skip
def test_a_rule_says_what_comes_back(facts: dict[str, Any], now: datetime, eligible: bool, amount: int, rule: str, person: bool) -> None:
    assert decide(now, **facts) == Decision(eligible, Decimal(amount), rule, person)


bookings = st.builds(
    Paid,
    status=st.sampled_from(STATUSES),
    start=st.just(START),
    paid_mad=money,
    fee_mad=st.sampled_from([Decimal(0), Decimal(50)]),
    cancelled_by=st.sampled_from([None, "client", "technician", "support"]),
)


@given(bookings, st.lists(st.one_of(st.none(), money), max_size=8), st.integers(-3000, 3000))
def test_however_often_money_is_asked_back_it_never_exceeds_what_was_paid(booking: Paid, asked: list[Decimal | None], minutes: int) -> None:
    back = Decimal(0)
    for amount in asked:
        now = Paid(booking.status, booking.start, booking.paid_mad, booking.fee_mad, back, booking.cancelled_by)
        decision = refund_eligibility(now, START + timedelta(minutes=minutes), RULES)
        try:
            given_back = checked_amount(decision, amount)
        except DomainError as error:
            assert error.code in ("bad_amount", "not_refundable", "already_refunded")
            continue
        assert 0 < given_back <= decision.amount_mad
        if first_status(given_back, back, RULES) != "requested":
            assert back + given_back <= RULES.refund_without_a_person_up_to_mad
        back += given_back
    assert back <= booking.paid_mad


@given(paid=money, minutes=st.integers(-3000, 50))
def test_cancelling_and_asking_afterwards_give_the_same(paid: Decimal, minutes: int) -> None:
    now = START + timedelta(minutes=minutes)
    out = cancellation(status="confirmed", start=START, now=now, rules=RULES, paid_mad=paid)
    later = refund_eligibility(Paid("cancelled", START, paid, out.fee_mad, cancelled_by="client"), now, RULES)
    assert later.amount_mad == out.refund_mad


@pytest.mark.parametrize("asked", ["0", "-10", "100.01", "1000"])
def test_asking_for_more_than_is_due_or_for_nothing_is_refused_with_the_most(asked: str) -> None:
    with pytest.raises(DomainError) as error:
        checked_amount(decide(paid_mad=100), Decimal(asked))
    assert (error.value.code, error.value.detail["most"]) == ("bad_amount", 100)


def test_the_commission_is_twelve_percent_and_no_setting_takes_more_than_thirty() -> None:
    assert commission(Decimal(300), RULES) == 36 and earning(Decimal(300), RULES) == 264
    assert commission(Decimal(300), MarketRules(commission=Decimal("0.9"))) == 90


@given(st.lists(st.decimals(0, 5000, places=2), max_size=30))
def test_a_statement_adds_up_and_equals_what_was_told_per_job(amounts: list[Decimal]) -> None:
    month = statement("2026-11", amounts, RULES)
    assert month.jobs == len(amounts) and month.gross_mad == sum(amounts)
    assert month.net_mad == month.gross_mad - month.commission_mad == sum(earning(a, RULES) for a in amounts)
    assert month.commission_mad >= 0 and month.net_mad >= 0
