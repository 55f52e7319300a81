"""Our agent step against a bare create_agent turn: one tool, a model that answers at once, both in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool

from evals.bench.figures import Figure, at_most, quantile

TURNS = 200
WARM = 20
LIMIT = 5  # times a bare turn


class Instant(BaseChatModel):
    """Wishes for one tool, then answers, without thinking."""

    wish: str
    args: dict[str, Any]
    reply: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self

    def _generate(self, messages: list[Any], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        if isinstance(messages[-1], ToolMessage):
            message = AIMessage(self.reply["text"], additional_kwargs={"reply": self.reply})
        else:
            message = AIMessage("", tool_calls=[{"name": self.wish, "args": self.args, "id": "1", "type": "tool_call"}])
        return ChatResult(generations=[ChatGeneration(message=message)])


def measure() -> list[Figure]:
    """Medians of interleaved turns; the ratio is of two medians of one run, so that a busy machine weighs on both."""
    with tempfile.TemporaryDirectory() as folder:
        bare, ours, close = _bare_turn(), *_our_turn(folder)
        took: dict[str, list[float]] = {"bare": [], "ours": []}
        try:
            for n in range(WARM + TURNS):
                for name, play in (("bare", bare), ("ours", ours)):
                    begun = time.perf_counter()
                    play(n)
                    took[name].append((time.perf_counter() - begun) * 1000)
        finally:
            close()
    medians = {name: statistics.median(values[WARM:]) for name, values in took.items()}
    tail = quantile(took["ours"][WARM:], 0.95)
    return [
        Figure("a bare create_agent turn with one tool, median", round(medians["bare"], 2), "ms", note=f"{TURNS} turns"),
        Figure("our agent step, median", round(medians["ours"], 2), "ms", note=f"p95 {tail:.2f} ms; real tool, store and reader"),
        at_most("our agent step against the bare turn", medians["ours"] / medians["bare"], "x", LIMIT, "ratio of the medians"),
    ]


def _bare_turn() -> Callable[[int], Any]:
    @tool
    def loyalty_balance() -> str:
        """The client's credit."""
        return '{"ok": true, "credit_mad": 0}'

    graph = create_agent(_instant(), [loyalty_balance])
    return lambda n: graph.invoke({"messages": [HumanMessage(f"ch7al 3ndi d crédit {n}")]})


def _our_turn(folder: str) -> tuple[Callable[[int], Any], Callable[[], None]]:
    import retrieval
    from bot.agent import build_agent
    from bot.brain.understanding import load
    from bot.settings import Settings
    from domain.clock import SettableClock
    from domain.rules import MarketRules
    from domain.store.database import Database
    from domain.store.tables import Base, Client, Conversation
    from tools.context import Market, TurnContext

    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    db = Database(f"sqlite:///{folder}/bench.sqlite3")
    Base.metadata.create_all(db.engine)
    with db.transaction() as session:
        session.add(Client(id=1, phone="+212661000001", name="salma", city="casablanca", district="maarif", created_at=now))
        session.flush()
        session.add(Conversation(id=1, channel="whatsapp", address="+212661000001", client_id=1, created_at=now))
    market = Market(db, SettableClock(now), MarketRules(), retrieval.load(), _NoLinks(), b"bench")
    model = _instant()
    agent = build_agent(Settings(_env_file=None), market, load(), model=model, embedded=model)  # type: ignore[call-arg]

    def play(n: int) -> Any:
        context = TurnContext(market, 1, "client", 1, "+212661000001", True, "whatsapp", "ary", "latn", f"whatsapp:{n}", now)
        return agent.run([], HumanMessage(f"ch7al 3ndi d crédit {n}"), context)

    return play, db.close


def _instant() -> Instant:
    words = "3ndek 0 dh d crédit."
    reply: dict[str, Any] = {"text": words, "language": "ary", "script": "latn", "awaiting": None, "options": [], "key": "", "extra": {}}
    return Instant(wish="loyalty_balance", args={}, reply=reply)


class _NoLinks:
    def one_tap(self, offer_id: int, answer: str) -> str:
        return ""
