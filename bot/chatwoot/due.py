"""What is to be done, as queries over the store: nothing is queued that could be lost or done twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from domain.store.chatwoot_tables import ChatwootEvent, ChatwootLink, ChatwootMirror
from domain.store.tables import Client, Conversation, Escalation, InboxRow, OutboxRow

LEFT = ("sent", "delivered", "read")  # what the person has, or is about to
LOST = ("failed", "dropped")
OF_LATE = timedelta(days=7)  # providers report failures for as long
KEY = "cw-"  # begins the desk's key of what an agent wrote in Chatwoot


def conversations(session: Session, now: datetime) -> list[int]:
    """Where an event waits, a case is not opened there yet, or something is to be told; those that are put off are left out but for events."""
    asked = select(ChatwootEvent.conversation_id).where(ChatwootEvent.done.is_(False))
    link = ChatwootLink
    free = or_(link.conversation_id.is_(None), link.not_before.is_(None), link.not_before <= now)
    cases = select(Escalation.conversation_id).outerjoin(link, link.conversation_id == Escalation.conversation_id)
    opened = cases.where(Escalation.status != "closed", free)
    told = or_(
        link.escalation_id.is_(None),
        link.escalation_id != Escalation.id,
        ~mirrored("case", Escalation.id),
        exists().where(heard(link)),
        exists().where(said(link)),
    )
    noted = select(ChatwootEvent.conversation_id).join(link, link.conversation_id == ChatwootEvent.conversation_id).where(free, notable(now))
    tell = {*session.scalars(opened.where(told)), *session.scalars(noted)}
    gone = select(Conversation.id).join(Client, Conversation.client_id == Client.id).where(Conversation.id.in_(tell), Client.erased.is_(True))
    return sorted({*session.scalars(asked), *tell.difference(session.scalars(gone))})


def heard(link: Any) -> ColumnElement[bool]:
    """Inbox rows that Chatwoot does not have yet."""
    return and_(InboxRow.conversation_id == link.conversation_id, InboxRow.id > link.heard, ~mirrored("heard", InboxRow.id))


def said(link: Any) -> ColumnElement[bool]:
    """Outbox rows that left and Chatwoot does not have yet: no codes, and not what was written there."""
    return and_(
        OutboxRow.conversation_id == link.conversation_id,
        OutboxRow.id > link.said,
        OutboxRow.status.in_(LEFT),
        OutboxRow.category != "code",
        OutboxRow.key.not_like(f"desk:%:{KEY}%"),
        ~mirrored("said", OutboxRow.id),
    )


def notable(now: datetime) -> ColumnElement[bool]:
    """Events of late whose agent must be told something."""
    told = or_(and_(ChatwootEvent.says.is_not(None), ~mirrored("event", ChatwootEvent.id)), _lost())
    return and_(ChatwootEvent.received_at > now - OF_LATE, told)


def _lost() -> ColumnElement[bool]:
    row = aliased(OutboxRow)
    lost = exists().where(row.id == ChatwootEvent.row_id, row.status.in_(LOST))
    return and_(ChatwootEvent.row_id.is_not(None), ~mirrored("failed", ChatwootEvent.id), lost)


def mirrored(kind: str, row_id: Any) -> ColumnElement[bool]:
    return exists().where(ChatwootMirror.kind == kind, ChatwootMirror.row_id == row_id)


def open_case(conversation_id: int) -> Select[Escalation]:
    return select(Escalation).where(Escalation.conversation_id == conversation_id, Escalation.status != "closed")


def erased(talk: Conversation) -> bool:
    return bool(talk.client and talk.client.erased)
