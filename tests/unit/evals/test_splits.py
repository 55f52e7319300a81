"""The splits that keep finetuning from seeing what it is measured on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.lessons import read_ids, scenario_of
from evals.export import never_learnt
from evals.scenario import files
from finetune.llm import data
from finetune.llm.cli import SPLITS

SCENARIOS = SPLITS.parent
NAMES = {"train", "dev", "test"}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load(SPLITS.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def suites() -> dict[str, dict[str, Any]]:
    """Scenario id -> what its file says, and its folder."""
    reader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = ({**yaml.load(p.read_text(encoding="utf-8"), Loader=reader), "folder": p.parent.name} for p in files([SCENARIOS]))
    return {scenario["id"]: scenario for scenario in found if "turns" in scenario}


def test_every_scenario_is_in_exactly_one_split(splits: dict[str, list[str]], suites: dict[str, dict[str, Any]]) -> None:
    assert set(splits) == NAMES
    listed = Counter(name for names in splits.values() for name in names)
    missing = {name: _by_hash(name) for name in sorted(set(suites) - set(listed))}
    assert not missing, f"add to {SPLITS.name}: {missing}"
    assert not set(listed) - set(suites), f"strike from {SPLITS.name}: {sorted(set(listed) - set(suites))}"
    assert not [name for name, times in listed.items() if times > 1]


def test_the_red_team_is_never_learnt_from(splits: dict[str, list[str]], suites: dict[str, dict[str, Any]]) -> None:
    attacks = {name for name, scenario in suites.items() if scenario["folder"] == "redteam"}
    assert attacks <= set(splits["test"])


def test_each_language_and_script_is_in_every_split(splits: dict[str, list[str]], suites: dict[str, dict[str, Any]]) -> None:
    spoken = {name: {(suites[i]["language"], suites[i]["script"]) for i in ids if i in suites} for name, ids in splits.items()}
    assert all(len(found) == 5 for found in spoken.values()), spoken


def test_lessons_of_the_test_split_are_left_out_without_being_asked(splits: dict[str, list[str]], tmp_path: Path) -> None:
    assert never_learnt(()) == read_ids(SPLITS) == frozenset(splits["test"])
    talk = [{"role": "user", "content": "salam"}, {"role": "assistant", "content": "Salam, marhba.", "weight": 1}]
    lessons = tmp_path / "lessons.jsonl"
    learnt, measured = splits["train"][0], splits["test"][0]
    lessons.write_text("".join(json.dumps({"id": f"scenario:{name}#1", "messages": talk, "tools": []}) + "\n" for name in (learnt, measured)))
    kept = data.load([lessons], read_ids(SPLITS))
    assert [scenario_of(lesson.id) for lesson in kept] == [learnt]


def _by_hash(name: str) -> str:
    digit = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 10
    return "train" if digit < 6 else "dev" if digit < 8 else "test"
