"""A scenario file that cannot be played is refused with its file, its line and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.scenario import ScenarioError, files, load
from tests.support.scenarios import GOOD


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_single_word_may_stand_where_a_list_may(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, GOOD))
    assert scenario is not None and scenario.turns[0].expect is not None
    assert scenario.turns[0].expect.awaiting == ["service"]


def test_a_world_file_is_not_a_scenario(tmp_path: Path) -> None:
    assert load(written(tmp_path, "technicians: []\nclients: []\n")) is None


@pytest.mark.parametrize(
    ("broken", "line", "word"),
    [
        (GOOD.replace("say:", "sayy:"), 8, "sayy"),
        (GOOD.replace("bookings:", "boookings:"), 10, "unknown table"),
        (GOOD.replace("{count: 0}", "{stat: x}"), 10, "bookings has no 'stat'"),
        (GOOD.replace("suite: booking", "suite: bokking"), 2, "suite"),
        (GOOD.replace("(?i)[a-z]", "([a-z]"), 9, "regular expression"),
        (GOOD.replace('"slm"', '"slm\n'), 8, "YAML"),
        (GOOD.replace("+212661000001", "0661"), 5, "phone"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, broken: str, line: int, word: str) -> None:
    path = written(tmp_path, broken)
    with pytest.raises(ScenarioError) as error:
        load(path)
    place, _, message = str(error.value).partition(": ")
    assert word in message
    assert abs(int(place.rpartition(":")[2]) - line) <= (4 if word == "YAML" else 0), str(error.value)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="nowhere"):
        list(files([tmp_path / "nowhere"]))
