"""Blanks what names an erased client; amounts, dates and states stay, for the books."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from domain.store.tables import (
    Booking,
    BookingEvent,
    Client,
    Conversation,
    Escalation,
    InboxRow,
    OutboxRow,
    Proposal,
    Rating,
    Refund,
    Turn,
    VerificationCode,
)

#: An outbox row in one of these has left the house, or never will.
GONE = ("sent", "delivered", "read", "failed", "dropped")


def erase_client(session: Session, client_id: int, keep_conversation: int | None = None) -> None:
    """Erases one client and the words of all their conversations.

    `keep_conversation` keeps its address until its last answer has left (`forget_addresses` blanks it then): the person is to hear that it is done.
    """
    client = session.get_one(Client, client_id)
    for column in ("phone", "name", "language", "script", "city", "district", "address", "last_technician_id"):
        setattr(client, column, None)
    client.preferences, client.opted_out, client.erased = {}, True, True
    bookings = select(Booking.id).where(Booking.client_id == client_id)
    session.execute(update(Rating).where(Rating.booking_id.in_(bookings)).values(text=None))
    session.execute(update(Refund).where(Refund.booking_id.in_(bookings)).values(reason=None))
    session.execute(update(BookingEvent).where(BookingEvent.booking_id.in_(bookings)).values(data={}))
    session.execute(update(Booking).where(Booking.client_id == client_id).values(issue=None, address=None, lat=None, lon=None))
    talks = list(session.scalars(select(Conversation).where(Conversation.client_id == client_id)))
    for talk in talks:
        _blank_words(session, talk.id)
        if talk.id != keep_conversation:
            _forget(talk)
    session.flush()
    session.expire_all()


def forget_addresses(session: Session) -> int:
    """Blanks the address of conversations of erased clients whose last answer has left; returns how many."""
    done = 0
    erased = select(Conversation).join(Client, Conversation.client_id == Client.id).where(Client.erased.is_(True)).order_by(Conversation.id)
    for talk in session.scalars(erased):
        waiting = select(OutboxRow.id).where(OutboxRow.conversation_id == talk.id, OutboxRow.status.not_in(GONE)).limit(1)
        unread = select(InboxRow.id).where(InboxRow.conversation_id == talk.id, InboxRow.turn_id.is_(None)).limit(1)
        if talk.address.startswith("erased:") or session.scalar(waiting) is not None or session.scalar(unread) is not None:
            continue
        _blank_words(session, talk.id)
        _forget(talk)
        done += 1
    session.flush()
    return done


def _blank_words(session: Session, conversation_id: int) -> None:
    mine = InboxRow.conversation_id == conversation_id
    session.execute(update(InboxRow).where(mine, InboxRow.turn_id.is_not(None)).values(text="", payload={}))
    session.execute(update(Turn).where(Turn.conversation_id == conversation_id).values(messages=[], reply=None, calls=[], understanding=None))
    left = OutboxRow.status.in_(GONE)
    blank = {"text": "", "language": "fr", "script": "latn"}
    session.execute(update(OutboxRow).where(OutboxRow.conversation_id == conversation_id, left).values(reply=blank, to="erased"))
    session.execute(update(Proposal).where(Proposal.conversation_id == conversation_id, Proposal.status != "open").values(summary={}))
    session.execute(update(Escalation).where(Escalation.conversation_id == conversation_id).values(note=None))
    session.execute(update(VerificationCode).where(VerificationCode.conversation_id == conversation_id).values(phone="erased"))


def _forget(talk: Conversation) -> None:
    talk.address, talk.claimed_phone, talk.verified = f"erased:{talk.id}", None, False
