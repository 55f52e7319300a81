"""What our middleware knows of one turn: the typed context of the tools, plus the reading of the message and the counters."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from langchain.agents.middleware import ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from bot.brain.understanding.base import Understanding
from tools.context import TurnContext

#: Marks a message we put in front of a model for one call only ("say it again without ..."); it is never stored.
ASIDE = "aside"


@dataclass
class AgentContext(TurnContext):
    """`TurnContext` as the tools see it, with this turn's notes; `calls` stays the caller's own list."""

    understanding: Understanding | None = None  # of the person's message
    said: str = ""  # the person's words, all parts
    spoken: bool = False  # the words were heard in a voice note: their script is the recogniser's
    hazard: str | None = None  # prompts/system/danger.yaml: which danger was found
    facts: dict[str, Any] | None = None  # docs/contracts.md, read once per turn
    system: SystemMessage | None = None
    model_calls: int = 0
    tokens: int = 0
    brain: str = ""  # who wrote the last answer
    began: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, context: TurnContext, **notes: Any) -> AgentContext:
        return cls(**{f.name: getattr(context, f.name) for f in fields(TurnContext)}, **notes)


def aside(text: str) -> HumanMessage:
    return HumanMessage(text, additional_kwargs={ASIDE: True})


def text_of(message: AnyMessage | Any) -> str:
    """The words of a message, whatever form its provider gave the content."""
    content = message.content
    if isinstance(content, str):
        return content
    parts = (part if isinstance(part, str) else part.get("text") if part.get("type") == "text" else "" for part in content)
    return "".join(str(part or "") for part in parts)


def is_final(message: Any) -> bool:
    """An answer to the person, not a wish for a tool."""
    return isinstance(message, AIMessage) and not message.tool_calls


def last_of(response: ModelResponse[Any]) -> AIMessage:
    """What the model said; nothing at all counts as an empty answer."""
    last = response.result[-1] if response.result else None
    return last if isinstance(last, AIMessage) else AIMessage("")


def from_brain(message: AIMessage) -> bool:
    """Written by the embedded brain, which words its replies from prompts/replies and brings the Reply along."""
    return "reply" in message.additional_kwargs


def this_turn(messages: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """From the person's last message on, our own asides left out."""
    for i in range(len(messages) - 1, -1, -1):
        if isinstance(messages[i], HumanMessage) and not messages[i].additional_kwargs.get(ASIDE):
            return [m for m in messages[i:] if not m.additional_kwargs.get(ASIDE)]
    return messages


def results(messages: Sequence[AnyMessage]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(tool, arguments, result) of every answered call, oldest first. A result that is no JSON object counts as {}."""
    asked: dict[str, Any] = {}
    for message in messages:
        if isinstance(message, AIMessage):
            asked.update({call["id"]: call["args"] for call in message.tool_calls if call["id"]})
        elif isinstance(message, ToolMessage):
            yield message.name or "", dict(asked.get(message.tool_call_id) or {}), result_of(message)


def result_of(message: ToolMessage) -> dict[str, Any]:
    try:
        found = json.loads(text_of(message))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
