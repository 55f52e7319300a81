"""`bricol train accept` and `success` as a person types them: calibrated on what came later, the same bytes twice, and one-sided data refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from domain.learning import registry
from domain.learning.probability import calibration_error, log_loss
from domain.matching import acceptance, success
from finetune.cli import train as commands
from tests.support.offers import tables
from tests.support.visits import DAY, START, write

SPLIT = START + 150 * DAY


def train(name: str, data: Path, out: Path) -> str:
    until = datetime.fromtimestamp(SPLIT, UTC).isoformat()
    result = CliRunner().invoke(commands, [name, "--data", str(data), "--out", str(out), "--until", until], env={"COLUMNS": "300"})
    return "" if result.exit_code == 0 else result.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("market")
    write(found / "observed", tables(3000))
    for name in ("accept", "success"):
        assert not train(name, found / "observed", found / name)
    return found


def test_a_yes_is_told_better_than_by_each_ones_past_and_comes_as_often_as_said(place: Path) -> None:
    later = acceptance.rows(tables(3000))
    past, later = later.part(later.outcome_at < SPLIT), later.part(later.decided_at >= SPLIT)
    model = acceptance.AcceptModel.read(place / "accept" / acceptance.FILE, "accept-test")
    said = model.within(later.inputs)
    habits = np.array([past.target[past.extra["technician_id"] == who].mean() for who in later.extra["technician_id"]])
    assert log_loss(said, later.target) < log_loss(habits, later.target) - 0.02
    assert calibration_error(said, later.target, 5) < 0.08
    answers = model.answers(later.inputs, 5.0)
    slow = later.extra["technician_id"] % 2 == 1
    assert answers[slow].mean() < 0.5 < answers[~slow].mean()  # medians of 7.4 and 2.7 minutes


def test_what_never_moved_in_the_data_moves_no_answer(place: Path) -> None:
    inputs = acceptance.rows(tables(3000)).inputs[-1:]
    other = inputs.copy()
    for name in ("notice_log", "short_notice", "level_over"):  # every visit was asked for two days ahead, every level was 3
        other[0, acceptance.FEATURES.names.index(name)] += 2
    model = acceptance.AcceptModel.read(place / "accept" / acceptance.FILE, "accept-test")
    np.testing.assert_allclose(model.within(inputs), model.within(other))


def test_a_visit_done_well_is_told_better_than_by_the_share_of_all(place: Path) -> None:
    every = success.rows(tables(3000))
    past, later = every.part(every.outcome_at < SPLIT), every.part(every.decided_at >= SPLIT)
    said = success.SuccessModel.read(place / "success" / success.FILE, "success-test").of(later.inputs)
    assert log_loss(said, later.target) < log_loss(np.full(len(later), past.target.mean()), later.target) - 0.01


@pytest.mark.parametrize("name", ["accept", "success"])
def test_the_same_data_gives_the_same_bytes_and_serves_nothing_yet(name: str, place: Path, tmp_path: Path) -> None:
    assert not train(name, place / "observed", tmp_path / name)
    file = {"accept": acceptance.FILE, "success": success.FILE}[name]
    assert (tmp_path / name / file).read_bytes() == (place / name / file).read_bytes()
    features = {"accept": acceptance.FEATURES, "success": success.FEATURES}[name]
    assert not registry.verified(place / name, features).serving and registry.champion(place / name, features) is None


def test_offers_that_were_all_taken_teach_nothing(tmp_path: Path) -> None:
    made = tables(1000)
    made["offers"]["reply"] = np.full(1000, "accept", object)
    said = train("accept", write(tmp_path / "data", made), tmp_path / "accept")
    assert "a single class (1)" in said and "Traceback" not in said and not (tmp_path / "accept").exists()


def test_a_visit_that_points_to_no_booking_is_named(tmp_path: Path) -> None:
    made = tables(1000)
    made["visits"]["booking_id"][0] = 99_999
    assert "1 rows point to ids that are not there" in train("success", write(tmp_path / "data", made), tmp_path / "success")
