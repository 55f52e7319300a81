from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market.slates import draw_places, policy

POOL = 8
SCORES = arrays(float, (6, POOL), elements=st.floats(-5, 5))
FREE = arrays(bool, (6, POOL))


@settings(deadline=None)
@given(SCORES, FREE, st.just(0.0) | st.floats(0.01, 0.2))
def test_propensities_add_up_to_one_wherever_somebody_is_free(scores: np.ndarray, free: np.ndarray, epsilon: float) -> None:
    chance = policy(scores, free, epsilon)
    assert np.allclose(chance.sum(axis=1), free.any(axis=1))
    assert (chance[~free] == 0).all()
    if epsilon > 0:
        assert (chance[free] > 0).all()  # everybody free might be shown: off-policy estimates need it


@settings(deadline=None)
@given(SCORES, FREE, st.integers(0, 9))
def test_a_list_holds_free_people_once_each(scores: np.ndarray, free: np.ndarray, seed: int) -> None:
    picks, chances, _ = draw_places(scores, free, 5, 0.15, np.random.default_rng(seed))
    for row, picked in enumerate(picks):
        shown = picked[picked >= 0]
        assert len(set(shown)) == len(shown) == min(5, free[row].sum())
        assert free[row, shown].all()
        assert ((chances[row] > 0) == (picked >= 0)).all()


def test_draws_follow_the_logged_propensities() -> None:
    rng = np.random.default_rng(4)
    scores = np.tile(np.array([[0.3, 2.0, 1.0, -1.0, 0.5]]), (40_000, 1))
    free = np.ones(scores.shape, bool)
    picks, chances, explored = draw_places(scores, free, 2, 0.2, rng)
    first = np.bincount(picks[:, 0], minlength=5) / len(picks)
    assert np.allclose(first, policy(scores[:1], free[:1], 0.2)[0], atol=0.01)
    # weighted by 1 / propensity, every technician counts as one list: what makes the log usable for other policies
    for technician in range(5):
        assert abs(((picks[:, 0] == technician) / chances[:, 0]).mean() - 1) < 0.1
    assert abs(explored[:, 0].mean() - 0.2 * 4 / 5) < 0.01


def test_the_first_place_is_explored_as_often_as_promised(oracle: Oracle) -> None:
    items, slates = (read(oracle.folder, name) for name in ("slate_items", "slates"))
    top = items["position"] == 1
    ranked = (slates["source"] == "list")[items["slate_id"][top]]
    drawn = items["explored"][top][ranked]
    pool = slates["pool"][items["slate_id"][top][ranked]]
    promised = 0.15 * (1 - 1 / pool)
    assert abs(drawn.sum() - promised.sum()) < 4 * np.sqrt((promised * (1 - promised)).sum())


def test_no_more_people_are_shown_than_were_free(oracle: Oracle) -> None:
    slates = read(oracle.folder, "slates")
    assert (slates["shown"] == np.minimum(5, slates["pool"])).all()


def test_price_steps_come_as_often_as_logged(oracle: Oracle) -> None:
    slates = read(oracle.folder, "slates")
    ranked = slates["source"] == "list"
    for step, share in ((-0.1, 0.1), (0.0, 0.8), (0.1, 0.1)):
        of = ranked & np.isclose(slates["offset"], step)
        assert np.allclose(slates["offset_propensity"][of], share)
        assert abs(of.sum() / ranked.sum() - share) < 4 * np.sqrt(share * (1 - share) / ranked.sum())
