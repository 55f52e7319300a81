"""What exploring would be worth if every list did it, estimated from lists where a fifth did: the simulator's clients know the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.matching.explore import CAP, best_of, off_policy, show
from evals.market import laws
from evals.market.parameters import numbers_of

W1 = numbers_of("W1", 100)
LISTS, POOL = 500, 6


def last_taken(km: np.ndarray, rating: np.ndarray, reviews: np.ndarray) -> np.ndarray:
    """(lists, places) of people in their order to (lists,): how likely a client of the simulator takes the last one."""
    same, flat = np.ones_like(km), np.zeros((len(km), 1))
    utility = laws.choice_utility(
        W1, day=flat, hour=flat + 10, need=flat.astype(int), price_ratio=same, rating=rating, reviews=reviews, km=km,
        position=np.arange(1, km.shape[1] + 1)[None], verified=same, speaks=same, known=0 * same,
        price_weight=same, quality_weight=same, loyalty=same,
    )  # fmt: skip
    nobody = flat[:, 0]
    outside = laws.outside_utility(W1, day=nobody, need=nobody.astype(int), patience=nobody, range_quote=nobody)
    return laws.choice_probabilities(utility, outside, np.ones(km.shape, bool))[:, -1]


def test_the_estimate_of_exploring_always_agrees_with_the_truth_within_its_interval() -> None:
    rng = np.random.default_rng(5)
    outcome, propensity, target, truth = (np.zeros(LISTS) for _ in range(4))
    for number in range(LISTS):
        km, rating, reviews = rng.uniform(0.3, 9, POOL), rng.uniform(3.8, 5, POOL), rng.integers(0, 200, POOL)
        tried = rng.integers(0, 25, POOL).astype(float)
        done, scores = np.round(tried * 0.85), np.exp(-km / 8) * rating / 5
        found = show(scores, tried, done, share=CAP, number=number, seed=9)
        best = np.lexsort((np.arange(POOL), -scores))
        head, rest = best[:2], best[2:]
        chances = best_of(scores[rest], tried[rest], done[rest])
        rows = np.column_stack([np.tile(head, (len(rest), 1)), rest])
        wins = last_taken(km[rows], rating[rows], reviews[rows])
        truth[number] = chances @ wins
        last = int(np.flatnonzero(rest == found.places[-1])[0])
        outcome[number] = rng.random() < wins[last]
        propensity[number], target[number] = found.propensity[-1], chances[last]
    estimate, low, high = off_policy(outcome, propensity, target)
    assert low <= truth.mean() <= high and high - low < 0.25
    assert low < estimate < high


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.05, 1)), min_size=1, max_size=30))
def test_the_policy_that_logged_is_worth_what_it_got(rows: list[tuple[float, float]]) -> None:
    outcome, propensity = (np.array(column) for column in zip(*rows, strict=True))
    assert off_policy(outcome, propensity, propensity)[0] == pytest.approx(outcome.mean())


def test_a_policy_of_which_nothing_was_tried_has_no_estimate() -> None:
    with pytest.raises(ValueError, match="could show too"):
        off_policy(np.ones(3), np.full(3, 0.2), np.zeros(3))
