"""Puts together what was said before: earlier turns and the notices that left between them, in the order the person saw them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, messages_from_dict, messages_to_dict
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.carried import carried
from domain.engagement.reply import Reply
from domain.store.tables import InboxRow, OutboxRow, Turn

UNSAID = ("dropped", "failed")  # the person never read these


def load(session: Session, conversation_id: int, upto: int, turns_at_most: int, now: datetime | None = None) -> list[Any]:
    """Messages of the last `turns_at_most` turns, oldest first, with notices between; what the client said elsewhere just before where it was said.

    `upto`: the newest outbox row to look at, and `now` the turn's own time, so that a turn that is played again after a crash reads the same
    past. Without `now`: this conversation alone.
    """
    turns = list(session.scalars(select(Turn).where(Turn.conversation_id == conversation_id).order_by(Turn.id.desc()).limit(turns_at_most)).all())[
        ::-1
    ]
    places = session.execute(select(OutboxRow.turn_id, OutboxRow.id).where(OutboxRow.turn_id.in_([t.id for t in turns])))
    replies = {place.turn_id: place.id for place in places}
    notices = list(
        session.scalars(
            select(OutboxRow)
            .where(
                OutboxRow.conversation_id == conversation_id,
                OutboxRow.turn_id.is_(None),
                OutboxRow.id <= upto,
                OutboxRow.status.not_in(UNSAID),
            )
            .order_by(OutboxRow.id)
        )
    )
    if len(turns) == turns_at_most and (first := next((replies[t.id] for t in turns if t.id in replies), None)):
        notices = [n for n in notices if n.id > first]  # older than the oldest turn that is still read
    history: list[Any] = []
    elsewhere = carried(session, conversation_id, turns, now) if now is not None else []
    for turn in sorted([*turns, *elsewhere], key=lambda one: one.id):
        # a reply's place in the outbox is its place in the conversation, also when the clock stands still
        place = replies.get(turn.id)
        while notices and place is not None and notices[0].id < place:
            history.append(notice(notices.pop(0)))
        history.extend(messages_from_dict(turn.messages))
    return history + [notice(n) for n in notices]


def notice(row: OutboxRow) -> AIMessage:
    """Words that left outside a turn: a notice of the house, or a desk agent's own words (`author`)."""
    extra: dict[str, Any] = {"reply": row.reply, "notice": True}
    if row.author != "bot":
        extra["author"] = row.author
    return AIMessage(row.reply.get("text", ""), additional_kwargs=extra)


def said(reply: Reply | None) -> list[AIMessage]:
    """A reply of the house's own rules as the message it is in the transcript."""
    return [AIMessage(reply.text, additional_kwargs={"reply": reply.to_dict()})] if reply else []


def human_message(rows: list[InboxRow]) -> HumanMessage:
    """One burst as one message: texts on lines of their own, and each part with its kind for who needs more than words."""
    parts = _whole([{"kind": r.kind, "text": r.text, "payload": r.payload, "at": r.sent_at.isoformat()} for r in rows])
    return HumanMessage("\n".join(p["text"] for p in parts if p["text"]), additional_kwargs={"parts": parts})


def _whole(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts of a long SMS as the one message they were: in their own order, where the first of them came, cut at no word."""
    torn: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        if mark := part["payload"].get("part"):
            torn.setdefault(mark["of"], []).append(part)
    found = []
    for part in parts:
        mark = part["payload"].get("part")
        same = sorted(torn[mark["of"]], key=lambda p: p["payload"]["part"]["number"]) if mark else [part]
        if not mark or torn[mark["of"]][0] is part:
            found.append({**part, "text": "".join(p["text"] for p in same)})
    return found


def to_rows(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as JSON for `turns.messages`; facts are not kept, each turn reads fresh ones."""
    return messages_to_dict([m for m in messages if not isinstance(m, SystemMessage)])
