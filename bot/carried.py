"""What the same client said on their other channels: the conversation goes on where they write next."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.tables import Conversation, Turn

#: So long somebody who changes the channel still means the same thing; a proposal stands no longer.
WITHIN = timedelta(hours=1)
MOST = 20  # turns of other channels that are looked at


def carried(session: Session, conversation_id: int, own: Sequence[Turn], now: datetime) -> list[Turn]:
    """Turns of this client's other conversations that this one goes on from, oldest first; `own`: its turns, oldest first.

    A turn counts when the next one here (or `now`) followed it within an hour, and nothing was open here meanwhile: a question on this
    channel is answered as if there were no other. What was carried once is carried again in every later turn. Only where both
    channels have proven the same client: an anonymous visitor goes on from nothing.
    """
    talk = session.get_one(Conversation, conversation_id)
    if talk.client_id is None or not talk.verified:
        return []
    theirs = select(Conversation.id).where(Conversation.client_id == talk.client_id, Conversation.verified.is_(True), Conversation.id != talk.id)
    oldest = min([turn.created_at for turn in own[:1]] + [now]) - WITHIN
    said = select(Turn).where(Turn.conversation_id.in_(theirs), Turn.created_at >= oldest, Turn.created_at <= now)
    latest = session.scalars(said.order_by(Turn.id.desc()).limit(MOST)).all()
    return [turn for turn in reversed(latest) if _goes_on(turn, own, now)]


def _goes_on(turn: Turn, own: Sequence[Turn], now: datetime) -> bool:
    place = bisect_left(own, turn.id, key=lambda one: one.id)
    before = own[place - 1] if place else None
    then = own[place].created_at if place < len(own) else now
    if then - turn.created_at > WITHIN:
        return False
    return before is None or not _open(before) or then - before.created_at > WITHIN


def _open(turn: Turn) -> bool:
    """Whether a question of ours stood at the end of this turn."""
    return bool((turn.reply or {}).get("awaiting"))
