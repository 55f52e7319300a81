"""A quote holds until its minute, shows hurry as a term, and what is offered instead is never dearer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.errors import DomainError
from domain.pricing.estimate import Estimate, Line, estimate
from domain.pricing.quote import Alternative, alternatives, check_guardrails, held, make_quote
from domain.rules import MarketRules

RULES = MarketRules()
NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))
PLAIN, URGENT = estimate(Decimal(300), RULES), estimate(Decimal(300), RULES, urgency="emergency")


def test_a_quote_holds_for_its_hour_and_not_a_second_longer() -> None:
    quote = make_quote(PLAIN, 7, NOW, RULES)
    assert quote.valid_until == NOW + timedelta(minutes=60)
    assert held(quote, quote.valid_until - timedelta(seconds=1)) is quote
    for moment in (quote.valid_until, NOW - timedelta(seconds=1)):
        with pytest.raises(DomainError) as gone:
            held(quote, moment)
        assert gone.value.code == "proposal_gone"


def test_a_quote_repeats_the_estimate_to_the_coin_with_who_made_it() -> None:
    quote = make_quote(PLAIN, 7, NOW, RULES)
    assert (quote.mad, quote.min_mad, quote.max_mad, quote.model_version) == (300, PLAIN.min_mad, PLAIN.max_mad, "rule-1")
    assert sum(line.mad for line in quote.breakdown) == quote.mad
    assert quote.id == make_quote(PLAIN, 7, NOW, RULES).id != make_quote(PLAIN, 8, NOW, RULES).id


def test_hurry_is_a_term_of_the_quote_before_anybody_agrees() -> None:
    assert "uplift" in make_quote(URGENT, 7, NOW, RULES).terms and make_quote(URGENT, 7, NOW, RULES).uplift_pct == 25
    assert "uplift" not in make_quote(PLAIN, 7, NOW, RULES).terms


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (replace(PLAIN, likely_mad=Decimal(305)), "sum"),
        (replace(PLAIN, base_mad=Decimal(400), likely_mad=Decimal(400), breakdown=(Line("visit", Decimal(400)),)), "too_high"),
        (replace(PLAIN, base_mad=Decimal(235), likely_mad=Decimal(235), min_mad=Decimal(200), breakdown=(Line("visit", Decimal(235)),)), "too_low"),
        (replace(PLAIN, likely_mad=Decimal(395), breakdown=(Line("visit", Decimal(300)), Line("emergency", Decimal(95)))), "uplift_too_high"),
        (replace(PLAIN, min_mad=Decimal(310)), "range"),
    ],
)
def test_what_breaks_a_bound_is_never_quoted(wrong: Estimate, kind: str) -> None:
    assert check_guardrails(wrong, Decimal(300))[0].kind == kind
    with pytest.raises(DomainError) as refused:
        make_quote(wrong, 7, NOW, RULES, baseline_mad=Decimal(300))
    assert refused.value.code == "bad_amount" and refused.value.detail["breach"] == kind


def test_a_quote_that_would_never_hold_is_not_made() -> None:
    with pytest.raises(DomainError):
        make_quote(PLAIN, 7, NOW, RULES, valid_min=0)


def test_in_an_emergency_waiting_and_cheaper_people_are_offered_cheapest_first() -> None:
    others = {8: estimate(Decimal(250), RULES, urgency="emergency"), 9: estimate(Decimal(500), RULES)}
    assert alternatives(URGENT, others) == (Alternative("without_hurry", Decimal(300)), Alternative("cheaper_technician", Decimal(310), 8))
    assert alternatives(PLAIN) == ()


@given(st.lists(st.decimals(50, 900, places=0), max_size=8), st.sampled_from(["normal", "emergency"]))
def test_no_alternative_is_as_dear_as_the_quote(rates: list[Decimal], urgency: str) -> None:
    made = estimate(Decimal(300), RULES, urgency=urgency)
    found = alternatives(made, {number: estimate(rate, RULES, urgency=urgency) for number, rate in enumerate(rates)})
    assert len(found) <= 3 and all(a.mad < made.likely_mad for a in found)
    assert [a.mad for a in found] == sorted(a.mad for a in found)
