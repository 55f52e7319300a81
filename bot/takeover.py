"""Lets a person at the desk take a conversation, write in it, and give it back to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.turn import speech
from domain.engagement.reply import Reply
from domain.store.tables import Conversation, Escalation, OutboxRow

if TYPE_CHECKING:
    from bot.wiring import House


def write(house: House, conversation_id: int, desk: str, text: str) -> int:
    """Puts a desk agent's words in the outbox and returns the row; writing takes the conversation over.

    Drafts of the bot made before this moment carry an older epoch and are dropped by the outbox.
    """
    with house.db.transaction() as session:
        talk = _take(session, conversation_id, desk)
        language, script = speech(talk)
        reply = Reply(text, language, script)  # type: ignore[arg-type]
        session.flush()
        number = session.query(OutboxRow).filter_by(conversation_id=talk.id).count()
        row = OutboxRow(
            key=f"desk:{talk.id}:{number}", conversation_id=talk.id, author=desk, epoch=talk.owner_epoch, channel=talk.channel,
            to=talk.address, reply=reply.to_dict(), created_at=house.clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def give_back(house: House, conversation_id: int) -> None:
    """The bot answers again; the desk's open case is closed."""
    with house.db.transaction() as session:
        talk = session.get_one(Conversation, conversation_id)
        talk.owner, talk.desk = "bot", None
        talk.owner_epoch += 1
        for case in session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status != "closed")):
            case.status = "closed"


def _take(session: Session, conversation_id: int, desk: str) -> Conversation:
    talk = session.get_one(Conversation, conversation_id)
    if talk.owner != "human" or talk.desk != desk:
        talk.owner, talk.desk = "human", desk
        talk.owner_epoch += 1
        for case in session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status == "open")):
            case.status, case.assigned_to = "assigned", desk
    return talk
