"""Who is asked first: the order that is worth most, and an honest risk that nobody says yes."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.rules import MarketRules
from domain.scheduling.dispatch import asks_left, cascade, no_response_risk

RULES = MarketRules()
NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))
chance = st.floats(0, 1)
people = st.lists(st.tuples(chance, st.floats(0, 2)), min_size=1, max_size=5)


@given(st.lists(chance, max_size=8), st.integers(0, 8), chance, st.integers(0, 7))
def test_the_risk_falls_with_everybody_who_can_be_asked_and_with_every_chance(yes: list[float], asks: int, better: float, place: int) -> None:
    risk = no_response_risk(yes, asks)
    assert 0 <= risk <= 1
    assert no_response_risk(yes, asks + 1) <= risk
    if place < len(yes):
        raised = [*yes[:place], max(yes[place], better), *yes[place + 1 :]]
        assert no_response_risk(raised, asks) <= risk


def test_who_cannot_be_asked_lowers_no_risk() -> None:
    assert no_response_risk([0.9, 0.9], 0) == no_response_risk([], 5) == 1
    assert no_response_risk([0.5, 0.9], 1) == pytest.approx(0.5)
    assert no_response_risk([0.5, 0.8, 0.9], 2) == pytest.approx(0.1)


@settings(deadline=None)
@given(people, st.integers(1, 6))
def test_no_other_order_is_worth_more(found: list[tuple[float, float]], asks: int) -> None:
    yes, worth = [p for p, _ in found], [w for _, w in found]
    again = 1 - 1 / asks

    def value(order: tuple[int, ...]) -> float:
        total, reached = 0.0, 1.0
        for who in order:
            total += reached * yes[who] * worth[who]
            reached *= again * (1 - yes[who])
        return total

    everybody = range(len(found))
    chosen = cascade(list(everybody), yes, worth, asks)
    assert sorted(chosen) == list(everybody)
    assert value(tuple(chosen)) >= max(map(value, permutations(everybody))) - 1e-9


def test_one_ask_goes_to_who_will_say_yes_and_many_to_who_is_best() -> None:
    ranked, yes, worth = [7, 8], [0.3, 0.9], [1.0, 0.7]
    assert cascade(ranked, yes, worth, asks=1) == [8, 7]
    assert cascade(ranked, yes, worth, asks=50) == [7, 8]


def test_nobody_who_is_alike_loses_their_place() -> None:
    assert cascade([5, 3, 9], [0.6] * 3, [1.0] * 3, asks=4) == [5, 3, 9]


def test_as_many_are_asked_as_time_and_the_rules_allow() -> None:
    assert asks_left(NOW, NOW + timedelta(days=1), RULES) == RULES.offers_at_most
    assert asks_left(NOW, NOW + timedelta(days=1), RULES, asked=4) == 1
    assert asks_left(NOW, NOW + timedelta(minutes=50), RULES) == 2
    assert asks_left(NOW, NOW + timedelta(minutes=50), RULES, "emergency") == RULES.offers_at_most
    assert asks_left(NOW, NOW + timedelta(minutes=5), RULES) == 1  # one is asked all the same, for three minutes
    assert asks_left(NOW, NOW + timedelta(days=1), RULES, asked=5) == 0
