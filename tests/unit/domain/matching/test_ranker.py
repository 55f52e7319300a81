"""The learnt order: fast trees that say what xgboost says, reasons that add up to the score, and unknown things counted as usual."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.learning import registry
from domain.learning.forest import Forest
from domain.matching.features import FEATURES
from domain.matching.index import Index
from domain.matching.rank import REASONS, Request, find
from domain.matching.ranker import COLUMN, GROUPS, Head, MatchModel, Ranking, contributions
from tests.unit.domain.matching.test_rank import NOW, card

HERE = card(0)


def model(**weights: float) -> MatchModel:
    """Clients who care for nothing but `weights`."""
    usual = np.array([np.nan_to_num((max(f.low, -1) + min(f.high, 1)) / 2) for f in FEATURES.features], np.float32)
    line = np.zeros(1 + len(COLUMN))
    for name, weight in weights.items():
        line[1 + COLUMN[name]] = weight
    return MatchModel(usual, Head(line, Forest.none()), Head(np.append(2.0, np.zeros(len(COLUMN))), Forest.none()), f"match-{weights}")


def request(**facts: object) -> Request:
    return replace(Request("plumbing", "casablanca", HERE.lat, HERE.lon, NOW, HERE.district), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_trees_as_arrays_say_what_xgboost_says(depth: int, tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(depth)
    inputs = rng.standard_normal((3000, 6)).astype(np.float32).round(1)
    label = (inputs[:, 0] > 0.3) * inputs[:, 1] + (inputs[:, 2] < -0.5) + 0.1 * rng.standard_normal(3000)
    booster = xgboost.train({"max_depth": depth, "base_score": 0.0, "min_child_weight": 40}, xgboost.DMatrix(inputs, label=label), 37)
    wanted = booster.predict(xgboost.DMatrix(inputs), output_margin=True)
    assert np.abs(Forest.of(booster, depth).predict(np.ascontiguousarray(inputs.T)) - wanted).max() < 1e-4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
def test_what_the_reasons_add_is_the_whole_difference_to_the_average_candidate(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    some = model(km=-0.3, rating=1.2, price=-2.0, known=1.0, fixes=2.0, popular=0.1)
    columns = rng.normal(some.usual[:, None], 1.0, (len(COLUMN), count)).astype(np.float32)
    columns[:3] = columns[:3, :1]  # the job is the same for all
    logs, typical = np.log(some.values(columns)), np.log(some.values(columns.mean(axis=1, keepdims=True)))
    for place, why in enumerate(contributions(some, columns, np.arange(count))):
        assert set(why) == set(GROUPS) and sum(why.values()) == pytest.approx(logs[place] - typical[0], abs=1e-4)


def test_every_input_of_a_technician_belongs_to_one_group() -> None:
    named = [name for names in GROUPS.values() for name in names]
    assert len(named) == len(set(named)) and set(named) == {f.name for f in FEATURES.features if f.family != "job"}
    assert set(GROUPS) - {"record"} <= set(REASONS)


def test_the_model_ranks_and_only_what_raised_the_score_is_said() -> None:
    cards = [
        card(1, rating=4.9, jobs=400, rate_mad=500.0),
        card(2, rating=4.9, jobs=400, rate_mad=200.0),
        card(3, rating=4.9, jobs=400, rate_mad=300.0),
    ]
    index = Index(cards)
    assert find(index, request()).candidates[0].technician_id == 2
    slate = find(index, request(), order=Ranking(model(price=3.0), index))  # people who like it dear
    assert [c.technician_id for c in slate.candidates] == [1, 3, 2] and slate.model_version.startswith("match-")
    assert all(c.reasons == () for c in slate.candidates)  # being cheap lowered the score; stars moved nothing
    cheap = find(index, request(), order=Ranking(model(price=-3.0), index)).candidates[0]
    assert cheap.technician_id == 2 and cheap.reasons == ("good_price",) and 0 < cheap.score < 1


def test_the_strongest_reason_comes_first() -> None:
    cards = [card(1, rate_mad=200.0), card(2, "sidi maarouf", rate_mad=300.0), card(3, "sidi maarouf", rate_mad=310.0)]
    index = Index(cards)
    told = [find(index, request(), order=Ranking(model(price=p, km=k), index)).candidates[0].reasons for p, k in ((-3.0, -0.01), (-0.3, -0.5))]
    assert told[0][0] == "good_price" and told[1][0] == "same_district"


def test_who_may_be_shown_is_the_same_whoever_ranks() -> None:
    cards = [card(n, rating=3.5 + n / 10) for n in range(1, 9)]
    index = Index(cards)
    order = Ranking(model(rating=-1.0), index)
    away = (1, 2)
    by_rule, learnt = (find(index, request(), away=away, k=8, order=each) for each in (None, order))
    assert {c.technician_id for c in by_rule.candidates} == {c.technician_id for c in learnt.candidates} == set(range(3, 9))
    assert find(Index([card(1, trades=("painting",))]), request(), order=order).candidates == ()


def test_a_past_that_is_known_moves_who_is_first_and_one_that_is_not_counts_as_usual() -> None:
    index = Index([card(1), card(2)])
    some = model(fixes=5.0)
    assert find(index, request(), order=Ranking(some, index, {2: {"fixes": 0.95}})).candidates[0].technician_id == 2
    assert find(index, request(), order=Ranking(some, index, {2: {"fixes": 0.70}})).candidates[0].technician_id == 1
    nobody = np.full((1, len(COLUMN)), np.nan)
    assert some.values(some.columns(nobody)) == pytest.approx(some.values(some.usual[:, None]))


def test_a_model_comes_back_from_its_file_and_a_broken_file_is_refused(tmp_path: Path) -> None:
    some = model(km=-0.2)
    some.save(tmp_path / "trees.npz")
    back = MatchModel.read(tmp_path / "trees.npz", "v")
    columns = np.random.default_rng(1).random((len(COLUMN), 5)).astype(np.float32)
    assert (back.values(columns) == some.values(columns)).all()
    (tmp_path / "trees.npz").write_bytes(b"not a model")
    with pytest.raises(registry.ModelRefused, match="bricol train match"):
        MatchModel.read(tmp_path / "trees.npz", "v")
