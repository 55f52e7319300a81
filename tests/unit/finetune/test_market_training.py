"""`bricol train cost` as a person types it: what it leaves, learns and refuses; and the truth of a simulated world stays closed to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from domain.learning import registry
from domain.pricing.cost_model import FEATURES, FILE, CostModel, one, rows
from finetune.cli import train as commands
from tests.support.visits import DAY, START, tables, write

run = CliRunner().invoke
SPLIT = START + 150 * DAY
BROKEN = ("missing table", "missing column", "not parquet", "no folder")


def trained(data: Path, out: Path, *more: str) -> Result:
    return run(commands, ["cost", "--data", str(data), "--out", str(out), *more], env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(data, model): trained on what was known before SPLIT."""
    place = tmp_path_factory.mktemp("market")
    data = write(place / "observed", tables())
    result = trained(data, place / "cost", "--until", datetime.fromtimestamp(SPLIT, UTC).isoformat())
    assert result.exit_code == 0, result.output
    return data, place / "cost"


def load(folder: Path) -> CostModel:
    return CostModel.read(folder / FILE, registry.verified(folder, FEATURES).version)


def test_later_visits_fall_within_the_ranges_about_as_often_as_claimed(model: tuple[Path, Path]) -> None:
    later = rows(tables())
    later = later.part(later.decided_at >= SPLIT)
    low, likely, high = np.log(load(model[1]).ratios(later.inputs)).T
    assert 0.91 <= ((later.target >= low) & (later.target <= high)).mean() <= 0.99
    assert np.abs(later.target - likely).mean() < 0.6 * np.abs(later.target).mean()


def test_a_harder_description_and_a_dearer_past_never_cost_less(model: tuple[Path, Path]) -> None:
    job = {"node": "plumbing.tap_leak", "technician_jobs": 20}
    found = load(model[1])
    for name in ("described", "technician_ratio"):
        likely = [found.ratios(one(**job, **{name: value}))[0, 1] for value in np.linspace(-0.5, 0.5, 11)]  # type: ignore[arg-type]
        assert (np.diff(likely) >= 0).all() and likely[-1] > likely[0]


def test_a_new_model_does_not_serve_before_it_is_measured(model: tuple[Path, Path]) -> None:
    entry = registry.read(model[1])
    assert not entry.serving and entry.value is None and registry.champion(model[1], FEATURES) is None
    assert entry.data["rows"] < 1500 and entry.features["version"] == FEATURES.version
    assert sum(path.stat().st_size for path in model[1].iterdir()) < 2_000_000


def test_the_same_data_gives_the_same_bytes(model: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert trained(model[0], tmp_path / name).exit_code == 0
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()
    assert registry.read(tmp_path / "a") == registry.read(tmp_path / "b")


def test_what_came_after_until_teaches_nothing(model: tuple[Path, Path], tmp_path: Path) -> None:
    other = tables()
    future = other["visits"]["closed_at"] >= SPLIT
    other["visits"]["final_mad"] = np.where(future, other["visits"]["final_mad"] * 7, other["visits"]["final_mad"])
    result = trained(write(tmp_path / "other", other), tmp_path / "cost", "--until", datetime.fromtimestamp(SPLIT, UTC).isoformat())
    assert result.exit_code == 0
    assert (tmp_path / "cost" / FILE).read_bytes() == (model[1] / FILE).read_bytes()


def test_a_world_is_read_from_its_observed_side_alone(model: tuple[Path, Path], tmp_path: Path) -> None:
    world = tmp_path / "world"
    write(world / "observed", tables())
    (world / "oracle").mkdir()
    (world / "oracle" / "visits.parquet").write_text("whoever opens this cheats")
    assert trained(world, tmp_path / "cost").exit_code == 0


def test_an_impossible_world_is_refused_with_every_reason_and_no_trace(tmp_path: Path) -> None:
    found = tables(300)
    found["visits"]["final_mad"][:3] = [0, -50, np.inf]
    result = trained(write(tmp_path / "bad", found), tmp_path / "cost")
    assert result.exit_code == 2 and "Traceback" not in result.output
    assert "too few, at least 400" in result.output and "3 impossible values" in result.output and "was not trained: 2 fault" in result.output
    assert not (tmp_path / "cost").exists()


@pytest.mark.parametrize("broken", BROKEN)
def test_a_folder_that_cannot_teach_is_named(broken: str, tmp_path: Path) -> None:
    data = write(tmp_path / "data", tables(50))
    if broken == "missing table":
        (data / "visits.parquet").unlink()
    elif broken == "missing column":
        pq.write_table(pq.read_table(data / "visits.parquet").drop(["final_mad"]), data / "visits.parquet")
    elif broken == "not parquet":
        (data / "visits.parquet").write_text("hello")
    else:
        data = tmp_path / "nowhere"
    result = trained(data, tmp_path / "cost")
    assert result.exit_code == 2 and str(data) in result.output and "Traceback" not in result.output
    said = ("the table is missing", "final_mad missing", "no Parquet file", "no such folder")
    assert said[BROKEN.index(broken)] in result.output


def test_a_moment_that_is_none_is_refused(model: tuple[Path, Path], tmp_path: Path) -> None:
    result = trained(model[0], tmp_path / "cost", "--until", "soon")
    assert result.exit_code == 2 and "2026-09-30" in result.output
