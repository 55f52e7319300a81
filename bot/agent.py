"""Answers one turn: LangChain's agent loop over our tools, with our rules around it; the turn calls it, it calls brain and tools."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.tools import BaseTool
from langsmith import tracing_context
from sqlalchemy import func, select

from bot.brain.understanding.base import Role, Understander, Understanding
from bot.brain.understanding.danger import find_hazard
from bot.middleware.consent import Consent
from bot.middleware.danger import Danger
from bot.middleware.facts import Facts
from bot.middleware.grounding import Grounding
from bot.middleware.limits import MODEL_CALLS, Limits
from bot.middleware.mirror import Mirror
from bot.middleware.notes import AgentContext, text_of
from bot.middleware.reply import Replies, template
from bot.models import chat_model, embedded_model
from bot.settings import Settings
from domain.clock import to_local, to_utc
from domain.engagement.reply import Reply
from domain.store.tables import Turn
from tools.context import Market, TurnContext

REMEMBERED = 4096  # readings kept: the embedded brain reads a conversation's earlier messages again at each step


@dataclass(frozen=True)
class AgentTurn:
    """What one turn gave. `messages`: the person's message, tool calls and results, the answer (its Reply in additional_kwargs["reply"])."""

    messages: list[AnyMessage]
    reply: Reply
    calls: list[dict[str, Any]]
    understanding: dict[str, Any]
    model: str  # who wrote the answer: "embedded", or the language model's name
    tokens: int = 0
    ms: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


class Agent:
    """One compiled loop per role, built once; `run` may be called from many threads."""

    def __init__(self, graphs: dict[str, Any], understander: Understander) -> None:
        self._graphs = graphs
        self._understander = understander

    def run(self, history: Sequence[AnyMessage], human: HumanMessage, context: TurnContext) -> AgentTurn:
        """Plays one turn. Raises when brain and embedded brain both fail or the store is down: the caller apologises.

        In danger a failing brain raises nothing: the safety advice goes out alone.
        """
        begun = time.perf_counter()
        said = text_of(human)
        heard = self._understander.understand(said, role=context.role, context=last_words(history), now=to_local(context.now))
        notes = AgentContext.of(context, understanding=heard, said=said, hazard=hazard_of(said, heard), spoken=bool(history) and is_spoken(human))
        config = {"recursion_limit": 4 * MODEL_CALLS + 10, "max_concurrency": 1}  # one tool at a time, in the order asked
        with tracing_context(enabled=False):  # a trace would carry what redaction hides
            state = self._graphs[context.role].invoke({"messages": [*history, human]}, context=notes, config=config)
        messages = list(state["messages"][len(history) :])
        if notes.facts is not None:  # kept with the turn: what was known then cannot be read from the store later
            messages[0] = messages[0].model_copy(update={"additional_kwargs": {**messages[0].additional_kwargs, "facts": notes.facts}})
        reply = Reply.from_dict(messages[-1].additional_kwargs["reply"])
        ms = round((time.perf_counter() - begun) * 1000, 2)
        return AgentTurn(messages, reply, notes.calls, heard.to_dict(), notes.brain or "embedded", notes.tokens, ms)


class Memo:
    """An understander that remembers: the same message read twice in a turn, or again as history, costs nothing."""

    def __init__(self, understander: Understander, size: int = REMEMBERED) -> None:
        self._inner, self._size, self._known, self._lock = understander, size, OrderedDict[Any, Understanding](), threading.Lock()

    def understand(self, text: str, *, role: Role = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        key = (text, role, context, now and (now.replace(tzinfo=None) if now.tzinfo is None else to_utc(now)))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._inner.understand(text, role=role, context=context, now=now)
        with self._lock:
            self._known[key] = found
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return found


def build_agent(
    settings: Settings,
    market: Market,
    understander: Understander,
    *,
    model: BaseChatModel | None = None,
    embedded: BaseChatModel | None = None,
    tools: Callable[[str], list[BaseTool]] | None = None,
) -> Agent:
    """The agent of these settings. `model`, `embedded` and `tools` replace what settings, brain and registry give."""
    from tools import registry

    memo = Memo(understander)
    embedded = embedded or embedded_model(memo)
    model = model or chat_model(settings, memo, embedded=embedded, spent_today=lambda: tokens_since_midnight(market))
    middleware = [
        Danger(registry.call, lambda context: template("safety.withheld", context)),
        Consent(memo),
        Limits(embedded, lambda context: template("safety.too_long", context), settings.model_timeout_seconds * 1.5),
        Replies(),
        Mirror(embedded, memo),
        Grounding(embedded, lambda context: template("safety.withheld", context)),
        Facts(),
    ]
    graphs = {
        role: create_agent(model, (tools or registry.tools_for)(role), middleware=middleware, context_schema=AgentContext)
        for role in ("client", "technician")
    }
    return Agent(graphs, memo)


def is_spoken(human: HumanMessage) -> bool:
    """Whether all its words were heard in voice notes."""
    worded = [p for p in human.additional_kwargs.get("parts") or () if p.get("text")]
    return bool(worded) and all((p.get("payload") or {}).get("heard") for p in worded)


def hazard_of(said: str, heard: Understanding) -> str | None:
    """The kind of danger in a message, by our own rules first; "other" when only the reader sees one."""
    return find_hazard(said) or ("other" if heard.danger or heard.urgency == "emergency" else None)


def last_words(history: Sequence[AnyMessage]) -> str | None:
    """What the person read last: it decides what "1", "oui" or "ghali" answer."""
    return next((text_of(m) for m in reversed(history) if isinstance(m, AIMessage) and text_of(m)), None)


def tokens_since_midnight(market: Market) -> int:
    """Language model tokens of all turns since local midnight."""
    midnight = to_utc(to_local(market.clock.now()).replace(hour=0, minute=0, second=0, microsecond=0))
    with market.db.reading() as session:
        return int(session.scalar(select(func.sum(Turn.tokens)).where(Turn.created_at >= midnight)) or 0)
