"""`bricol train match` as a person types it: it finds the law behind whom clients take, from observed lists alone, the same each time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from domain.learning import registry
from domain.matching.features import FEATURES, rows
from domain.matching.ranker import COLUMN, FILE, MatchModel
from finetune.cli import train as commands
from tests.support.lists import KM, PRICE, tables
from tests.support.visits import DAY, START, write

xgboost = pytest.importorskip("xgboost")
run = CliRunner().invoke
SPLIT = START + 150 * DAY


def trained(data: Path, out: Path, *more: str) -> Result:
    return run(commands, ["match", "--data", str(data), "--out", str(out), *more], env={"COLUMNS": "300"})


def until(moment: int) -> tuple[str, str]:
    return "--until", datetime.fromtimestamp(moment, UTC).isoformat()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(data, model): trained on what was known before SPLIT."""
    place = tmp_path_factory.mktemp("market")
    data = write(place / "observed", tables(seed=1))
    result = trained(data, place / "match", *until(SPLIT))
    assert result.exit_code == 0, result.output
    return data, place / "match"


def load(folder: Path) -> MatchModel:
    return MatchModel.read(folder / FILE, registry.verified(folder, FEATURES).version)


def test_the_law_behind_the_choices_is_found(model: tuple[Path, Path]) -> None:
    line = load(model[1]).take.line[1:]
    assert line[COLUMN["price"]] == pytest.approx(PRICE, abs=0.5) and line[COLUMN["km"]] == pytest.approx(KM, abs=0.04)
    assert line[COLUMN["fixes"]] == 0 == line[COLUMN["level"]]  # no client sees these


def test_later_choices_are_more_often_what_it_puts_first_than_what_chance_would(model: tuple[Path, Path]) -> None:
    later = rows(tables(seed=1))
    later = later.part((later.decided_at >= SPLIT) & later.extra["listed"])
    found = load(model[1])
    scores = found.values(found.columns(later.inputs)).reshape(-1, 4)
    taken = (later.target % 2).reshape(-1, 4)
    some = taken.any(axis=1)
    assert (scores[some].argmax(axis=1) == taken[some].argmax(axis=1)).mean() > 0.4


@pytest.mark.parametrize(
    ("name", "sign"), [("rating", 1), ("reviews", 1), ("level", 1), ("fixes", 1), ("km", -1), ("price", -1), ("second_trade", -1)]
)
def test_better_never_counts_against_anybody(model: tuple[Path, Path], name: str, sign: int) -> None:
    found = load(model[1])
    feature = FEATURES.features[COLUMN[name]]
    columns = np.repeat(found.usual[:, None], 30, axis=1)
    columns[COLUMN[name]] = np.linspace(max(feature.low, -1), min(feature.high, 20), 30)
    assert (sign * np.diff(found.values(columns)) >= -1e-9).all()


def test_the_same_data_gives_the_same_bytes_and_a_new_model_does_not_serve(model: tuple[Path, Path], tmp_path: Path) -> None:
    assert trained(model[0], tmp_path / "again", *until(SPLIT)).exit_code == 0
    assert (tmp_path / "again" / FILE).read_bytes() == (model[1] / FILE).read_bytes()
    assert registry.champion(model[1], FEATURES) is None and (model[1] / FILE).stat().st_size < 2_000_000


def test_what_came_after_until_teaches_nothing(model: tuple[Path, Path], tmp_path: Path) -> None:
    other = tables(seed=1)
    visits, slates = other["visits"], other["slates"]
    visits["status"] = np.where(visits["closed_at"] >= SPLIT, "no_show", visits["status"]).astype(object)
    slates["chosen_position"] = np.where(slates["at"] >= SPLIT, 1, slates["chosen_position"])
    result = trained(write(tmp_path / "other", other), tmp_path / "match", *until(SPLIT))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "match" / FILE).read_bytes() == (model[1] / FILE).read_bytes()


def test_no_input_rests_on_a_fact_of_its_own_moment_or_later() -> None:
    found = rows(tables(400))
    assert (found.seen_at < found.decided_at).all()


def test_an_impossible_market_is_refused_with_every_reason(tmp_path: Path) -> None:
    bad = tables(100)
    bad["slate_items"]["rating"][:3] = 7.0
    result = trained(write(tmp_path / "bad", bad), tmp_path / "match")
    assert result.exit_code == 2 and "too few" in result.output and "rating: 3 impossible values" in result.output
    assert not (tmp_path / "match").exists()
