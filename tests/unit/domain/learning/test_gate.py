"""Only a model that really beats its rule gets through; noise, luck in one world and broken guardrails do not."""

from __future__ import annotations

import numpy as np
import pytest

from domain.learning.gate import Decision, Trial, decide

WORLDS = ("W1", "W2", "W3")


def trials(gain: float | dict[str, float], seed: int = 0, *, seeds: int = 5, noise: float = 0.02) -> list[Trial]:
    """Rule 1.0 and truth 0.8 plus what a seed adds to both; the model gains `gain` over the rule, with noise of its own."""
    rng = np.random.default_rng(seed)
    found = []
    for world in WORLDS:
        better = gain[world] if isinstance(gain, dict) else gain
        for number in range(seeds):
            common = rng.normal(0, 0.1)
            found.append(Trial(world, number, 1 + common - better + rng.normal(0, noise), 1 + common, 0.8 + common))
    return found


def test_a_model_that_is_better_everywhere_serves_with_its_interval() -> None:
    found = decide(trials(0.1))
    assert found.serves and found.gap_closed == pytest.approx(0.5, abs=0.1)
    assert 0 < found.ci[0] < found.gap_closed < found.ci[1]


def test_a_model_that_is_the_rule_in_disguise_passes_at_most_one_time_in_twenty() -> None:
    assert sum(decide(trials(0.0, seed)).serves for seed in range(200)) <= 10


def test_a_planted_worse_model_never_passes() -> None:
    assert not any(decide(trials(-0.03, seed)).serves for seed in range(100))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (decide(trials({"W1": 0.19, "W2": -0.02, "W3": 0.19})), "not better than its rule in W2"),
        (decide(trials(0.1, seeds=4)), "measured on 3 worlds x 4 seeds"),
        (decide([t for t in trials(0.1) if t.world != "W2"]), "measured on 2 worlds x 5 seeds"),
        (decide(trials(0.1), {"coverage": True, "parity": False}), "guardrail broken: parity"),
        (decide([Trial(w, s, 0.9, 1.0, 1.0) for w in WORLDS for s in range(5)]), "nothing is left to learn"),
        (decide(trials(0.0)), "interval reaches zero"),
    ],
)
def test_what_stays_off_says_why(found: Decision, why: str) -> None:
    assert not found.serves and why in found.reason


def test_nothing_measured_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="no trials"):
        decide([])
