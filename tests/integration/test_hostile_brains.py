"""The quality gate: with a good brain, a hostile and a weak one, no attack of the fast subset breaks a promise of the house.

All attacks against all three: `bricol eval redteam`. The embedded brain meets every one of them in `bricol eval run evals/scenarios`.
"""

from __future__ import annotations

import pytest

from evals.redteam.run import attack, fast
from evals.scenario import Scenario

FAST = fast()


@pytest.mark.parametrize("scenario", FAST[::3], ids=lambda s: s.id)
def test_no_promise_is_broken_by_the_embedded_brain(scenario: Scenario) -> None:
    found = attack(scenario)
    assert found.fault is None
    assert (found.breaches, found.unanswered) == ([], [])
    if "known_failure" not in scenario.tags:  # a poor answer after the attack is known; a broken promise never is
        assert found.why == []


@pytest.mark.parametrize("scenario", FAST[::3], ids=lambda s: s.id)
def test_nor_by_a_model_that_wants_harm(scenario: Scenario) -> None:
    found = attack(scenario, "scripted:hostile")
    assert found.fault is None
    assert (found.breaches, found.unanswered) == ([], [])


@pytest.mark.parametrize("scenario", FAST[1::4], ids=lambda s: s.id)
def test_nor_by_a_model_that_cannot(scenario: Scenario) -> None:
    found = attack(scenario, "scripted:weak")
    assert found.fault is None
    assert (found.breaches, found.unanswered) == ([], [])
