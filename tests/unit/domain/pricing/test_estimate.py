"""Prices: what a technician asks, lines that add up, bounds that nothing breaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.errors import DomainError
from domain.pricing.estimate import baseline, checked_change, estimate, needs_person, rounded
from domain.rules import MarketRules

RULES = MarketRules()
NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))

rates = st.decimals(20, 3000, places=2)
factors = st.tuples(*[st.decimals("0.3", "4", places=2)] * 3).map(lambda t: tuple(sorted(t)))
hurry = st.sampled_from(["normal", "high", "emergency"])
delays = st.one_of(st.none(), st.integers(0, 60 * 72))


def test_a_usual_small_job_costs_the_technicians_rate() -> None:
    quote = estimate(Decimal(300), RULES, start=NOW + timedelta(days=1), now=NOW)
    assert (quote.likely_mad, quote.uplift_pct) == (300, 0)
    assert quote.min_mad < 300 < quote.max_mad
    assert [(line.label, line.mad) for line in quote.breakdown] == [("visit", 300)]


def test_more_pieces_cost_less_than_as_many_visits() -> None:
    one, three = (estimate(Decimal(200), RULES, quantity=n).likely_mad for n in (1, 3))
    assert one < three < 3 * one


@pytest.mark.parametrize(
    ("urgency", "minutes", "label"), [("emergency", 0, "emergency"), ("normal", 60, "short_notice"), ("emergency", 60 * 48, "emergency")]
)
def test_short_notice_is_a_line_of_its_own(urgency: str, minutes: int, label: str) -> None:
    quote = estimate(Decimal(300), RULES, urgency=urgency, start=NOW + timedelta(minutes=minutes), now=NOW)
    assert quote.breakdown[-1].label == label and quote.likely_mad > quote.base_mad == 300 and 0 < quote.uplift_pct <= 30


def test_wanting_it_soon_costs_nothing_when_the_visit_is_not_soon() -> None:
    assert estimate(Decimal(300), RULES, urgency="high", start=NOW + timedelta(hours=5), now=NOW).likely_mad == 300


@given(rates, factors, st.integers(1, 50), hurry, delays)
def test_the_breakdown_adds_up_to_the_likely_price_within_the_range(rate: Decimal, factor, quantity: int, urgency: str, delay: int | None) -> None:  # type: ignore[no-untyped-def]
    start = None if delay is None else NOW + timedelta(minutes=delay)
    quote = estimate(rate, RULES, factor=factor, quantity=quantity, urgency=urgency, start=start, now=NOW)
    assert sum(line.mad for line in quote.breakdown) == quote.likely_mad
    assert 0 < quote.min_mad <= quote.likely_mad <= quote.max_mad
    assert quote.likely_mad % 5 == quote.min_mad % 5 == quote.max_mad % 5 == 0
    assert quote.base_mad <= quote.likely_mad <= quote.base_mad * Decimal("1.3")


@given(rates, hurry, st.decimals(0, 5, places=2))
def test_no_rule_file_lifts_the_uplift_above_thirty_percent(rate: Decimal, urgency: str, allowed: Decimal) -> None:
    quote = estimate(rate, MarketRules(emergency_uplift_max=allowed), urgency=urgency)
    assert quote.likely_mad <= quote.base_mad * min(1 + allowed, Decimal("1.3"))


@given(rates, factors, st.integers(1, 20))
def test_a_dearer_rate_is_never_a_cheaper_quote(rate: Decimal, factor, quantity: int) -> None:  # type: ignore[no-untyped-def]
    less, more = (estimate(r, RULES, factor=factor, quantity=quantity).likely_mad for r in (rate, rate + 50))
    assert less <= more


@pytest.mark.parametrize(
    ("rate", "quantity", "code"), [(0, 1, "bad_amount"), (-5, 1, "bad_amount"), (100, 0, "bad_amount"), (100, 10_000, "bad_amount")]
)
def test_what_has_no_price_is_refused(rate: int, quantity: int, code: str) -> None:
    with pytest.raises(DomainError) as error:
        estimate(Decimal(rate), RULES, quantity=quantity)
    assert error.value.code == code


def test_a_service_we_do_not_offer_has_no_price() -> None:
    assert baseline("plumbing") > 0
    with pytest.raises(DomainError) as error:
        baseline("astrology")
    assert error.value.code == "unknown_service"


@pytest.mark.parametrize(("asked", "person"), [(240, False), (239, True), (300, False), (390, False), (391, True), (2000, True)])
def test_a_changed_price_outside_minus_twenty_and_plus_thirty_percent_needs_a_person(asked: int, person: bool) -> None:
    assert needs_person(checked_change(Decimal(asked), Decimal(300)), Decimal(300)) is person


@pytest.mark.parametrize("asked", [0, -1, 3001])
def test_a_changed_price_that_is_no_price_is_refused(asked: int) -> None:
    with pytest.raises(DomainError) as error:
        checked_change(Decimal(asked), Decimal(300))
    assert error.value.code == "bad_amount"


@pytest.mark.parametrize(("exact", "said"), [("1", 5), ("257.4", 255), ("257.5", 260), ("612", 610), ("497.6", 500)])
def test_prices_are_said_in_coins_people_have(exact: str, said: int) -> None:
    assert rounded(Decimal(exact)) == said
