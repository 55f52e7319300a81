"""Chances measured where the truth is known: nobody beats it, losses and calibration are both told, and too little proves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import models_command
from domain.learning import registry
from evals.market_models import measure, pages
from evals.market_models.measure import Verdict
from evals.market_models.worlds import Plan

TINY = Plan(bookings=3_500, technicians=300, days=120, seeds=1, worlds=("W1",))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds")


@pytest.fixture(scope="module")
def accept(work: Path) -> Verdict:
    return measure.measure("accept", TINY, work)


@pytest.fixture(scope="module", params=["accept", "success"])
def verdict(request: pytest.FixtureRequest, accept: Verdict, work: Path) -> Verdict:
    return accept if request.param == "accept" else measure.measure("success", TINY, work)


def test_the_truth_is_never_beaten_and_is_calibrated(verdict: Verdict) -> None:
    assert verdict.losses["oracle"] < min(loss for who, loss in verdict.losses.items() if who != "oracle")
    assert verdict.figures["oracle"]["calibration_error"] < 0.12
    assert verdict.figures["oracle"]["accuracy"] < 0.9  # nobody can promise 92 % here, not even who knows every probability


def test_one_world_lets_nothing_serve(verdict: Verdict) -> None:
    assert not verdict.decision.serves and "1 worlds x 1 seeds" in verdict.decision.reason


def test_a_yes_is_told_better_than_by_any_simple_rule(accept: Verdict) -> None:
    assert accept.losses["model"] < accept.losses[accept.baseline] < accept.losses["global rate"]


def test_the_leaderboard_tells_loss_and_calibration_of_model_rule_and_truth(
    accept: Verdict, work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure.train("accept", [TINY.folder(work, "W1", 0)], tmp_path / "accept")
    measure.written(accept, TINY, tmp_path / "accept")
    (told,) = models_command.told(tmp_path)
    assert set(told["calibration"]) == {"value", "baseline", "oracle"} and told["gap_closed"] > 0
    monkeypatch.setenv("COLUMNS", "200")
    models_command.show([told])
    assert capsys.readouterr().out.count("calibration error 0.") == 3


def test_the_page_holds_calibration_slices_and_what_moves_a_chance(verdict: Verdict, tmp_path: Path) -> None:
    name = "accept" if "rule: way, notice, hour" in verdict.losses else "success"
    registry.write(tmp_path / "a" / name, registry.Entry(name, "1", "log-loss"))
    kept = measure.kept(name, verdict, TINY, [], tmp_path / "a" / name)
    assert kept is not None
    audit = json.loads(kept.read_text())
    assert sum(row["rows"] for row in audit["reliability"]) == audit["whole"]["rows"] == verdict.trials["W1", 0].rows
    assert audit["whole"]["loss"] == pytest.approx(verdict.losses["model"], rel=1e-3)
    assert audit["explained"][""]["inputs"][0]["moves"] > 0
    text = pages.write(tmp_path / "html", tmp_path / "a")[1].read_text(encoding="utf-8")
    assert "Not in this run" not in text and "casablanca" in text and "on the log-odds" in text
