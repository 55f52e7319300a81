"""Measuring the ranking where the truth is known: on everybody who was free, nobody beats the truth, and reasons hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evals.market.files import read
from evals.market_models import details, match, measure
from evals.market_models.examined import Examined
from evals.market_models.worlds import Plan, ready, split_at

pytest.importorskip("xgboost")
TINY = Plan(bookings=3_000, technicians=800, days=40, seeds=1, worlds=("W1",))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready(TINY, tmp_path_factory.mktemp("worlds"), "W1", 0)


@pytest.fixture(scope="module")
def found(world: Path) -> Examined:
    model = world / "models" / "match"
    measure.train("match", [world / "observed"], model, split_at(world, TINY.split))
    return match.examine(world, model, split_at(world, TINY.split))


def test_nobody_beats_the_truth(found: Examined) -> None:
    assert found.losses["oracle"] == pytest.approx(0) and found.figures["oracle"]["regret"] == 0
    assert all(loss > 0 for who, loss in found.losses.items() if who != "oracle")
    assert set(match.EXAMINER.rules) < set(found.losses) and found.rows >= 10


def test_it_ranks_better_than_the_rule_that_serves_and_its_reasons_are_true(found: Examined) -> None:
    assert found.losses["model"] < found.losses["rule"]
    assert found.figures["model"]["faithful"] >= 0.9


def test_those_who_were_not_shown_are_judged_too_and_only_after_the_split(world: Path) -> None:
    until = split_at(world, TINY.split)
    tables = {name: read(world, name, list(names)) for name, names in match.TABLES.items()}
    pools = match.candidates(world, tables, until)
    assert (pools["position"] == 0).sum() > 0 < (pools["position"] > 0).sum()
    at = tables["slates"]["at"][match.place(tables["slates"]["slate_id"], pools["slate_id"])]
    assert (at >= until).all()


def test_figures_are_those_one_works_out_by_hand() -> None:
    true, first = np.array([0.5, 0.4, 0.1, 0.2]), np.array([0])
    told = match.figures(np.array([4.0, 3, 2, 1]), true, first)
    best = 0.5 + 0.4 / np.log2(3) + 0.2 / 2
    assert told["ndcg3"] == pytest.approx((0.5 + 0.4 / np.log2(3) + 0.1 / 2) / best) and told["regret"] == 0
    worst = match.figures(np.array([1.0, 2, 4, 3]), true, first)
    assert worst["regret"] == pytest.approx(0.4) and worst["first is worth"] == pytest.approx(0.1)


def test_its_page_has_the_order_by_depth_and_what_moves_a_score(found: Examined) -> None:
    judged = found.judged
    assert judged is not None and len(judged.true) == found.rows
    assert judged.losses["model"].mean() == pytest.approx(found.losses["model"])
    told = details.details([judged], "rule")
    assert told["curves"]["ndcg"]["lines"]["model"][2] == pytest.approx(found.figures["model"]["ndcg3"], rel=1e-3)
    assert told["curves"]["regret"]["lines"]["model"][0] == pytest.approx(found.figures["model"]["regret"], rel=1e-2)
    moved = {row["name"]: row["moves"] for row in told["explained"][""]["inputs"]}
    assert moved["emergency"] == 0 < moved["price"]  # a list shares its job: that moves nobody up or down
