"""A technician's own price: steps that stay inside, a rule that only goes down, and a learner that finds the best step."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from domain.pricing.estimate import estimate
from domain.pricing.offsets import CONTEXTS, KEEP, STEPS, QLearning, Thompson, context, rule_step, technician_price
from domain.rules import MarketRules

RULES = MarketRules()


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_a_line_of_its_own_and_stays_inside(step: float) -> None:
    offer = technician_price(estimate(Decimal(300), RULES), step)
    assert offer.mad == Decimal(300) * (1 + Decimal(str(step)))
    assert (offer.estimate.breakdown[-1].label == "technician_offset") is bool(step)


def test_hurry_costs_the_same_share_of_a_lower_price() -> None:
    urgent = estimate(Decimal(300), RULES, urgency="emergency")
    assert [(line.label, line.mad) for line in technician_price(urgent, -0.20).estimate.breakdown] == [
        ("visit", 300), ("technician_offset", -60), ("emergency", 60),
    ]  # fmt: skip


def test_hurry_and_a_step_up_together_never_pass_thirty_percent() -> None:
    urgent = estimate(Decimal(300), RULES, urgency="emergency")
    assert technician_price(urgent, 0.30).mad == 390 and urgent.likely_mad == 375
    assert technician_price(urgent, -0.20).mad == 300


@pytest.mark.parametrize("step", [-0.21, 0.31, 1.0])
def test_a_step_outside_is_refused(step: float) -> None:
    with pytest.raises(ValueError, match="offset"):
        technician_price(estimate(Decimal(300), RULES), step)


def test_the_rule_only_lowers_who_is_idle() -> None:
    idle, full = context(np.array([0.1, 0.9]), np.array([False, True]), np.array([True, False]))
    assert list(rule_step(np.array([idle, full]))) == [STEPS.index(-0.10), KEEP]
    assert 0 <= idle < CONTEXTS and 0 <= full < CONTEXTS and idle != full


@pytest.mark.parametrize("make", [Thompson, lambda: QLearning(rate=0.01)])
def test_a_learner_finds_the_best_step_of_each_context(make: type[Thompson]) -> None:
    rng = np.random.default_rng(1)
    best = np.array([1, 5])
    learner = make()
    for _ in range(60):
        contexts = rng.integers(0, 2, 200)
        steps = learner.draw(contexts, rng)
        chance = 0.5 - 0.08 * np.abs(steps - best[contexts])
        learner.learn(contexts, steps, (rng.random(200) < chance).astype(float))
    assert np.abs(learner.best(np.array([0, 1])) - best).max() <= 1


def test_thompson_wastes_less_and_less() -> None:
    rng, learner, taken = np.random.default_rng(0), Thompson(), []
    for _ in range(60):
        steps = learner.draw(np.zeros(100, np.int64), rng)
        learner.learn(np.zeros(100, np.int64), steps, (rng.random(100) < 0.6 - 0.1 * np.abs(steps - 4)).astype(float))
        taken.append(np.abs(steps - 4).mean())
    assert np.mean(taken[-10:]) < 0.4 * np.mean(taken[:3])
