"""Gives every sender their one conversation per channel and says who they are, from what the channel proved."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.people import get_or_create_client, is_phone, technician_by_phone
from domain.store.sql import insert_new, locked
from domain.store.tables import Client, Conversation, Technician

#: So long after its visitor's last word a web page is taken to be open still.
PAGE_OPEN = timedelta(minutes=30)


def conversation_for(session: Session, channel: str, address: str, now: datetime) -> Conversation:
    """The conversation of (channel, address), made on the first message.

    A phone as address is a proven identity (technician when one has it, else client, made when new), except on web chat.
    Any other address is an anonymous visitor: role client, not verified, no client. An erased client who writes again is a newcomer.
    """
    found = _find(session, channel, address)
    if found is None:
        who = _identity(session, channel, address, now)
        session.flush()
        insert_new(session, Conversation, ["channel", "address"], **who, channel=channel, address=address, created_at=now)
        found = _find(session, channel, address)
        assert found is not None
    elif found.client is not None and found.client.erased:
        for name, value in _identity(session, channel, address, now).items():
            setattr(found, name, value)
        session.flush()
        session.refresh(found)
    return found


def verify(session: Session, conversation: Conversation, phone: str, now: datetime) -> Conversation:
    """Web chat: the visitor proved `phone` by a code; the conversation is theirs from now on."""
    for name, value in _identity(session, "code", phone, now).items():
        setattr(conversation, name, value)
    conversation.claimed_phone = None
    session.flush()
    session.refresh(conversation)
    return conversation


def phone_of(conversation: Conversation) -> str | None:
    """The proven phone of who writes here; None for an anonymous visitor."""
    person = conversation.person
    return person.phone if person is not None and conversation.verified else None


def conversation_to(session: Session, person: Client | Technician, now: datetime) -> Conversation:
    """Where a notice to this person goes: a technician's SMS thread; a client's conversation on the channel they asked for, else the one they
    wrote in last, else their SMS thread.

    Raises ValueError for an erased client, who has no address any more.
    """
    if isinstance(person, Technician):
        return conversation_for(session, "sms", person.phone, now)
    wish = person.preferences.get("channel")
    chosen = last_conversation(session, person.id, now, wish) if wish else None
    if chosen is None and wish != "sms":
        chosen = last_conversation(session, person.id, now)
    if chosen is not None:
        return chosen
    if person.phone is None:
        raise ValueError(f"client {person.id} is erased and cannot be written to; check client.erased first")
    return conversation_for(session, "sms", person.phone, now)


def last_conversation(session: Session, client_id: int, now: datetime, channel: str | None = None) -> Conversation | None:
    """Where this client, proven, wrote last; on one channel when it is named. A web page counts while it is open, or where there is no other."""
    theirs = select(Conversation).where(Conversation.client_id == client_id, Conversation.verified.is_(True))
    if channel is not None:
        theirs = theirs.where(Conversation.channel == channel)
    talks = session.scalars(theirs.order_by(Conversation.last_inbound_at.desc().nulls_last(), Conversation.id.desc())).all()
    written = [talk for talk in talks if talk.last_inbound_at is not None]
    shown = (talk for talk in written if talk.channel != "web" or now - (talk.last_inbound_at or now) <= PAGE_OPEN)
    return next(shown, talks[0] if talks else None)


def set_owner(session: Session, conversation_id: int, owner: str, desk: str | None = None) -> Conversation:
    """Hands a conversation to `human` (with the desk agent's name) or back to `bot`; each change ends the drafts made before it."""
    conversation = locked(session, Conversation, conversation_id)
    if conversation is None:
        raise ValueError(f"no conversation {conversation_id}")
    if conversation.owner != owner:
        conversation.owner_epoch += 1
    conversation.owner, conversation.desk = owner, desk if owner == "human" else None
    return conversation


def _find(session: Session, channel: str, address: str) -> Conversation | None:
    return session.scalar(select(Conversation).where(Conversation.channel == channel, Conversation.address == address))


def _identity(session: Session, channel: str, address: str, now: datetime) -> dict[str, object]:
    if channel == "web" or not is_phone(address):
        return {"role": "client", "verified": False, "client_id": None, "technician_id": None}
    if technician := technician_by_phone(session, address):
        return {"role": "technician", "verified": True, "client_id": None, "technician_id": technician.id,
                "language": technician.language, "script": technician.script}  # fmt: skip
    client = get_or_create_client(session, address, now)
    return {"role": "client", "verified": True, "client_id": client.id, "technician_id": None, "language": client.language, "script": client.script}


def speech(conversation: Conversation) -> tuple[str, str]:
    """(language, script) the person is spoken to in: of the last reply, else as known of them, else Darija in Latin letters."""
    person = conversation.client or conversation.technician
    for source in (conversation, person):
        if source is not None and source.language:
            return source.language, source.script or "latn"
    return "ary", "latn"
