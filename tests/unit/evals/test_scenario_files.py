"""A scenario file that cannot be played is refused with its file, its line and the cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.engagement.reply import locale_of
from evals.graders.words import says
from evals.puppets import words
from evals.run import SPLITS
from evals.scenario import ScenarioError, files, load
from tests.support.scenarios import GOOD

OURS = SPLITS.parent


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


def test_no_scenario_of_ours_only_forbids() -> None:
    """What can be seen without playing; `bricol eval audit` plays each with agents that do nothing."""
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = {path: yaml.load(path.read_text(encoding="utf-8"), Loader=reader) for path in files([OURS])}
    empty = [str(path.relative_to(OURS)) for path, scenario in found.items() if "turns" in scenario and only_forbids(scenario)]
    assert not empty, "expect of each a call, a question, words that answer or a row that was not there before"


@pytest.mark.parametrize(
    ("after", "turn", "forbids"),
    [
        ({"escalations": [{"count": 0}]}, {"calls_none": ["confirm_proposal"]}, True),
        ({"bookings": [{"ref": "BR-1", "status": "confirmed", "count": 1}]}, {"said": ["\\S"]}, True),
        ({"bookings": [{"ref": "BR-1", "status": "cancelled", "count": 1}]}, {}, False),
        ({"bookings": [{"ref": "BR-1", "status": "confirmed", "count": 0}]}, {}, False),
        ({"refunds": [{"count": 0}]}, {"said": ["(?i)n't due"]}, False),
        ({}, {"awaiting": ["place", None]}, True),
        ({}, {"awaiting": "place"}, False),
    ],
)
def test_what_was_there_before_and_what_anybody_says_is_nothing_to_expect(after: dict[str, Any], turn: dict[str, Any], forbids: bool) -> None:
    given = [{"booking": {"ref": "BR-1", "status": "confirmed"}}]
    scenario = {"language": "en", "script": "latn", "given": given, "turns": [{"say": "hello", "expect": turn}], "after": after}
    assert only_forbids(scenario) is forbids


def only_forbids(scenario: dict[str, Any]) -> bool:
    """Whether nothing in it can only come of work: no call, no question, no words but polite ones, no row that was not there before."""
    polite = words("polite", locale_of(scenario["language"], scenario["script"]))
    for expect in (turn.get("expect") or {} for turn in scenario["turns"]):
        said, awaiting = listed(expect.get("said", [])), listed(expect.get("awaiting", None))
        if expect.get("calls") or None not in awaiting or any(not says(polite, one) for one in said):
            return False
    if any((scenario.get("ever") or {}).values()):
        return False
    rows = [(table, row) for table, rows in (scenario.get("after") or {}).items() for row in rows]
    return all(there_before(table, row, scenario.get("given") or []) is (row.get("count") != 0) for table, row in rows)


#: What rows of `after` say of people and offers to whom nothing happened.
UNTOUCHED: dict[str, dict[str, Any]] = {
    "offers": {"status": "open"},
    "clients": {"erased": False, "opted_out": False},
    "technicians": {"available": True},
}


def there_before(table: str, row: dict[str, Any], given: list[dict[str, Any]]) -> bool:
    of = {"bookings": "booking", "refunds": "refund"}.get(table)
    if of:
        rows = [g[of] for g in given if of in g]
        return any(all(k not in was or str(was[k]) == str(v) for k, v in row.items()) for was in rows)
    named = ("phone", "booking", "technician", "count")
    return table in UNTOUCHED and all(UNTOUCHED[table].get(k) == v for k, v in row.items() if k not in named)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
