"""Accepts each inbound message once, so that nothing a provider delivered is lost or answered twice."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from bot.checkpoints import reached
from channels.base import MAX_TEXT, InboundMessage, StoreUnavailable
from domain.clock import to_utc
from domain.store.conversations import conversation_for, verify
from domain.store.tables import InboxRow

if TYPE_CHECKING:
    from bot.wiring import House

log = logging.getLogger(__name__)

STORE_DOWN = (OperationalError, InterfaceError, PoolTimeout)
LONGEST_ID = 128  # the column's width


@dataclass(frozen=True)
class Arrival:
    """One message that was new: where it belongs and its place in the inbox."""

    conversation_id: int
    row_id: int
    channel: str


def accept(house: House, messages: Sequence[InboundMessage]) -> list[Arrival]:
    """Writes down each message that is not known yet, in one transaction; all or none.

    Returns the new ones. A second delivery of (channel, provider_id) changes nothing. Raises StoreUnavailable when the
    store cannot be written: the provider must bring the messages again.
    """
    arrivals = []
    try:
        with house.db.transaction() as session:
            for message in messages:
                if row := _insert(session, message, house.clock.now()):
                    arrivals.append(row)
    except STORE_DOWN as error:
        log.error("cannot write messages down: %s", error.__class__.__name__)
        raise StoreUnavailable("the store cannot be written") from error
    reached("accepted")
    return arrivals


def _insert(session: Session, message: InboundMessage, now: datetime) -> Arrival | None:
    conversation = conversation_for(session, message.channel, message.sender, now)
    said = min(to_utc(message.sent_at), now) if message.sent_at else now  # a sender's clock may run ahead
    text, payload = clean(message.text), clean(message.payload)
    if len(text) > MAX_TEXT:
        text, payload = text[:MAX_TEXT], {**payload, "truncated": True}
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[session.get_bind().dialect.name]
    row_id = session.scalar(
        insert(InboxRow)
        .values(
            channel=message.channel,
            provider_id=short_id(message.provider_id),
            conversation_id=conversation.id,
            kind=message.kind,
            text=text,
            payload=payload,
            sent_at=said,
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["channel", "provider_id"])
        .returning(InboxRow.id)
    )
    if row_id is None:
        return None
    # a provider's session begins when the person wrote: a delivery that was late, or came twice, opens none
    conversation.last_inbound_at = max(said, conversation.last_inbound_at or said)
    if message.phone:
        verify(session, conversation, message.phone, now)
    return Arrival(conversation.id, row_id, message.channel)


def short_id(provider_id: str) -> str:
    """The provider's id, or its hash where it is longer than the column."""
    cleaned = clean(provider_id)
    return cleaned if len(cleaned) <= LONGEST_ID else "sha256:" + hashlib.sha256(cleaned.encode()).hexdigest()


def clean(value: Any) -> Any:
    """The same value without what a database refuses to store: NUL characters and halves of surrogate pairs, at any depth."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {clean(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    return value


def waiting(session: Session, older_than: datetime) -> list[tuple[int, int, datetime]]:
    """Conversations whose newest unanswered message came at or before `older_than`: (conversation, newest row, when it came)."""
    newest = func.max(InboxRow.received_at)
    rows = session.execute(
        select(InboxRow.conversation_id, func.max(InboxRow.id), newest).where(InboxRow.turn_id.is_(None)).group_by(InboxRow.conversation_id)
    )
    return [(conversation, row, came) for conversation, row, came in rows if came <= older_than]
