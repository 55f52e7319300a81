"""Learnt ranges stay inside the rule's bounds whatever was learnt, and nothing about the client is an input."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import to_utc
from domain.pricing import cost_model
from domain.pricing.estimate import estimate
from domain.pricing.learnt import Known, priced
from domain.pricing.offsets import STEPS, technician_price
from domain.pricing.quote import check_guardrails
from domain.rules import MarketRules
from tests.support.visits import tables

RULES = MarketRules()
NOW = to_utc(datetime.fromisoformat("2026-11-23T10:00"))
NODES = sorted(cost_model._catalogue())
#: What may never price a job: who the client is, how they write, feel, pay or where they come from.
PERSONAL = {"client", "locale", "language", "script", "sentiment", "mood", "district", "city", "origin", "income", "gender", "woman", "channel"}


@dataclass
class Taught:
    """A model that says whatever it likes."""

    low: float
    likely: float
    high: float
    version: str = "cost-wild"

    def ratios(self, inputs: np.ndarray) -> np.ndarray:
        return np.sort(np.array([[self.low, self.likely, self.high]]), axis=1)


anything = st.floats(0.02, 50)
models = st.one_of(st.none(), st.builds(Taught, anything, anything, anything))


@settings(max_examples=10_000, deadline=None)
@given(
    st.decimals(20, 3000, places=2),
    st.sampled_from(NODES),
    st.floats(0.3, 8),
    models,
    st.integers(1, 50),
    st.sampled_from(["normal", "high", "emergency"]),
    st.one_of(st.none(), st.integers(0, 60 * 72)),
    st.sampled_from(STEPS),
    st.decimals(0, 1, places=2),
)
def test_no_guardrail_breaks_in_ten_thousand_cases(
    rate: Decimal, node: str, factor: float, model: Taught | None, quantity: int, urgency: str, minutes: int | None, step: float, uplift: Decimal
) -> None:
    rules = MarketRules(emergency_uplift_max=uplift)
    hurry = {"quantity": quantity, "urgency": urgency, "start": None if minutes is None else NOW + timedelta(minutes=minutes), "now": NOW}
    made = priced(rate, rules, node=node, price_factor=round(factor, 2), model=model, **hurry)  # type: ignore[arg-type]
    rule = priced(rate, rules, node=node, price_factor=round(factor, 2), **hurry)  # type: ignore[arg-type]
    assert rule.base_mad * Decimal("0.8") <= made.base_mad <= rule.base_mad * Decimal("1.3")
    assert check_guardrails(made, rule.base_mad) == ()
    offer = technician_price(made, step)
    assert -0.20 <= offer.offset <= 0.30
    assert check_guardrails(offer.estimate, made.base_mad) == ()
    assert offer.mad <= made.base_mad * Decimal("1.3") or offer.mad == made.likely_mad
    assert sum(line.mad for line in offer.estimate.breakdown) == offer.mad
    assert made.uplift_pct <= 30


def test_without_a_model_it_is_the_rule_to_the_coin() -> None:
    assert priced(Decimal(300), RULES, node="plumbing.tap_leak") == estimate(Decimal(300), RULES)


def test_the_estimate_says_which_model_made_it() -> None:
    made = priced(Decimal(300), RULES, node="plumbing.tap_leak", model=Taught(0.7, 1.1, 1.6))  # type: ignore[arg-type]
    assert made.model_version == "cost-wild"
    assert (made.min_mad, made.likely_mad, made.max_mad) == (210, 330, 480)
    assert [(line.label, line.mad) for line in made.breakdown] == [("visit", 300), ("harder_job", 30)]


def test_no_input_of_the_model_or_of_a_quote_tells_one_client_from_another() -> None:
    words = {word for name in (*cost_model.FEATURES.names, *vars(Known())) for word in name.split("_")}
    assert PERSONAL.isdisjoint(words)
    read = {name for table in cost_model.TABLES.values() for name in table}
    assert "client_id" not in read and PERSONAL.isdisjoint(read)


def test_other_clients_behind_the_same_jobs_leave_every_example_as_it_was() -> None:
    plain, told = tables(300), tables(300)
    rng = np.random.default_rng(0)
    told["requests"] |= {
        "client_id": rng.permutation(300),
        "district": rng.choice(np.array(["maarif", "sidi_moumen"], object), 300),
        "sentiment": rng.choice(np.array(["angry", "glad"], object), 300),
    }
    np.testing.assert_array_equal(cost_model.rows(plain).inputs, cost_model.rows(told).inputs)


def test_training_and_serving_read_a_job_alike() -> None:
    found = cost_model.rows(tables(300))
    row = found.inputs[-1]
    named = dict(zip(cost_model.FEATURES.names, row, strict=True))
    facts = {name: named[name] for name in ("described", "hurry", "over_usual", "technician_ratio", "node_ratio", "service_ratio")}
    node = tables(300)["bookings"]["node"][found.extra["request_id"][-1]]
    np.testing.assert_array_equal(cost_model.one(node=node, technician_jobs=int(named["technician_jobs"]), **facts)[0], row)


def test_a_job_that_the_catalogue_does_not_know_has_no_facts() -> None:
    with pytest.raises(KeyError):
        cost_model.one(node="plumbing.nothing_of_the_kind")
