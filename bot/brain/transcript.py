"""Reads the messages of a conversation as what happened: exchanges (a message, tool results, a reply) and notices between them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from domain.clock import CASABLANCA, SystemClock, to_local

Part = Mapping[str, Any]
Done = tuple[str, dict[str, Any], dict[str, Any]]  # tool, arguments, result


@dataclass
class Exchange:
    """One turn. `reply` is None while it is being played; `parts` are the pieces of the person's message, oldest first."""

    text: str
    parts: tuple[Part, ...] = ()
    done: list[Done] = field(default_factory=list)
    reply: dict[str, Any] | None = None


@dataclass(frozen=True)
class Notice:
    """Words that left outside a turn."""

    reply: dict[str, Any]


@dataclass
class Transcript:
    facts: dict[str, Any]
    past: list[Exchange | Notice]
    current: Exchange
    now: datetime  # local, aware


def read(messages: Sequence[BaseMessage]) -> Transcript:
    """Never raises: what cannot be read counts as not said."""
    facts: dict[str, Any] = {}
    items: list[Exchange | Notice] = []
    open_turn: Exchange | None = None
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for message in messages:
        if isinstance(message, SystemMessage):
            found = message.additional_kwargs.get("facts")
            facts = dict(found) if isinstance(found, Mapping) else facts
        elif isinstance(message, HumanMessage):
            if message.additional_kwargs.get("aside"):
                continue
            open_turn = Exchange(words(message), _parts(message))
            items.append(open_turn)
        elif isinstance(message, ToolMessage):
            if open_turn is not None:
                name, args = asked.get(message.tool_call_id, (message.name or "", {}))
                open_turn.done.append((name, args, _json(message)))
        elif isinstance(message, AIMessage):
            if message.tool_calls:
                asked.update({str(call["id"]): (call["name"], dict(call["args"])) for call in message.tool_calls})
                continue
            reply = message.additional_kwargs.get("reply")
            reply = dict(reply) if isinstance(reply, Mapping) else {"text": words(message)}
            if message.additional_kwargs.get("notice") or open_turn is None or open_turn.reply is not None:
                items.append(Notice(reply))
            else:
                open_turn.reply = reply
    last = max((i for i, item in enumerate(items) if isinstance(item, Exchange)), default=None)
    current = Exchange("")
    if last is not None and isinstance(found_last := items[last], Exchange) and found_last.reply is None:
        current = found_last
        items.pop(last)
    return Transcript(facts, items, current, moment(facts.get("now")))


def moment(text: Any) -> datetime:
    """A local aware datetime from ISO text; the real present when there is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return to_local(SystemClock().now())
    return found.replace(tzinfo=CASABLANCA) if found.tzinfo is None else to_local(found)


def words(message: BaseMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content if isinstance(part, str | dict))


def _parts(message: HumanMessage) -> tuple[Part, ...]:
    parts = message.additional_kwargs.get("parts")
    if not isinstance(parts, list):
        return ({"kind": "text", "text": words(message), "payload": {}},)
    return tuple(p for p in parts if isinstance(p, Mapping))


def _json(message: ToolMessage) -> dict[str, Any]:
    return dict(_parsed(words(message)))


@lru_cache(maxsize=2048)
def _parsed(text: str) -> dict[str, Any]:
    """Results of earlier turns are read again at every step; nobody changes them."""
    try:
        found = json.loads(text)
    except ValueError:
        return {"ok": False, "error": "internal"}
    return found if isinstance(found, dict) else {"ok": False, "error": "internal"}
