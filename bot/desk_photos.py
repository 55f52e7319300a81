"""Fetches a photo that somebody sent, for the desk to look at; it is shown and never written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.base import MediaRefused, MediaSource
from channels.desk import audit
from channels.desk.acts import ActRefused, Photo
from domain.store.tables import Conversation, InboxRow

if TYPE_CHECKING:
    from bot.wiring import House

MOST_BYTES, WITHIN_SECONDS = 10_000_000, 10.0
#: First bytes -> what a browser is told it is; anything else is not shown, whatever the provider calls it.
KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))


def photo(house: House, inbox_id: int, login: str) -> Photo:
    """Raises no_photo (none there, or not any more) and photo_later (the provider cannot give it now); each look is a line of the audit."""
    now = house.clock.now()
    with house.db.reading() as session:
        row = session.get(InboxRow, inbox_id)
        url = str(row.payload.get("url") or "") if row is not None and row.kind == "photo" else ""
        source = house.channels.get(row.channel) if row is not None else None
        talk_id = row.conversation_id if row is not None else 0
    if not url or not isinstance(source, MediaSource):
        raise ActRefused("no_photo")
    try:
        content = source.fetch(url, MOST_BYTES, WITHIN_SECONDS).content
    except MediaRefused as refused:
        raise ActRefused("photo_later" if refused.retry or refused.code in ("slow", "unreachable") else "no_photo") from None
    mime = next((kind for first, kind in KINDS if content.startswith(first)), None)
    if mime is None:
        raise ActRefused("no_photo")
    with house.db.transaction() as session:
        talk = session.get_one(Conversation, talk_id)
        if not audit.seen(session, now, login, "saw_photo", talk):
            audit.record(session, now, login, "saw_photo", talk, inbox=inbox_id)
    return Photo(content, mime)
