"""Who is answered first at the desk: danger, then pressure, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.engagement.queueing import WEIGHT, Waiting, clock, due, frustration, ordered
from domain.rules import MarketRules
from tests.support.clock import MONDAY

RULES = MarketRules()
CALM = Waiting(1, "asked", "normal", MONDAY - timedelta(minutes=5), MONDAY - timedelta(minutes=5))

waits = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=8))
cases = st.builds(
    lambda number, reason, priority, waited, upset, money: Waiting(number, reason, priority, MONDAY - waited, MONDAY - waited, upset, Decimal(money)),
    st.integers(1, 10**6),
    st.sampled_from(["asked", "unclear", "refund", "damage", "danger"]),
    st.sampled_from(sorted(WEIGHT)),
    waits,
    st.floats(0, 1),
    st.integers(0, 20_000),
)


def first(*some: Waiting) -> Waiting:
    return ordered(some, MONDAY, RULES)[0]


@given(st.lists(cases, max_size=12, unique_by=lambda c: c.id))
def test_danger_stands_before_everything_and_the_order_is_always_the_same(some: list[Waiting]) -> None:
    order = ordered(some, MONDAY, RULES)
    dangers = [c.reason == "danger" for c in order]
    assert dangers == sorted(dangers, reverse=True)
    assert ordered(order[::-1], MONDAY, RULES) == order


@given(cases, st.floats(0.05, 1), st.integers(50, 900))
def test_of_two_like_cases_the_angrier_the_dearer_and_the_longer_waiting_come_first(case: Waiting, more: float, money: int) -> None:
    calm = replace(case, frustration=0, money_mad=Decimal(0), reason="asked")
    other = replace(calm, id=case.id + 1)
    assert first(calm, replace(other, frustration=more)).frustration == more
    assert first(calm, replace(other, money_mad=Decimal(money))).money_mad == money
    assert first(calm, replace(other, since=MONDAY - timedelta(hours=9))).id == other.id


@given(cases)
def test_nobody_starves_however_grave_the_newcomer(case: Waiting) -> None:
    newcomer = Waiting(case.id + 1, "damage", "urgent", MONDAY, MONDAY, 1.0, Decimal(10**6))
    patient = replace(case, reason="asked", since=MONDAY - timedelta(hours=16), opened=MONDAY - timedelta(hours=16))
    assert first(newcomer, patient) == patient


def test_the_clock_turns_from_quiet_over_soon_to_late() -> None:
    assert due(CALM, RULES) == MONDAY + timedelta(minutes=25)
    ages = {0: "ok", 22: "ok", 23: "soon", 29: "soon", 30: "late"}
    assert {m: clock(replace(CALM, since=MONDAY - timedelta(minutes=m)), MONDAY, RULES) for m in ages} == ages
    assert clock(replace(CALM, since=None), MONDAY, RULES) == "quiet"


def test_anger_now_weighs_more_than_anger_before() -> None:
    angry, calm = {"intents": ["complain"], "sentiment": "negative"}, {"intents": ["inform"], "sentiment": "neutral"}
    assert frustration([calm, calm, angry]) > frustration([angry, calm, calm]) > frustration([calm, None, calm]) == 0
    assert frustration([{"intents": ["abuse"], "sentiment": "negative"}]) == 1
    assert frustration([]) == 0
