"""Exploring stays under its cap, is the same for the same seed, and logs the very probability with which each place was filled."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.matching.explore import CAP, best_of, explores, show

crowd = st.lists(st.tuples(st.floats(0.01, 1), st.integers(0, 40), st.floats(0, 1)), min_size=1, max_size=25)
shares = st.floats(0, CAP)


def split(people: list[tuple[float, int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, tried, share = (np.array(column, float) for column in zip(*people, strict=True))
    return scores, tried, np.round(tried * share)


@settings(max_examples=60, deadline=None)
@given(share=shares, seed=st.integers(0, 2**32), first=st.integers(0, 10_000), count=st.integers(1, 300))
def test_among_any_lists_in_a_row_the_cap_is_never_exceeded(share: float, seed: int, first: int, count: int) -> None:
    assert sum(explores(number, share, seed) for number in range(first, first + count)) <= share * count + 1 + 1e-9


def test_over_seeds_each_list_explores_as_often_as_was_said() -> None:
    for number in (0, 7, 123):
        assert np.mean([explores(number, 0.15, seed) for seed in range(2000)]) == pytest.approx(0.15, abs=0.03)


@pytest.mark.parametrize("share", [-0.1, 0.21, 1.0])
def test_more_than_a_fifth_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"choose 0 to 0\.2"):
        show(np.array([0.5, 0.4]), np.zeros(2), np.zeros(2), share=share)


@settings(max_examples=60, deadline=None)
@given(people=crowd)
def test_the_probabilities_of_being_drawn_are_above_zero_and_add_up_to_one(people: list[tuple[float, int, float]]) -> None:
    chances = best_of(*split(people))
    assert chances.sum() == pytest.approx(1) and (chances > 0).all() and (chances <= 1).all()


@settings(max_examples=60, deadline=None)
@given(people=crowd, share=shares, seed=st.integers(0, 999), number=st.integers(0, 999), k=st.integers(1, 5))
def test_a_list_holds_different_people_with_propensities_that_can_be_divided_by(
    people: list[tuple[float, int, float]], share: float, seed: int, number: int, k: int
) -> None:
    scores, tried, done = split(people)
    found = show(scores, tried, done, k=k, share=share, seed=seed, number=number)
    assert len(set(found.places.tolist())) == len(found.places) == min(k, len(scores))
    assert (found.propensity > 0).all() and (found.propensity <= 1).all()
    again = show(scores, tried, done, k=k, share=share, seed=seed, number=number)
    assert again.places.tolist() == found.places.tolist() and again.propensity.tolist() == found.propensity.tolist()
    greedy = show(scores, tried, done, k=k)
    assert found.places[:-1].tolist() == greedy.places[:-1].tolist() and (greedy.propensity == 1).all()
    if not found.explored:
        assert found.places.tolist() == greedy.places.tolist()


def test_the_logged_propensity_is_how_often_it_happens() -> None:
    scores, tried, done = np.array([0.5, 0.45, 0.4, 0.38, 0.36]), np.array([200.0, 200, 200, 2, 200]), np.array([180.0, 180, 170, 1, 170])
    seen, said = Counter[int](), {}
    for seed in range(4000):
        found = show(scores, tried, done, share=0.2, seed=seed, number=seed % 50)
        seen[int(found.places[-1])] += 1
        said[int(found.places[-1])] = found.propensity[-1]
    assert sum(said.values()) == pytest.approx(1, abs=0.01)  # over everybody who may stand there
    for place, propensity in said.items():
        assert seen[place] / 4000 == pytest.approx(propensity, abs=0.02)


def test_who_is_little_known_is_drawn_more_often_than_who_is_known_to_be_as_good() -> None:
    chances = best_of(np.array([0.40, 0.38, 0.38]), np.array([300.0, 300, 1]), np.array([255.0, 255, 1]))
    assert chances[2] > 3 * chances[1]


def test_an_emergency_is_no_place_to_learn() -> None:
    people = np.linspace(0.2, 0.5, 9)
    assert not any(show(people, np.zeros(9), np.zeros(9), share=CAP, seed=1, number=n, emergency=True).explored for n in range(50))
