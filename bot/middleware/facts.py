"""Opens every model call with what the house knows of this person: words for a language model, the same facts as data for the embedded brain."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import SystemMessage
from sqlalchemy import func, select

from bot.middleware.notes import AgentContext
from domain.clock import to_local
from domain.rules import MarketRules
from domain.store import given_back
from domain.store.tables import Booking, Client, Conversation, Technician
from tools.context import TurnContext

MANUAL = Path(__file__).parents[2] / "prompts" / "system"
FINISHED = ("done", "closed")


class Facts(AgentMiddleware):
    """Puts the SystemMessage of docs/contracts.md first; the store is read once per turn."""

    def wrap_model_call(self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]) -> ModelResponse[Any]:
        context: AgentContext = request.runtime.context
        if context.system is None:
            context.facts = context.facts or read_facts(context)
            context.system = system_message(context.facts, context.market.rules)
        return handler(request.override(system_message=context.system))


def read_facts(context: TurnContext) -> dict[str, Any]:
    """`facts` of docs/contracts.md, as of the turn's own time."""
    with context.market.db.reading() as session:
        conversation = session.get(Conversation, context.conversation_id)
        facts: dict[str, Any] = {
            "now": to_local(context.now).isoformat(timespec="minutes"),
            "role": context.role,
            "channel": context.channel,
            "verified": context.verified,
            "claimed_phone": conversation.claimed_phone if conversation else None,
            "name": None,
            "language": context.language,
            "script": context.script,
            "language_pinned": False,
            "place": None,
            "bookings_done": 0,
            "technician": None,
        }
        if told := given_back.told(session, context.conversation_id, context.now):
            facts |= {k: v for k, v in (("instruction", told.text), ("given_back", told.choice)) if v}
        if context.person_id is None or not context.verified:
            return facts
        if context.role == "technician":
            worker = session.get(Technician, context.person_id)
            if worker is not None:
                facts |= {"name": worker.name, "place": {"city": worker.city, "district": worker.district, "address": None}}
                facts["bookings_done"] = worker.jobs
            return facts
        client = session.get(Client, context.person_id)
        if client is None or client.erased:
            return facts
        here = select(func.count()).select_from(Booking).where(Booking.client_id == client.id, Booking.status.in_(FINISHED))
        facts |= {"name": client.name, "language_pinned": client.language_pinned}
        facts["bookings_done"] = client.bookings_before + (session.scalar(here) or 0)
        if client.city:
            facts["place"] = {"city": client.city, "district": client.district, "address": client.address}
        if client.last_technician_id is not None:
            facts["technician"] = session.scalar(select(Technician.name).where(Technician.id == client.last_technician_id))
        return facts


def system_message(facts: dict[str, Any], rules: MarketRules) -> SystemMessage:
    """The manual comes first and never changes, so that providers can cache it; the facts of the turn come last."""
    known = json.dumps({k: v for k, v in facts.items() if v is not None}, ensure_ascii=False)
    return SystemMessage(manual("agent", rules) + "\n" + known, additional_kwargs={"facts": facts})


@cache
def manual(name: str, rules: MarketRules) -> str:
    """prompts/system/<name>.md with the market's own numbers filled in."""
    text = (MANUAL / f"{name}.md").read_text(encoding="utf-8")
    for key, value in vars(rules).items():
        text = text.replace("{" + key + "}", str(value))
    return text.strip()
