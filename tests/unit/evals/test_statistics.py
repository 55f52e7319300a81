"""pass^k, its interval and the paired tests say what their definitions say."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.report.stats import mcnemar, paired_difference, pass_hat, quantile, wilson

outcomes = st.lists(st.booleans(), min_size=1, max_size=8)


@given(outcomes, st.integers(1, 8))
def test_pass_hat_is_the_share_of_k_trials_drawn_that_all_pass(trials: list[bool], k: int) -> None:
    if k > len(trials):
        with pytest.raises(ValueError, match="needs at least"):
            pass_hat(sum(trials), len(trials), k)
        return
    drawn = list(combinations(trials, k))
    assert pass_hat(sum(trials), len(trials), k) == pytest.approx(sum(all(draw) for draw in drawn) / len(drawn))


@given(st.floats(0, 1), st.integers(1, 5000))
def test_an_interval_holds_its_share_and_narrows_with_more_scenarios(share: float, n: int) -> None:
    low, high = wilson(share, n)
    assert 0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1 + 1e-9
    wider = wilson(share, max(1, n // 4))
    assert wider[1] - wider[0] >= high - low - 1e-9


def test_a_perfect_run_is_no_proof_of_perfection() -> None:
    low, high = wilson(1.0, 300)
    assert high == pytest.approx(1.0) and low == pytest.approx(0.9874, abs=1e-4)


@given(st.integers(0, 60), st.integers(0, 60))
def test_losing_and_winning_are_judged_alike(lost: int, won: int) -> None:
    assert mcnemar(lost, won) == mcnemar(won, lost) <= 1


@pytest.mark.parametrize(("lost", "won", "p"), [(0, 0, 1.0), (1, 0, 1.0), (6, 0, 0.03125), (10, 0, 0.001953125), (9, 3, 0.14599609375)])
def test_known_values_of_the_exact_test(lost: int, won: int, p: float) -> None:
    assert mcnemar(lost, won) == pytest.approx(p)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_paired_difference_lies_in_its_interval_and_turns_its_sign(pairs: list[tuple[float, float]]) -> None:
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    mean, low, high = paired_difference(before, after)
    assert -1 - 1e-9 <= low <= high <= 1 + 1e-9
    assert paired_difference(after, before)[0] == pytest.approx(-mean)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_between_the_smallest_and_the_largest(values: list[float], q: float) -> None:
    assert min(values) - 1e-6 <= quantile(values, q) <= max(values) + 1e-6
