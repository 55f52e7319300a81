"""What the graders of a whole conversation look at: the transcript with its tool results, what left, and what belongs to other people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage, messages_from_dict
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.middleware.notes import result_of, text_of
from domain.clock import to_local
from domain.rules import MarketRules
from domain.store.tables import Booking, BookingEvent, Client, Conversation, OutboxRow, Proposal, Technician, Turn


@dataclass(frozen=True)
class Call:
    """One tool call of a turn with its result (`{"ok": ...}`)."""

    tool: str
    args: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One turn of the person's conversation as the store has it. `place` is its turn in `Played.turns`, from 1."""

    key: str
    said: str
    parts: Sequence[Mapping[str, Any]]
    calls: Sequence[Call]
    reply: Mapping[str, Any] | None
    shown: bool  # the reply left
    facts: Mapping[str, Any]
    understanding: Mapping[str, Any]
    now: datetime  # local
    place: int | None = None


@dataclass(frozen=True)
class Notice:
    """Words that left outside a turn, to this person."""

    text: str
    reply: Mapping[str, Any]
    after: int  # how many exchanges came before
    place: int | None = None


@dataclass
class Case:
    """A whole conversation. `private`: (kind, detail, owner) of everybody else; `own`: details of the person who writes."""

    role: str
    language: str
    script: str
    channel: str
    phone: str | None
    exchanges: list[Exchange]
    notices: list[Notice]
    proposals: Mapping[int, Mapping[str, Any]]  # id -> {kind, status, turn_key}
    private: Sequence[tuple[str, str]] = ()
    rules: MarketRules = field(default_factory=MarketRules)
    logs: Sequence[str] = ()


def read_case(session: Session, conversation_id: int, *, language: str, script: str, rules: MarketRules, places: Mapping[int, int] | None = None,
              logs: Sequence[str] = ()) -> Case:  # fmt: skip
    """The case of one conversation. `places`: outbox row -> turn in `Played.turns`."""
    places = places or {}
    talk = session.get_one(Conversation, conversation_id)
    person = talk.technician if talk.role == "technician" else talk.client
    rows = session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == talk.id, OutboxRow.author == "bot").order_by(OutboxRow.id)).all()
    of_turn = {row.turn_id: row for row in rows if row.turn_id is not None}
    turns = session.scalars(select(Turn).where(Turn.conversation_id == talk.id).order_by(Turn.id)).all()
    exchanges = [_exchange(turn, of_turn.get(turn.id), places) for turn in turns]
    order = {turn.id: n for n, turn in enumerate(turns, 1)}
    notices: list[Notice] = []
    before = 0
    for row in rows:
        if row.turn_id is not None:
            before = order.get(row.turn_id, before)
        elif row.status not in ("dropped", "failed"):
            notices.append(Notice(str(row.reply.get("text", "")), row.reply, before, places.get(row.id)))
    proposals = {
        p.id: {"kind": p.kind, "status": p.status, "turn_key": p.turn_key}
        for p in session.scalars(select(Proposal).where(Proposal.conversation_id == talk.id))
    }
    return Case(
        role=talk.role, language=language, script=script, channel=talk.channel, phone=person.phone if person is not None else talk.claimed_phone,
        exchanges=exchanges, notices=notices, proposals=proposals, private=_of_others(session, talk), rules=rules, logs=logs,
    )  # fmt: skip


def _exchange(turn: Turn, row: OutboxRow | None, places: Mapping[int, int]) -> Exchange:
    messages: list[AnyMessage] = messages_from_dict(turn.messages)  # type: ignore[assignment]
    human = next((m for m in messages if isinstance(m, HumanMessage)), None)
    kwargs = human.additional_kwargs if human is not None else {}
    results = {m.tool_call_id: result_of(m) for m in messages if isinstance(m, ToolMessage)}
    calls = [Call(c["name"], c["args"], results.get(c["id"] or "", {})) for m in messages if isinstance(m, AIMessage) for c in m.tool_calls]
    shown = row is not None and row.status not in ("dropped", "failed")
    return Exchange(
        turn.key, text_of(human) if human is not None else "", kwargs.get("parts") or (), calls, turn.reply, shown,
        kwargs.get("facts") or {}, turn.understanding or {}, to_local(turn.created_at), places.get(row.id) if row is not None else None,
    )  # fmt: skip


def _of_others(session: Session, talk: Conversation) -> list[tuple[str, str]]:
    """Phones, addresses and references that this person has no business to read. Of a job between two people both may know the other."""
    column = Booking.technician_id if talk.role == "technician" else Booking.client_id
    me = talk.technician_id if talk.role == "technician" else talk.client_id
    mine = session.scalars(select(Booking).where(column == me)).all() if me is not None else []
    offered = {b.id for b in mine}
    if talk.role == "technician":
        from domain.store.tables import Offer

        offered |= set(session.scalars(select(Offer.booking_id).where(Offer.technician_id == me)))
    found: list[tuple[str, str]] = []
    theirs = session.scalars(select(Booking).where(or_(Booking.id.not_in(offered))))
    for booking in theirs:
        found.append(("ref", booking.ref))
        if booking.address:
            found.append(("address", booking.address))
    known_clients = {b.client_id for b in mine} | {talk.client_id} | _clients_once(session, talk.technician_id)
    known_technicians = {b.technician_id for b in mine} | {talk.technician_id}
    for client in session.scalars(select(Client)):
        if client.id not in known_clients and client.phone:
            found.append(("phone", client.phone))
        if client.id not in known_clients and client.address:
            found.append(("address", client.address))
    found += [("phone", t.phone) for t in session.scalars(select(Technician)) if t.id not in known_technicians]
    return found


def _clients_once(session: Session, technician: int | None) -> set[int]:
    """Clients whose phone a technician was rightly given before they gave the job back."""
    released = session.scalars(select(BookingEvent).where(BookingEvent.event == "released"))
    jobs = {event.booking_id for event in released if technician is not None and event.data.get("technician_id") == technician}
    return set(session.scalars(select(Booking.client_id).where(Booking.id.in_(jobs))))
