"""Builds houses for tests: a migrated store in a temporary folder, a fake channel, a scripted agent, a clock that stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from bot import wiring
from bot.settings import Settings
from bot.wiring import House
from channels.base import Capabilities
from domain.clock import Clock
from domain.engagement.reply import Reply
from domain.rules import MarketRules
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.tables import Technician
from tests.support.clock import monday_clock
from tests.support.fake_channel import FakeChannel
from tools.context import Passage, TurnContext


@dataclass
class ScriptedTurn:
    """What `bot.agent.AgentTurn` is to the spine."""

    messages: list[BaseMessage]
    reply: Reply | None
    calls: list[dict[str, Any]] = field(default_factory=list)
    understanding: dict[str, Any] | None = None
    model: str = "scripted"
    tokens: int = 0
    ms: float = 0.0


@dataclass
class ScriptedAgent:
    """Answers with `say(human text, context)`; keeps what it was given. Raises what `say` raises."""

    say: Callable[[str, TurnContext], Reply | str | None] = lambda text, context: f"you said: {text}"
    heard: list[str] = field(default_factory=list)
    pasts: list[list[BaseMessage]] = field(default_factory=list)
    contexts: list[TurnContext] = field(default_factory=list)

    def run(self, history: list[BaseMessage], human: HumanMessage, context: TurnContext) -> ScriptedTurn:
        text = str(human.content)
        self.heard.append(text)
        self.pasts.append(history)
        self.contexts.append(context)
        said = self.say(text, context)
        reply = Reply(said, "ary", "latn") if isinstance(said, str) else said
        words = [AIMessage(reply.text, additional_kwargs={"reply": reply.to_dict()})] if reply else []
        return ScriptedTurn([human, *words], reply)


class NoKnowledge:
    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        return []


def settings_in(folder: Path, **values: Any) -> Settings:
    """Settings that read neither the environment's .env nor touch anything outside `folder`."""
    return Settings(_env_file=None, data_dir=folder, **{"burst_seconds": 0.0, "demo": False, **values})


def build_house(
    folder: Path, *, agent: Any = None, clock: Clock | None = None, channels: list[Any] | None = None, transcriber: Any = None, **values: Any
) -> House:
    """A house on a fresh store (SQLite in `folder`, or `database_url`), with a fake WhatsApp and a fake SMS channel."""
    settings = settings_in(folder, **values)
    migrate(settings.store_url)
    chosen = channels if channels is not None else [FakeChannel("whatsapp"), FakeChannel("sms", Capabilities(max_text=1530))]
    return wiring.build(
        settings,
        clock=clock or monday_clock(),
        channels={c.name: c for c in chosen},
        agent=agent if agent is not None else ScriptedAgent(),
        knowledge=NoKnowledge(),
        rules=MarketRules(),
        transcriber=transcriber,
    )


def add_technicians(url: str, *, trade: str = "plumbing", city: str = "casablanca", districts: tuple[str, ...] = ("maarif", "gauthier")) -> None:
    """One technician of a trade per district, in a migrated store."""
    db = Database(url)
    with db.transaction() as session:
        for number, district in enumerate(districts, 1):
            person = Technician(
                phone=f"+21266200000{number}", name=f"technician {number}", trades=[trade], city=city, district=district,
                rate_mad=Decimal(250 + number), rating=5 - number / 10, jobs=100, days="mon-sun", hours="00:00-24:00",
            )  # fmt: skip
            session.add(person)
    db.close()
