"""Plays tests/sentences/conversations/*.yaml with the embedded brain and tools in memory, each in the five language-scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.engagement.reply import LOCALES, locale_of
from tests.support.brain import MemoryTools, Talk, job

FOLDER = Path(__file__).parent / "conversations"
CASES = [case for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)]


def as_text(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M") if hasattr(value, "strftime") else str(value)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"].replace(" ", "_")[:60])
def test_conversation_ends_as_written(case: dict[str, Any], locale: str) -> None:
    tools = MemoryTools({b["ref"]: job(**{k: as_text(v) if k == "start" else v for k, v in b.items()}) for b in case.get("bookings", ())})
    talk = Talk(tools, locale=locale, **case.get("facts", {}))
    for turn in case["turns"]:
        text = str(turn["say"][locale])
        reply = talk.say(text, **turn.get("means", {}))
        where = f"{text!r} -> {talk.called} {reply['key']}: {reply['text']}"
        assert locale_of(reply["language"], reply["script"]) == locale, where
        if "calls" in turn:
            assert talk.called == turn["calls"], where
        if "awaiting" in turn:
            assert reply["awaiting"] == turn["awaiting"], where
        if "key" in turn:
            assert reply["key"] == turn["key"], where
        if "said" in turn:
            assert re.search(str(turn["said"]), reply["text"]), where
        if "summary" in turn:
            made = next(args for name, args in reversed(tools.log) if name == "propose_booking")
            assert {k: as_text(made.get(k)) for k in turn["summary"]} == {k: as_text(v) for k, v in turn["summary"].items()}, where
    for ref, values in case.get("after", {}).items():
        assert {k: tools.bookings[ref][k] for k in values} == {k: as_text(v) for k, v in values.items()}
    if "booked" in case:
        made = list(tools.bookings.values())[-1]
        assert {k: made[k] for k in case["booked"]} == {k: as_text(v) for k, v in case["booked"].items()}
