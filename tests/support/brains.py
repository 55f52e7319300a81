"""Scripted brains, a plain understander and a small market: what agent and middleware tests stand on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain.tools import ToolRuntime
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import StructuredTool
from pydantic import ConfigDict, Field

from bot.agent import Agent, build_agent
from bot.brain.understanding.base import Understanding
from bot.settings import Settings
from domain.clock import SettableClock
from domain.engagement.reply import Reply
from domain.rules import MarketRules
from domain.store.database import Database
from domain.store.tables import Base, Client, Conversation, Technician
from tools.context import Market, TurnContext

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Casablanca, a Monday


class Scripted(BaseChatModel):
    """Says `script` in order (messages, or functions of the messages it was given), the last one for ever."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    script: list[Any]
    seen: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Any:
        return self

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        self.seen.append(list(messages))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        said = step(messages) if callable(step) else step
        message = AIMessage(said) if isinstance(said, str) else said.model_copy(deep=True)
        return ChatResult(generations=[ChatGeneration(message=message)])


def llm(*script: Any) -> Scripted:
    return Scripted(script=list(script), seen=[])


def wish(tool: str, _id: str = "c1", /, **args: Any) -> AIMessage:
    """A model that wants one tool."""
    return AIMessage("", tool_calls=[{"name": tool, "args": args, "id": _id, "type": "tool_call"}])


def own(text: str, language: str = "ary", script: str = "latn", **more: Any) -> AIMessage:
    """What the embedded brain says: words with their Reply."""
    return AIMessage(text, additional_kwargs={"reply": Reply(text, language, script, **more).to_dict()})  # type: ignore[arg-type]


class Ears:
    """Reads script by letters and language by a few words; everything else as told."""

    def __init__(self, **fixed: Any) -> None:
        self.fixed = fixed
        self.asked = 0

    def understand(self, text: str, *, role: str = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        self.asked += 1
        arab = any("\u0600" <= c <= "\u06ff" for c in text)
        words = set(text.casefold().replace("'", " ").replace(",", " ").replace(".", " ").split())
        language = "ary"
        if words & {"je", "vous", "le", "la", "votre", "une", "demain", "bonjour"}:
            language = "fr"
        elif words & {"the", "you", "is", "a", "please", "i", "your"}:
            language = "en"
        elif words & {"الذي", "سوف", "هذا", "على", "أريد", "لكم", "الساعة"}:
            language = "ar"
        found = {"language": language, "script": "arab" if arab else "latn", "intents": ("inform",), "confidence": 0.9} | self.fixed
        return Understanding(**found)


class NoKnowledge:
    def search(self, query: str, locale: str, k: int = 3) -> list[Any]:
        return []


class NoLinks:
    def one_tap(self, offer_id: int, answer: str) -> str:
        return f"https://example.test/{offer_id}/{answer}"


def market(url: str = "sqlite://") -> Market:
    """A store in memory with Salma (1, client of Ahmed), Imane (2), a web visitor's conversation (3), Ahmed the plumber and his conversation (4)."""
    from sqlalchemy.pool import StaticPool

    db = Database(url, poolclass=StaticPool) if url == "sqlite://" else Database(url)
    Base.metadata.create_all(db.engine)
    with db.transaction() as session:
        ahmed = Technician(
            id=1, phone="+212662000001", name="ahmed", trades=["plumbing"], city="casablanca", district="maarif", rate_mad=300, rating=4.9, jobs=512
        )
        session.add(ahmed)
        session.flush()
        session.add_all(
            [
                Client(
                    id=1,
                    phone="+212661000001",
                    name="salma",
                    language="ary",
                    script="latn",
                    city="casablanca",
                    district="maarif",
                    address="zen9at 12, imm 4",
                    bookings_before=15,
                    last_technician_id=1,
                    created_at=NOW,
                ),
                Client(id=2, phone="+212661000002", name="imane", language="fr", script="latn", created_at=NOW),
            ]
        )
        session.flush()
        session.add_all(
            [
                Conversation(id=1, channel="whatsapp", address="+212661000001", client_id=1, created_at=NOW),
                Conversation(id=2, channel="whatsapp", address="+212661000002", client_id=2, created_at=NOW),
                Conversation(id=3, channel="web", address="s-1", verified=False, claimed_phone="+212661000009", created_at=NOW),
                Conversation(id=4, channel="sms", address="+212662000001", role="technician", technician_id=1, created_at=NOW),
            ]
        )
    return Market(db, SettableClock(NOW), MarketRules(), NoKnowledge(), NoLinks(), b"secret")


def context(market: Market, **changes: Any) -> TurnContext:
    """Salma writes on WhatsApp."""
    values: dict[str, Any] = {
        "market": market,
        "conversation_id": 1,
        "role": "client",
        "person_id": 1,
        "phone": "+212661000001",
        "verified": True,
        "channel": "whatsapp",
        "language": "ary",
        "script": "latn",
        "turn_key": "whatsapp:m1",
        "now": NOW,
    }
    return TurnContext(**{**values, **changes})


def tool(name: str, answer: dict[str, Any] | Callable[..., dict[str, Any]]) -> StructuredTool:
    """A tool of our registry's kind whose result is scripted; it keeps the call log as the registry does."""

    def run(runtime: ToolRuntime[TurnContext, Any], **args: Any) -> str:
        result = answer(**args) if callable(answer) else answer
        runtime.context.calls.append({"tool": name, "args": args, "ok": bool(result.get("ok")), "ms": 0.0})
        return json.dumps(result, ensure_ascii=False)

    schema = {"type": "object", "properties": {}, "additionalProperties": True}
    return StructuredTool.from_function(run, name=name, description=f"Scripted {name}.", args_schema=schema, infer_schema=False)


def agent(market: Market, model: Any, embedded: Any = None, *, ears: Any = None, tools: Sequence[StructuredTool] = (), **settings: Any) -> Agent:
    """Our agent over scripted brains; `tools` replace the registry's."""
    chosen = Settings(_env_file=None, **settings)
    given = (lambda _: list(tools)) if tools else None
    return build_agent(chosen, market, ears or Ears(), model=model, embedded=embedded or llm(own("Mer7ba")), tools=given)
