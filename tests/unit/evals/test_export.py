"""Scenarios as lessons: those that pass and may be learnt, in a form the training accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from evals import export as exporting
from evals.cli import app
from finetune.llm.data import load

FOLDER = Path(__file__).parents[3] / "evals" / "scenarios"
GOOD = FOLDER / "booking" / "boiler_en_agdal_both.yaml"


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["export", *arguments])
    return answer.exit_code, answer.output


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The same conversation under another name, with an end that does not come."""
    scenario = yaml.safe_load(GOOD.read_text(encoding="utf-8")) | {"id": "broken", "after": {"refunds": [{"amount_mad": 1, "count": 9}]}}
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return path


def test_what_passes_becomes_lessons_that_the_training_accepts_and_what_fails_does_not(tmp_path: Path, broken: Path) -> None:
    out = tmp_path / "out" / "lessons.jsonl"
    code, said = run(str(GOOD), str(broken), "--out", str(out))
    assert code == 0 and "1 did not pass" in " ".join(said.split())
    found = load([out])
    assert {x.id.partition("#")[0] for x in found} == {"scenario:boiler_en_agdal_both"}
    calls = [c["function"]["name"] for x in found for m in x.messages for c in m.get("tool_calls", ())]
    assert calls.index("propose_booking") < calls.index("confirm_proposal")
    assert "/t/" not in out.read_text() or "/t/<LINK>" in out.read_text()


def test_scenarios_left_out_by_id_or_by_the_test_split_are_not_even_played(tmp_path: Path, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits, ids, out = tmp_path / "splits.yaml", tmp_path / "ids.txt", tmp_path / "lessons.jsonl"
    splits.write_text("test: [boiler_en_agdal_both]")
    ids.write_text("broken\n")
    monkeypatch.setattr(exporting, "SPLITS", splits)
    monkeypatch.setattr(exporting, "play", lambda *_, **__: pytest.fail("played"))
    code, said = run(str(GOOD), str(broken), "--out", str(out), "--leave-out", str(ids))
    assert code == 0 and "2 left out by id" in " ".join(said.split())
    assert out.read_text() == ""


def test_a_list_of_ids_that_cannot_be_read_stops_the_export(tmp_path: Path) -> None:
    ids = tmp_path / "ids.yaml"
    ids.write_text(json.dumps({"train": []}))
    code, said = run(str(GOOD), "--out", str(tmp_path / "x.jsonl"), "--leave-out", str(ids))
    assert code == 2 and "holds no list of ids" in " ".join(said.split())
