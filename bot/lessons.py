"""Tells stored conversations as lessons for a language model: what it would have been shown at a provider, private details hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage, messages_from_dict
from langchain_core.utils.function_calling import convert_to_openai_tool
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import history
from bot.middleware.facts import read_facts, system_message
from bot.middleware.notes import text_of
from bot.middleware.redaction import vault_for
from bot.redact import redact
from bot.turn import context_of
from domain.files import read_yaml
from domain.store.tables import Conversation, OutboxRow, Turn
from tools import registry

if TYPE_CHECKING:
    from bot.wiring import House

#: A silence so long ends a lesson: "tomorrow" after it means another day than the one the facts name.
SILENCE = timedelta(hours=2)
LINK = re.compile(r"(/t/)[\w.~-]+")
NOT_A_BRAIN = ("apology", "rule", "human")  # who answered a turn without a model having decided anything


def lessons(house: House, conversations: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
    """One lesson per stretch of a conversation (all, or those given): {"id", "role", "language", "script", "messages", "tools"}.

    Messages and tools are in OpenAI's form. An assistant message with `weight` 0 is context and not to be learnt: a notice, an
    apology, an answer to something that was not understood, or a person's words. Erased people's conversations are left out.
    """
    with house.db.reading() as session:
        wanted = select(Conversation).order_by(Conversation.id)
        if conversations is not None:
            wanted = wanted.where(Conversation.id.in_(list(conversations)))
        for talk in session.scalars(wanted):
            if talk.client is not None and talk.client.erased:
                continue
            for number, stretch in enumerate(_stretches(session, talk.id), 1):
                if lesson := _lesson(house, talk, stretch):
                    yield {"id": f"store:{talk.id}.{number}", **lesson}


def read_ids(path: Path) -> frozenset[str]:
    """Scenario ids to leave out: a text file with one a line, a YAML list, or a YAML mapping whose `test` is that list.

    Raises ValueError naming the file and the cure.
    """
    try:
        found = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read ({type(error).__name__}); give a list of scenario ids, one a line") from error
    if isinstance(found, dict):
        found = found.get("test")
    ids = found.split() if isinstance(found, str) else found
    if not isinstance(ids, list) or not all(isinstance(i, str | int) for i in ids):
        raise ValueError(f"{path}: holds no list of ids; give one a line, a YAML list, or a mapping with `test: [id, ...]`")
    return frozenset(str(i) for i in ids)


def scenario_of(lesson_id: str) -> str | None:
    """The scenario a lesson was played from; None for one of the store."""
    kind, _, rest = lesson_id.partition(":")
    return rest.partition("#")[0] if kind == "scenario" else None


def _stretches(session: Session, conversation_id: int) -> Iterator[list[tuple[Turn, list[AIMessage]]]]:
    """Turns between long silences, each with the notices that left just before its reply."""
    turns = session.scalars(select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.id)).all()
    sent = session.scalars(
        select(OutboxRow).where(OutboxRow.conversation_id == conversation_id, OutboxRow.status.not_in(history.UNSAID)).order_by(OutboxRow.id)
    ).all()
    places = {row.turn_id: row.id for row in sent if row.turn_id is not None}
    notices = [row for row in sent if row.turn_id is None]
    stretch: list[tuple[Turn, list[AIMessage]]] = []
    for turn in turns:
        before: list[AIMessage] = []
        while notices and turn.id in places and notices[0].id < places[turn.id]:
            before.append(history.notice(notices.pop(0)))
        if stretch and turn.created_at - stretch[-1][0].created_at > SILENCE:
            yield stretch
            stretch = []
        stretch.append((turn, before))
    if stretch:
        yield stretch


def _lesson(house: House, talk: Conversation, stretch: Sequence[tuple[Turn, list[AIMessage]]]) -> dict[str, Any] | None:
    spoken = stretch[0][0].reply or {}
    language, script = str(spoken.get("language") or talk.language or "ary"), str(spoken.get("script") or talk.script or "latn")
    messages: list[AnyMessage] = []
    weights: list[int] = []
    facts: dict[str, Any] | None = None
    for turn, notices in stretch:
        said = messages_from_dict(turn.messages)
        if not any(text_of(m) or m.additional_kwargs.get("parts") for m in said if isinstance(m, HumanMessage)):
            continue  # blanked by an erasure
        facts = facts or next((m.additional_kwargs["facts"] for m in said if m.additional_kwargs.get("facts")), None)
        taught = int(turn.model not in NOT_A_BRAIN and not ((turn.reply or {}).get("extra") or {}).get("misses"))
        messages += [*notices, *said]  # type: ignore[list-item]
        weights += [0] * len(notices) + [taught] * len(said)
    if not any(weight and isinstance(m, AIMessage) for weight, m in zip(weights, messages, strict=True)):
        return None
    messages.insert(0, system_message(facts or _bare_facts(house, talk, stretch[0][0].created_at, language, script), house.rules))
    weights.insert(0, 1)
    hidden = vault_for(messages).hide_messages(messages)
    told = [_told(m, weight) for m, weight in zip(hidden, weights, strict=True)]
    return {"role": talk.role, "language": language, "script": script, "messages": told, "tools": tools_of(talk.role)}


def tools_of(role: str) -> list[dict[str, Any]]:
    """The tools a model is offered for this role, in OpenAI's form."""
    return [convert_to_openai_tool(tool) for tool in registry.tools_for(role)]


def _bare_facts(house: House, talk: Conversation, now: datetime, language: str, script: str) -> dict[str, Any]:
    """Of a turn that kept none: what did not change since. A place or a name learnt later would teach to ask for what is known."""
    context = replace(context_of(house, talk, "lesson", now), language=language, script=script)
    return read_facts(context) | {"name": None, "place": None, "technician": None, "bookings_done": 0}


def _told(message: AnyMessage, weight: int) -> dict[str, Any]:
    # the vault has hidden everything; what a later rule finds must not leave either, nor a signed link
    text = LINK.sub(r"\1<LINK>", redact(text_of(message)))
    if isinstance(message, SystemMessage):
        return {"role": "system", "content": text}
    if isinstance(message, HumanMessage):
        return {"role": "user", "content": text}
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.tool_call_id, "name": message.name or "", "content": text}
    told: dict[str, Any] = {"role": "assistant", "content": text}
    if isinstance(message, AIMessage) and message.tool_calls:
        told["tool_calls"] = [
            {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": json.dumps(c["args"], ensure_ascii=False)}}
            for c in message.tool_calls
        ]
    return told if weight else {**told, "weight": 0}
