"""Blanks what names an erased client; amounts, dates and states stay, for the books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from domain.store import predictions, web_photos
from domain.store.desk_tables import DeskNote, RegressionRequest
from domain.store.outbound_media import OutboundMedia
from domain.store.tables import (
    Booking,
    BookingEvent,
    Client,
    Conversation,
    Escalation,
    InboxRow,
    Offer,
    OutboxRow,
    Proposal,
    Rating,
    Refund,
    ToolReceipt,
    Turn,
    VerificationCode,
)

#: Where the messages of an erased person went.
ERASED = "erased"
#: An outbox row in one of these has left the house, or never will.
GONE = ("sent", "delivered", "read", "failed", "dropped")


def erase_client(session: Session, client_id: int, keep_conversation: int | None = None) -> None:
    """Erases one client and the words of all their conversations.

    `keep_conversation` keeps its address until its last answer has left (`forget_addresses` blanks it then): the person is to hear that it is done.
    """
    client = session.get_one(Client, client_id)
    _blank_at_technicians(session, client)
    _forget_claims(session, client)
    for column in ("phone", "name", "language", "script", "city", "district", "address", "last_technician_id"):
        setattr(client, column, None)
    client.preferences, client.opted_out, client.erased = {}, True, True
    bookings = select(Booking.id).where(Booking.client_id == client_id)
    session.execute(update(Rating).where(Rating.booking_id.in_(bookings)).values(text=None))
    session.execute(update(Refund).where(Refund.booking_id.in_(bookings)).values(reason=None))
    session.execute(update(BookingEvent).where(BookingEvent.booking_id.in_(bookings)).values(data={}))
    session.execute(update(Booking).where(Booking.client_id == client_id).values(issue=None, address=None, lat=None, lon=None))
    talks = list(session.scalars(select(Conversation).where(Conversation.client_id == client_id)))
    predictions.unlink(session, _predicted(session, client_id, [talk.id for talk in talks]))
    for talk in talks:
        _blank_words(session, talk)
        if talk.id != keep_conversation:
            _forget(talk)
    session.flush()
    session.expire_all()


def _predicted(session: Session, client_id: int, talks: list[int]) -> list[str]:
    """What predictions about this client are called."""
    refs = session.scalars(select(Booking.ref).where(Booking.client_id == client_id))
    offers = session.scalars(select(Offer.id).join(Booking, Offer.booking_id == Booking.id).where(Booking.client_id == client_id))
    proposals = session.scalars(select(Proposal.id).where(Proposal.conversation_id.in_(talks)))
    return [
        *(f"booking:{ref}" for ref in refs),
        *(f"offer:{n}" for n in offers),
        *(f"proposal:{n}" for n in proposals),
        *(f"conversation:{n}" for n in talks),
    ]


def forget_addresses(session: Session) -> int:
    """Blanks the address of conversations of erased clients whose last answer has left; returns how many."""
    done = 0
    erased = select(Conversation).join(Client, Conversation.client_id == Client.id).where(Client.erased.is_(True)).order_by(Conversation.id)
    for talk in session.scalars(erased):
        waiting = select(OutboxRow.id).where(OutboxRow.conversation_id == talk.id, OutboxRow.status.not_in(GONE)).limit(1)
        unread = select(InboxRow.id).where(InboxRow.conversation_id == talk.id, InboxRow.turn_id.is_(None)).limit(1)
        if talk.address.startswith("erased:") or session.scalar(waiting) is not None or session.scalar(unread) is not None:
            continue
        _blank_words(session, talk)
        _forget(talk)
        done += 1
    session.flush()
    return done


def _blank_words(session: Session, talk: Conversation) -> None:
    conversation_id = talk.id
    if talk.channel == "web":
        web_photos.forget_all(session, talk.address)
    mine = InboxRow.conversation_id == conversation_id
    session.execute(update(InboxRow).where(mine, InboxRow.turn_id.is_not(None)).values(text="", payload={}))
    session.execute(update(Turn).where(Turn.conversation_id == conversation_id).values(messages=[], reply=None, calls=[], understanding=None))
    left = OutboxRow.status.in_(GONE)
    blank = {"text": "", "language": "fr", "script": "latn"}
    session.execute(update(OutboxRow).where(OutboxRow.conversation_id == conversation_id, left).values(reply=blank, to=ERASED))
    proposals = Proposal.conversation_id == conversation_id
    session.execute(update(Proposal).where(proposals, Proposal.status == "open").values(status="expired"))
    session.execute(update(Proposal).where(proposals).values(args={}, summary={}))
    # the call that erases writes its own receipt after this; those before it belong to turns that are over
    session.execute(delete(ToolReceipt).where(ToolReceipt.key.startswith(f"{conversation_id}:", autoescape=True)))
    session.execute(update(Escalation).where(Escalation.conversation_id == conversation_id).values(note=None))
    session.execute(update(DeskNote).where(DeskNote.conversation_id == conversation_id).values(text=""))
    session.execute(delete(OutboundMedia).where(OutboundMedia.conversation_id == conversation_id))
    session.execute(delete(RegressionRequest).where(RegressionRequest.conversation_id == conversation_id))
    session.execute(update(VerificationCode).where(VerificationCode.conversation_id == conversation_id).values(phone="erased"))


def _blank_at_technicians(session: Session, client: Client) -> None:
    """What technicians were told about the client's jobs: the SMS that named them, and their phone and addresses in transcripts."""
    bookings = list(session.scalars(select(Booking).where(Booking.client_id == client.id)))
    refs = {b.ref for b in bookings}
    said = {client.phone, client.address, client.name, *(b.address for b in bookings), *(b.issue for b in bookings)}
    secrets = sorted((s for s in said if s and len(s) > 2), key=len, reverse=True)
    asked = select(Offer.technician_id).where(Offer.booking_id.in_([b.id for b in bookings]))
    theirs = Conversation.technician_id.in_(asked) | Conversation.technician_id.in_([b.technician_id for b in bookings if b.technician_id])
    for talk_id in session.scalars(select(Conversation.id).where(theirs)).all():
        for row in session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == talk_id, OutboxRow.status.in_(GONE))):
            if row.reply.get("extra", {}).get("ref") in refs:
                row.reply = {**row.reply, "text": ""}
        for turn in session.scalars(select(Turn).where(Turn.conversation_id == talk_id)):
            turn.messages, turn.reply = _without(turn.messages, secrets), _without(turn.reply, secrets)
        for receipt in session.scalars(select(ToolReceipt).where(ToolReceipt.key.startswith(f"{talk_id}:", autoescape=True))):
            receipt.result = _without(receipt.result, secrets)
    session.flush()


def _forget_claims(session: Session, client: Client) -> None:
    """The phone where somebody said it without proving it: a web page on which the code was never typed."""
    session.execute(update(Conversation).where(Conversation.claimed_phone == client.phone).values(claimed_phone=None))
    session.execute(update(VerificationCode).where(VerificationCode.phone == client.phone).values(phone=ERASED))


def _without(value: Any, secrets: list[str]) -> Any:
    """The same JSON with each secret blanked wherever it stands."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "…")
        return value
    if isinstance(value, dict):
        return {k: _without(v, secrets) for k, v in value.items()}
    return [_without(v, secrets) for v in value] if isinstance(value, list) else value


def _forget(talk: Conversation) -> None:
    talk.address, talk.claimed_phone, talk.verified = f"erased:{talk.id}", None, False
