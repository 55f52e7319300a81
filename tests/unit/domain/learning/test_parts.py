"""Ranges that keep their word, trees that say what their library says, predictions that are told once, and what a person should label next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from domain.learning import label_queue
from domain.learning.conformal import margins, winkler
from domain.learning.predictions import Prediction, known, live
from domain.learning.trees import Trees, save

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_range_that_was_far_too_narrow_holds_what_it_claims_afterwards() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        true, later = rng.exponential(1, 400), rng.exponential(1, 400)
        below, above = margins(np.full(400, 0.9), np.full(400, 1.1), true)
        held.append(((later >= 0.9 - below) & (later <= 1.1 + above)).mean())
    assert 0.945 <= np.mean(held) <= 0.965


def test_a_range_that_was_too_wide_gets_narrower() -> None:
    true = np.random.default_rng(0).uniform(0, 1, 1000)
    below, above = margins(np.full(1000, -5.0), np.full(1000, 5.0), true)
    assert -5.1 < below < -4.9 and -4.1 < above < -3.9


def test_too_few_rows_promise_nothing() -> None:
    assert margins(np.zeros(30), np.ones(30), np.full(30, 0.5)) == (float("inf"), float("inf"))


@given(st.floats(-3, 3), st.floats(0, 3), st.floats(-6, 6))
def test_the_interval_score_is_the_width_plus_forty_times_what_lies_outside(low: float, width: float, true: float) -> None:
    outside = max(low - true, true - low - width, 0)
    assert winkler(np.array([low]), np.array([low + width]), np.array([true]))[0] == pytest.approx(width + 40 * outside, abs=1e-9)


@pytest.fixture(scope="module")
def booster() -> tuple[HistGradientBoostingRegressor, np.ndarray]:
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(600, 4))
    inputs[rng.random(inputs.shape) < 0.1] = np.nan
    target = np.nan_to_num(inputs[:, 0]) + (np.nan_to_num(inputs[:, 1]) > 0) + rng.normal(size=600)
    return HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=30, random_state=0).fit(inputs, target), inputs


def test_trees_say_exactly_what_their_library_says_also_of_what_is_unknown(booster: tuple[HistGradientBoostingRegressor, np.ndarray]) -> None:
    model, inputs = booster
    np.testing.assert_allclose(Trees.of(model).predict(inputs), model.predict(inputs), rtol=0, atol=1e-12)
    assert Trees.of(model).predict(inputs[:0]).shape == (0,)


def test_an_attribution_is_the_shapley_value_and_adds_up(booster: tuple[HistGradientBoostingRegressor, np.ndarray]) -> None:
    model, inputs = booster
    trees, asked, usual = Trees.of(model), inputs[:4], inputs[50:60]
    found = trees.attribution(asked, usual)
    np.testing.assert_allclose(found.sum(axis=1), trees.predict(asked) - trees.predict(usual).mean(), atol=1e-12)

    def answer(row: np.ndarray, known: tuple[int, ...]) -> float:
        mixed = usual.copy()
        mixed[:, list(known)] = row[list(known)]
        return float(trees.predict(mixed).mean())

    for number, row in enumerate(asked):
        for name in range(4):
            rest = [other for other in range(4) if other != name]
            by_hand = sum(
                factorial(size) * factorial(3 - size) / 24 * (answer(row, (*known, name)) - answer(row, known))
                for size in range(4)
                for known in combinations(rest, size)
            )
            assert found[number, name] == pytest.approx(by_hand, abs=1e-12)


def test_a_stored_model_gives_the_same_scores_bit_for_bit_and_the_same_file(
    booster: tuple[HistGradientBoostingRegressor, np.ndarray], tmp_path: Path
) -> None:
    model, inputs = booster
    trees = Trees.of(model)
    save(tmp_path / "a.npz", trees.arrays("x"))
    save(tmp_path / "b.npz", trees.arrays("x"))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        np.testing.assert_array_equal(Trees.read(stored, "x").predict(inputs), trees.predict(inputs))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_an_outcome_is_told_once_and_never_before_its_prediction() -> None:
    said = Prediction("cost", "1", "booking:BR-1", NOW, known({"described": float("nan"), "hurry": 0.1}), 1.0, 0.8, 1.3)
    assert said.inside is None and said.features == {"described": None, "hurry": 0.1}
    later = said.came_true(1.2, NOW + timedelta(days=1))
    assert later.inside and not said.came_true(1.4, NOW).inside
    with pytest.raises(ValueError, match="known already"):
        later.came_true(1.0, NOW + timedelta(days=2))
    with pytest.raises(ValueError, match="mend the dates"):
        said.came_true(1.0, NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"propensity": 0.0},
        {"value": float("nan")},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 it is the fault
        {"entity": "client:+212661000101"},
        {"extra": {"issue": "lma kaysil 3end Salma"}},
    ],
)
def test_a_prediction_that_makes_no_sense_or_names_a_person_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Prediction(**({"model": "m", "version": "1", "entity": "offer:1", "at": NOW, "features": {}, "value": 1.0} | wrong))  # type: ignore[arg-type]


def test_live_figures_are_of_what_came_true_alone() -> None:
    told = [Prediction("cost", "rule", f"booking:BR-{n}", NOW, {}, 300.0 + n, 250.0, 420.0) for n in range(100)]
    (silent,) = live(told)
    assert (silent.told, silent.known, silent.inside, silent.off, silent.reliability) == (100, 0, None, None, ())
    done = [each.came_true(each.value * 1.1 if n % 10 else 1000.0, NOW) for n, each in enumerate(told[:60])]
    (some,) = live([*done, *told[60:]])
    assert (some.told, some.known) == (100, 60) and some.inside is not None and some.inside[1] < 0.9 == some.inside[0] < some.inside[2]
    assert some.off == pytest.approx(1.1) and sum(row["rows"] for row in some.reliability) == 60
    assert [row["said"] for row in some.reliability] == sorted(row["said"] for row in some.reliability)


def test_a_person_is_asked_about_what_is_unsure_and_about_each_kind_once() -> None:
    chances = np.array([[0.5, 0.5], [0.51, 0.49], [0.99, 0.01], [0.6, 0.4]])
    vectors = np.array([[1.0, 0], [1, 0.01], [0, 1], [-1, 0]])
    doubt = label_queue.uncertainty(chances)
    assert list(label_queue.choose(doubt, vectors, 2, spread=0.0)) == [0, 1]
    assert list(label_queue.choose(doubt, vectors, 2)) == [0, 3]
    assert sorted(label_queue.choose(doubt, vectors, 9)) == [0, 1, 2, 3]


def test_asking_by_doubt_teaches_faster_than_asking_at_random() -> None:
    """Two classes along a line: labels near the border are worth more. Mean error after 20 labels over 30 draws."""
    errors = {"random": 0.0, "queue": 0.0}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, 400)
        true = (x > 0.3).astype(int)
        for way in errors:
            asked = list(rng.choice(400, 4, replace=False))
            while len(asked) < 20:
                below, above = x[asked][true[asked] == 0].max(initial=-1), x[asked][true[asked] == 1].min(initial=1)
                p = 1 / (1 + np.exp(-8 * (x - (below + above) / 2)))
                p[asked] = true[asked]
                doubt = label_queue.uncertainty(np.column_stack([1 - p, p]))
                left = np.setdiff1d(np.arange(400), asked)
                new = rng.choice(left, 4, replace=False) if way == "random" else left[label_queue.choose(doubt[left], x[left, None], 4, spread=0.0)]
                asked += list(new)
            border = (x[asked][true[asked] == 0].max(initial=-1) + x[asked][true[asked] == 1].min(initial=1)) / 2
            errors[way] += abs(border - 0.3) / 30
    assert errors["queue"] < errors["random"] / 2
