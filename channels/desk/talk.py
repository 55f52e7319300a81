"""Reads one conversation as somebody at the desk sees it: what was said, what was understood and done, and who the person is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from channels.desk.spans import locale_of_talk
from domain.engagement import failures
from domain.store.desk_tables import DeskCase, DeskNote
from domain.store.tables import Booking, Client, Conversation, Escalation, InboxRow, OutboxRow, Refund, Technician, Turn

SHOWN = 250  # rows of each kind, the latest
BOOKINGS = 8
SECRET = "••••"  # a code is its owner's alone: with it anybody could speak for them


@dataclass(frozen=True)
class Call:
    """One tool call of a turn, with what it answered."""

    tool: str
    ok: bool
    args: dict[str, Any]
    result: str
    error: str | None


@dataclass
class Line:
    """One bubble. `who`: client bot desk notice note instruction. `source`: the row it stands in, "inbox 12"."""

    who: str
    at: datetime
    text: str
    source: str
    author: str = ""
    kind: str = "text"
    status: str = ""
    error: str | None = None
    options: tuple[str, ...] = ()
    reading: dict[str, Any] | None = None
    calls: list[Call] = field(default_factory=list)
    turn_id: int | None = None
    row_id: int = 0  # of the outbox, or of the inbox where there is a picture to see
    choice: str = ""  # of an instruction, one of HAND_BACKS

    @property
    def secret(self) -> bool:
        return self.text == SECRET

    @property
    def why(self) -> str:
        """Why it did not leave, one of failures.CODES."""
        return failures.reason(self.error)


@dataclass(frozen=True)
class Talk:
    """Everything the page of one conversation shows."""

    row: Conversation
    locale: str
    lines: list[Line]
    cut: bool  # older lines exist
    case: Escalation | None
    work: DeskCase | None
    bookings: list[Booking]
    refunds: list[Refund]
    bookings_done: int

    @property
    def client(self) -> Client | None:
        return self.row.client if self.row.role == "client" else None

    @property
    def technician(self) -> Technician | None:
        return self.row.technician if self.row.role == "technician" else None

    @property
    def erased(self) -> bool:
        return bool(self.row.client and self.row.client.erased)

    @property
    def last_words(self) -> Line | None:
        """The person's latest message with words in it."""
        return next((line for line in reversed(self.lines) if line.who == "client" and line.text), None)


def read(session: Session, conversation_id: int) -> Talk | None:
    """None when there is no such conversation."""
    row = session.get(Conversation, conversation_id)
    if row is None:
        return None
    heard, said, turns, notes = (_latest(session, table, conversation_id) for table in (InboxRow, OutboxRow, Turn, DeskNote))
    case = session.scalars(select(Escalation).where(Escalation.conversation_id == row.id).order_by(Escalation.id.desc())).first()
    bookings = _bookings(session, row)
    return Talk(
        row=row,
        locale=locale_of_talk(row),
        lines=_lines(heard, said, {t.id: t for t in turns}, notes),
        cut=any(len(rows) == SHOWN for rows in (heard, said)),
        case=case if case is not None and case.status != "closed" else None,
        work=session.get(DeskCase, case.id) if case is not None and case.status != "closed" else None,
        bookings=bookings[:BOOKINGS],
        refunds=list(session.scalars(select(Refund).where(Refund.booking_id.in_([b.id for b in bookings])).order_by(Refund.id.desc()))),
        bookings_done=(row.client.bookings_before if row.client else 0) + sum(b.status in ("done", "closed") for b in bookings),
    )


def _latest(session: Session, table: Any, conversation_id: int) -> list[Any]:
    rows = session.scalars(select(table).where(table.conversation_id == conversation_id).order_by(table.id.desc()).limit(SHOWN))
    return list(rows)[::-1]


def _bookings(session: Session, row: Conversation) -> list[Booking]:
    """Newest first. A visitor who is not verified has none that we may show as theirs."""
    if row.role == "technician" or row.client_id is None or not row.verified:
        return []
    return list(session.scalars(select(Booking).where(Booking.client_id == row.client_id).order_by(Booking.start.desc())))


def _lines(heard: Sequence[InboxRow], said: Sequence[OutboxRow], turns: dict[int, Turn], notes: Sequence[DeskNote]) -> list[Line]:
    lines = [_heard(row) for row in heard]
    last_of_turn = {line.turn_id: line for line in lines if line.turn_id}
    for turn_id, line in last_of_turn.items():
        if (turn := turns.get(turn_id or 0)) is not None:
            line.reading, line.calls = turn.understanding, calls_of(turn)
    lines += [_said(row) for row in said]
    lines += [Line(note.kind, note.at, note.text, f"note {note.id}", author=note.login, choice=note.choice) for note in notes]
    order = {"client": 0, "bot": 1, "notice": 1, "desk": 1, "note": 2, "instruction": 2}
    return sorted(lines, key=lambda line: (line.at, order[line.who]))


def _heard(row: InboxRow) -> Line:
    seen = row.id if row.kind == "photo" and row.payload.get("url") else 0
    return Line("client", row.received_at, row.text, f"inbox {row.id}", kind=row.kind, turn_id=row.turn_id, row_id=seen)


def _said(row: OutboxRow) -> Line:
    who = "desk" if row.author != "bot" else "bot" if row.turn_id else "notice"
    options = tuple(str(o.get("title", "")) for o in row.reply.get("options", ()))
    text = SECRET if row.category == "code" else str(row.reply.get("text", ""))
    how_far: dict[str, Any] = {"status": row.status, "error": row.error, "row_id": row.id}
    return Line(who, row.created_at, text, f"outbox {row.id}", author=row.author, options=options, **how_far)


def calls_of(turn: Turn) -> list[Call]:
    """The tools of one turn, in the order they were called."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    found = []
    for message in turn.messages:
        data = message.get("data", {})
        for call in data.get("tool_calls") or ():
            asked[str(call.get("id"))] = (str(call.get("name")), dict(call.get("args") or {}))
        if message.get("type") == "tool":
            name, args = asked.get(str(data.get("tool_call_id")), (str(data.get("name")), {}))
            found.append(_call(name, args, data.get("content")))
    return found or [Call(str(c.get("tool")), bool(c.get("ok")), dict(c.get("args") or {}), "", None) for c in turn.calls]


def _call(name: str, args: dict[str, Any], content: Any) -> Call:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    try:
        result = json.loads(text)
    except ValueError:
        result = {}
    ok = bool(result.get("ok")) if isinstance(result, dict) else False
    error = str(result["error"]) if isinstance(result, dict) and result.get("error") else None
    return Call(name, ok, args, text[:2000], error)
