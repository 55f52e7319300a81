"""Fetches a photo that somebody sent, for the desk to look at; it is shown and never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.base import MediaRefused, MediaSource
from channels.desk import audit
from channels.desk.acts import ActRefused, Photo
from channels.photos import NotAPhoto, look
from domain.store.tables import Conversation, InboxRow

if TYPE_CHECKING:
    from bot.wiring import House

MOST_BYTES, WITHIN_SECONDS = 16 * 1024 * 1024, 10.0  # WhatsApp's largest; an agent waits no longer


def photo(house: House, conversation_id: int, row_id: int, login: str) -> Photo:
    """Raises no_photo (none there, or not any more) and photo_later (the provider cannot give it now); each look is a line of the audit."""
    now = house.clock.now()
    with house.db.reading() as session:
        row = session.get(InboxRow, row_id)
        here = row is not None and row.conversation_id == conversation_id and row.kind == "photo"
        channel, url = (row.channel, str(row.payload.get("url") or "")) if here and row else ("", "")
    source = house.channels.get(channel)
    if not url or not isinstance(source, MediaSource):
        raise ActRefused("no_photo")
    try:
        content = source.fetch(url, MOST_BYTES, WITHIN_SECONDS).content
        mime = look(content).mime  # whatever the provider calls it
    except MediaRefused as refused:
        raise ActRefused("photo_later" if refused.retry or refused.code in ("slow", "unreachable") else "no_photo") from None
    except NotAPhoto:
        raise ActRefused("no_photo") from None
    with house.db.transaction() as session:
        talk = session.get_one(Conversation, conversation_id)
        if not audit.seen(session, now, login, "saw_photo", talk):
            audit.record(session, now, login, "saw_photo", talk, inbox=row_id)
    return Photo(content, mime)
