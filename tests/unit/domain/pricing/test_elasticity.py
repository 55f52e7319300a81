"""Randomised price steps tell what price does to choice, where a plain regression is fooled by who asks more."""

from __future__ import annotations

import numpy as np
import pytest

from domain.pricing.elasticity import elasticity, naive

TRUE = -1.2


def lists(seed: int, count: int = 4000) -> tuple[np.ndarray, ...]:
    """Better technicians ask more and are chosen more; the drawn step lowers choice by `TRUE` per cent a per cent."""
    rng = np.random.default_rng(seed)
    quality, step = rng.standard_normal(count), np.log1p(rng.choice([-0.1, 0.0, 0.1], count, p=[0.25, 0.5, 0.25]))
    share = 0.5 * np.exp(TRUE * step) + 0.12 * quality
    chosen = rng.random(count) < np.clip(share, 0, 1)
    return chosen, step, np.full(count, (np.log(0.9) + np.log(1.1)) / 4), quality[:, None], step + 0.1 * quality


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    found = [elasticity(*lists(seed)[:4]) for seed in range(120)]
    assert 0.88 <= np.mean([e.ci_low <= TRUE <= e.ci_high for e in found]) <= 1.0
    assert np.mean([e.value for e in found]) == pytest.approx(TRUE, abs=0.1)


def test_the_naive_regression_even_has_the_wrong_sign() -> None:
    chosen, *_, ratio = lists(0)
    assert naive(chosen, ratio) > 0


@pytest.mark.parametrize(("count", "step", "why"), [(50, None, "at least 200"), (500, 0.0, "same step")])
def test_what_cannot_tell_is_refused(count: int, step: float | None, why: str) -> None:
    chosen, log_step, expected, facts, _ = lists(0, count)
    with pytest.raises(ValueError, match=why):
        elasticity(chosen, log_step if step is None else np.zeros(count), expected, facts)
