"""Lessons for a language model: what is wrong with a file is told with line and cure, and tests are never learnt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.inline import InlineWorker
from finetune.cli import train as commands
from finetune.llm.data import BadLessons, load
from tests.support.builders import build_house
from tests.support.fake_channel import inbound

CALL = {"id": "c1", "type": "function", "function": {"name": "find_slots", "arguments": '{"city": "rabat"}'}}
TOOLS = [{"type": "function", "function": {"name": "find_slots", "parameters": {"type": "object", "properties": {}}}}]
GOOD: list[dict[str, Any]] = [
    {"role": "system", "content": "manual"},
    {"role": "user", "content": "slm"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "name": "find_slots", "content": '{"ok": true}'},
    {"role": "assistant", "content": "Marhba"},
]


def lesson(messages: list[Any] | None = None, **rest: Any) -> dict[str, Any]:
    return {"id": "store:1.1", "messages": GOOD if messages is None else messages, "tools": TOOLS, **rest}


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "lessons.jsonl"
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines), encoding="utf-8")
    return path


def without(n: int) -> list[dict[str, Any]]:
    return GOOD[:n] + GOOD[n + 1 :]


def changed(n: int, **changes: Any) -> list[dict[str, Any]]:
    return [*GOOD[:n], {**GOOD[n], **changes}, *GOOD[n + 1 :]]


def test_a_good_file_is_read_with_its_calls_as_objects(tmp_path: Path) -> None:
    [found] = load([write(tmp_path, lesson())])
    assert found.messages[2]["tool_calls"][0]["function"]["arguments"] == {"city": "rabat"}


@pytest.mark.parametrize(
    ("line", "wrong", "cure"),
    [
        ("{not json", "not JSON", "each line is one object"),
        ("[]", "no messages", "a lesson is"),
        (lesson([]), "no messages", "a lesson is"),
        (lesson(id=""), "no id", "it says where a lesson comes from"),
        (lesson(changed(1, role="customer")), "message 2: unknown role 'customer'", "one of system, user, assistant, tool"),
        (lesson(changed(1, content=None)), "message 2: content must be text", ""),
        (lesson(without(3)), "message 4: tool call 'c1' (find_slots) has no result before it", "add the tool message or leave the lesson out"),
        (lesson(GOOD[:3]), "message 3: tool call 'c1' (find_slots) has no result", "add the tool message"),
        (lesson(without(2)), "message 3: answers no open tool call ('c1')", "a result follows the message that called"),
        (lesson([GOOD[1], GOOD[0], *GOOD[2:]]), "message 2: a system message is only ever the first", "move it there"),
        (lesson(changed(2, tool_calls=[{**CALL, "function": {"name": "rm", "arguments": "{}"}}])), "calls 'rm'", "not among the lesson's tools"),
        (lesson(changed(2, tool_calls=[{**CALL, "function": {"name": "find_slots", "arguments": "{"}}])), "are not JSON", "export again"),
        (lesson(changed(2, tool_calls=[CALL, CALL])), "two tool calls share an id", "each needs its own"),
        (lesson(changed(2, tool_calls=["x"])), "a tool call is", "export again"),
        (lesson(changed(4, weight=0.5)), "weight 0.5", "must be 0 or 1"),
        (lesson(changed(1, content="ana 0661234567")), "message 2: holds a private detail (PHONE, characters 4-14)", "exports hide them"),
        (lesson([*GOOD[:2], {**GOOD[4], "weight": 0}]), "nothing to learn", "leave the line out"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_line_and_cure(tmp_path: Path, line: Any, wrong: str, cure: str) -> None:
    path = write(tmp_path, lesson(id="store:0.1"), line)
    with pytest.raises(BadLessons) as refused:
        load([path])
    told = str(refused.value)
    assert told.startswith(f"{path}:2: ") and wrong in told and cure in told
    assert "0661234567" not in told


def test_every_fault_is_told_at_once_and_the_command_says_it_plainly(tmp_path: Path) -> None:
    path = write(tmp_path, "{", lesson(without(3)))
    answer = CliRunner().invoke(commands, ["llm", "--data", str(path), "--check"])
    assert answer.exit_code == 2
    assert f"{path}:1:" in answer.output and f"{path}:2:" in answer.output and "Traceback" not in answer.output


def test_the_same_lesson_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    path = write(tmp_path, lesson(), lesson())
    with pytest.raises(BadLessons, match=r"lessons\.jsonl:2: id 'store:1\.1' is also in .*lessons\.jsonl:1"):
        load([path])


FIELDS = ["id", "messages", "role", "content", "tool_calls", "function", "name", "arguments", "tools", "weight", "tool_call_id"]
anything = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(FIELDS), x))


@example("\r0")
@given(st.one_of(st.text(max_size=60), anything.map(json.dumps)))
def test_any_line_is_a_lesson_or_a_fault_with_its_line(tmp_path_factory: pytest.TempPathFactory, line: str) -> None:
    path = write(tmp_path_factory.mktemp("any"), lesson(), line.replace("\n", " "))
    try:
        assert len(load([path])) >= 1
    except BadLessons as fault:
        assert str(fault).startswith(f"{path}:2: ")


@pytest.mark.parametrize("form", ["tested\nother", "[tested, other]", "test: [tested]\ntrain: [kept]"], ids=["lines", "list", "split"])
def test_scenarios_of_the_test_split_are_never_learnt(tmp_path: Path, form: str) -> None:
    ids = tmp_path / "ids.yaml"
    ids.write_text(form)
    path = write(tmp_path, lesson(id="scenario:tested#1"), lesson(id="scenario:tested#2"), lesson(id="scenario:kept#1"), lesson(id="store:9.1"))
    answer = CliRunner().invoke(commands, ["llm", "--data", str(path), "--check", "--leave-out", str(ids)])
    assert answer.exit_code == 0 and "2 lessons" in answer.output


@pytest.mark.parametrize("form", ["{a: 1}", "test: {x: 1}", "[[1]]", ": :", None], ids=repr)
def test_a_list_of_ids_that_cannot_be_read_stops_everything(tmp_path: Path, form: str | None) -> None:
    ids = tmp_path / "ids.yaml"
    if form is not None:
        ids.write_text(form)
    answer = CliRunner().invoke(commands, ["llm", "--data", str(write(tmp_path, lesson())), "--check", "--leave-out", str(ids)])
    assert answer.exit_code == 2 and "ids.yaml" in answer.output and "Traceback" not in answer.output


def test_a_run_without_a_base_or_a_file_says_what_to_give(tmp_path: Path) -> None:
    runner = CliRunner()
    assert "--base is missing" in runner.invoke(commands, ["llm", "--data", str(write(tmp_path, lesson()))]).output
    gone = runner.invoke(commands, ["llm", "--data", str(tmp_path / "no.jsonl"), "--check"])
    assert gone.exit_code == 2 and "is not there" in gone.output


def test_the_stores_conversations_are_written_as_lessons_the_training_accepts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var").mkdir()
    house = build_house(tmp_path / "var")
    InlineWorker(house).deliver([inbound("m1", "slm, ana 0661234567")])
    house.close()
    monkeypatch.setenv("BRICOL_DATA_DIR", str(tmp_path / "var"))
    out = tmp_path / "new" / "lessons.jsonl"
    answer = CliRunner().invoke(commands, ["lessons", "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    [found] = load([out])
    assert found.id == "store:1.1" and "0661234567" not in out.read_text(encoding="utf-8")


def test_a_store_that_is_not_there_is_told_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_DATA_DIR", str(tmp_path / "empty"))
    answer = CliRunner().invoke(commands, ["lessons", "--out", str(tmp_path / "lessons.jsonl")])
    assert answer.exit_code == 2 and "bricol doctor" in answer.output and "Traceback" not in answer.output
