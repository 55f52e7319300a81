"""When jobs compete for people, the whole is worth as much as it can be, and nobody is in two places."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.matching.assign import assign, greedy

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(10, 14), st.integers(0, 20)), max_size=14, unique_by=lambda pair: pair[:2])


def split(found: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(np.array([pair[i] for pair in found], kind) for i, kind in enumerate((np.int64, np.int64, float)))  # type: ignore[return-value]


def possible(job: np.ndarray, technician: np.ndarray, taken: np.ndarray) -> bool:
    return len(set(job[taken])) == len(taken) == len(set(technician[taken]))


@settings(max_examples=80, deadline=None)
@given(found=pairs)
def test_no_other_choice_of_pairs_is_worth_more(found: list[tuple[int, int, int]]) -> None:
    job, technician, value = split(found)
    taken = assign(job, technician, value)
    assert possible(job, technician, taken)
    choices = (np.flatnonzero(keep) for keep in product((False, True), repeat=min(len(found), 10)))
    best = max(value[some].sum() for some in choices if possible(job, technician, some))
    assert value[taken].sum() >= best - 1e-6
    other = greedy(job, technician, value)
    assert possible(job, technician, other) and value[taken].sum() + 1e-6 >= value[other].sum() >= value[taken].sum() / 2 - 1e-6


def test_a_job_with_one_choice_is_not_robbed_by_one_with_two() -> None:
    job, technician, value = np.array([1, 1, 2]), np.array([7, 8, 7]), np.array([0.9, 0.8, 0.7])
    assert assign(job, technician, value).tolist() == [1, 2] and greedy(job, technician, value).tolist() == [0]


def test_on_a_busy_morning_it_fills_more_jobs_than_first_come() -> None:
    rng = np.random.default_rng(3)
    job = np.repeat(np.arange(400), 6)
    technician, value = rng.integers(0, 350, len(job)), rng.uniform(0.2, 0.9, len(job))
    best, first = assign(job, technician, value), greedy(job, technician, value)
    assert len(best) > len(first) and value[best].sum() > 1.02 * value[first].sum()


def test_nothing_to_do_is_nothing_done() -> None:
    none = np.empty(0, np.int64)
    assert len(assign(none, none, np.empty(0))) == 0 == len(greedy(none, none, np.empty(0)))


@pytest.mark.parametrize("value", [[-0.1, 0.2], [np.nan, 0.1], [0.5]])
def test_values_that_make_no_sense_are_refused(value: list[float]) -> None:
    with pytest.raises(ValueError, match=r"not negative|give one of each"):
        assign(np.array([1, 2]), np.array([1, 2]), np.array(value))
