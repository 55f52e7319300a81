"""Lets a person at the desk take a conversation, write in it, and give it back to the bot."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.engagement.reply import Reply
from domain.store.conversations import speech
from domain.store.sql import insert_new
from domain.store.tables import Conversation, Escalation, OutboxRow

if TYPE_CHECKING:
    from bot.wiring import House

ON_ITS_WAY = timedelta(seconds=60)  # older rows in `sending` are traces of a crash: they are dropped, not sent
LOOK_EVERY = 0.02  # seconds


class Taken(Exception):
    """A colleague has the conversation; `desk` says who."""

    def __init__(self, desk: str) -> None:
        super().__init__(f"{desk} has this conversation")
        self.desk = desk


def take(session: Session, conversation_id: int, desk: str, *, over: str | None = None) -> Conversation:
    """Makes `desk` the owner. Raises Taken when a colleague other than `over` has it."""
    talk = held(session, conversation_id)
    if talk.owner == "human" and talk.desk not in (desk, over):
        raise Taken(talk.desk or "?")
    return _take(session, talk, desk)


def held(session: Session, conversation_id: int) -> Conversation:
    """The conversation as it is now; nobody else changes its owner, and the outbox claims nothing in it, until this transaction ends."""
    query = select(Conversation).where(Conversation.id == conversation_id)
    return session.scalars(query.with_for_update(key_share=True, of=Conversation).execution_options(populate_existing=True)).one()


def settled(house: House, conversation_id: int, within_seconds: float = 5) -> bool:
    """Waits until no reply of the bot that was claimed before is with its provider any more; False when one still is after that long."""
    until = time.monotonic() + within_seconds
    while _on_its_way(house, conversation_id):
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_EVERY)
    return True


def write(house: House, conversation_id: int, desk: str, text: str) -> int:
    """Puts a desk agent's words in the outbox and returns the row; writing takes the conversation over.

    Drafts of the bot made before this moment carry an older epoch and are dropped by the outbox.
    """
    with house.db.transaction() as session:
        talk = _take(session, held(session, conversation_id), desk)
        session.flush()
        number = session.query(OutboxRow).filter_by(conversation_id=talk.id).count()
        return put(session, house, talk, desk, Reply(text, *speech(talk)), f"desk:{talk.id}:{number}")  # type: ignore[arg-type]


def put(session: Session, house: House, talk: Conversation, author: str, reply: Reply, key: str) -> int:
    """Queues a reply of the desk, or of the bot outside any turn, once per key; the row's id."""
    new = {"conversation_id": talk.id, "author": author, "epoch": talk.owner_epoch, "channel": talk.channel, "to": talk.address}
    insert_new(session, OutboxRow, ["key"], key=key, reply=reply.to_dict(), created_at=house.clock.now(), **new)
    return session.scalars(select(OutboxRow.id).where(OutboxRow.key == key)).one()


def give_back(house: House, conversation_id: int) -> None:
    """The bot answers again; the desk's open case is closed."""
    with house.db.transaction() as session:
        release(session, held(session, conversation_id))


def release(session: Session, talk: Conversation) -> None:
    talk.owner, talk.desk = "bot", None
    talk.owner_epoch += 1
    for case in session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status != "closed")):
        case.status = "closed"
    session.flush()


def _take(session: Session, talk: Conversation, desk: str) -> Conversation:
    if talk.owner != "human" or talk.desk != desk:
        talk.owner, talk.desk = "human", desk
        talk.owner_epoch += 1
        for case in session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status != "closed")):
            case.status, case.assigned_to = "assigned", desk
    session.flush()
    return talk


def _on_its_way(house: House, conversation_id: int) -> bool:
    recent = OutboxRow.sent_at > house.clock.now() - ON_ITS_WAY
    with house.db.reading() as session:
        mine = (OutboxRow.conversation_id == conversation_id) & (OutboxRow.author == "bot") & (OutboxRow.category == "reply")
        return session.scalar(select(OutboxRow.id).where(mine, OutboxRow.status == "sending", recent).limit(1)) is not None
