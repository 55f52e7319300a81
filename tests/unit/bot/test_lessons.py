"""Stored conversations as lessons: what a provider would have been shown, nothing of anybody's own, and only what is worth learning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from sqlalchemy import select

from bot.inline import InlineWorker
from bot.lessons import lessons, tools_of
from bot.redact import private_spans
from bot.wiring import House
from domain.clock import SettableClock
from domain.engagement.reply import Reply
from domain.store.erasure import erase_client
from domain.store.tables import Client, Conversation
from tests.support.builders import ScriptedTurn, build_house
from tests.support.clock import monday_clock
from tests.support.fake_channel import inbound
from tools import registry
from tools.context import TurnContext

SALMA = "+212661000001"
FACTS = {"now": "2026-11-23T10:00+01:00", "role": "client", "name": "Salma Bennani", "language": "fr", "script": "latn"}


class Answers:
    """An agent that looks a price up and answers; "bug" breaks it, "what" is not understood."""

    def run(self, history: list[Any], human: HumanMessage, context: TurnContext) -> ScriptedTurn:
        text = str(human.content)
        if text == "bug":
            raise ZeroDivisionError
        reply = Reply("300 DH, Salma Bennani, au 0661000001.", "fr", "latn", extra={"misses": 1} if text == "what" else {})
        human = human.model_copy(update={"additional_kwargs": {**human.additional_kwargs, "facts": FACTS}})
        call = {"name": "estimate_price", "args": {"service": "plumbing", "city": "rabat"}, "id": "c1", "type": "tool_call"}
        result = ToolMessage(json.dumps({"ok": True, "likely_mad": 300, "address": "Villa des Roses"}), tool_call_id="c1", name="estimate_price")
        messages = [human, AIMessage("", tool_calls=[call]), result, AIMessage(reply.text, additional_kwargs={"reply": reply.to_dict()})]
        return ScriptedTurn(messages, reply)


@pytest.fixture
def clock() -> SettableClock:
    return monday_clock()


@pytest.fixture
def house(tmp_path: Path, clock: SettableClock) -> Iterator[House]:
    house = build_house(tmp_path, agent=Answers(), clock=clock)
    yield house
    house.close()


def say(house: House, number: int, text: str) -> None:
    InlineWorker(house).deliver([inbound(f"m{number}", text)])


def test_a_lesson_is_what_was_known_asked_looked_up_and_answered(house: House) -> None:
    say(house, 1, "bonjour, un plombier à Rabat, c'est combien ?")
    [lesson] = list(lessons(house))
    assert [m["role"] for m in lesson["messages"]] == ["system", "user", "assistant", "tool", "assistant"]
    system, _, call, result, _ = lesson["messages"]
    assert system["content"].startswith("You are Bricol") and '"now": "2026-11-23T10:00+01:00"' in system["content"]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"service": "plumbing", "city": "rabat"}
    assert result["tool_call_id"] == call["tool_calls"][0]["id"]
    assert (lesson["role"], lesson["language"], lesson["id"]) == ("client", "fr", "store:1.1")


def test_nothing_of_anybodys_own_leaves(house: House) -> None:
    say(house, 1, "je suis Salma Bennani, 0661234567, salma@example.ma, 12 rue des Iris; carte 4111 1111 1111 1111, CIN AB123456")
    text = json.dumps(list(lessons(house)), ensure_ascii=False)
    for detail in ("Salma", "Bennani", "0661234567", "0661000001", SALMA, "salma@", "rue des Iris", "4111", "AB123456", "Villa des Roses"):
        assert detail not in text, detail
    assert "<NAME_1>" in text and "<PHONE_1>" in text, "the same tokens as a provider gets"
    [lesson] = list(lessons(house))
    assert [m["content"] for m in lesson["messages"] if list(private_spans(m["content"]))] == []


def test_apologies_and_answers_to_what_was_not_understood_are_context_only(house: House) -> None:
    for number, text in enumerate(("slm", "bug", "what"), 1):
        say(house, number, text)
    [lesson] = list(lessons(house))
    answers = [m for m in lesson["messages"] if m["role"] == "assistant" and not m.get("tool_calls")]
    assert [m.get("weight", 1) for m in answers] == [1, 0, 0]


def test_a_conversation_with_nothing_to_learn_is_no_lesson(house: House) -> None:
    say(house, 1, "bug")
    assert list(lessons(house)) == []


def test_a_long_silence_begins_another_lesson_with_its_own_day(house: House, clock: SettableClock) -> None:
    say(house, 1, "slm")
    clock.advance(minutes=30)
    say(house, 2, "mazal")
    clock.advance(hours=20)
    say(house, 3, "rj3t")
    found = list(lessons(house))
    assert [sum(m["role"] == "user" for m in x["messages"]) for x in found] == [2, 1]
    assert [x["id"] for x in found] == ["store:1.1", "store:1.2"]


def test_who_asked_to_be_forgotten_teaches_nothing(house: House) -> None:
    say(house, 1, "slm")
    with house.db.transaction() as session:
        erase_client(session, session.scalars(select(Client)).one().id)
    assert list(lessons(house)) == []


def test_only_the_conversations_asked_for_are_told(house: House) -> None:
    say(house, 1, "slm")
    with house.db.reading() as session:
        [known] = session.scalars(select(Conversation.id))
    assert len(list(lessons(house, [known]))) == 1 and list(lessons(house, [known + 1])) == []


@pytest.mark.parametrize("role", ["client", "technician"])
def test_every_tool_of_a_role_is_offered_with_its_manual(role: str) -> None:
    offered = {t["function"]["name"]: t["function"] for t in tools_of(role)}
    assert set(offered) == {tool.name for tool in registry.tools_for(role)} and offered
    assert all(f["description"] and f["parameters"]["type"] == "object" for f in offered.values())
