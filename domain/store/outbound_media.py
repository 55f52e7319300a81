"""Keeps photos that people of ours send, for as long as their link lives; the words around them are in the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from domain.store.tables import Base

LIFE = timedelta(days=3)  # of a photo and its link: a web page that comes back, an SMS that is opened in the evening


class OutboundMedia(Base):
    __tablename__ = "outbound_media"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    mime: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(index=True)


def keep(session: Session, conversation_id: int, content: bytes, mime: str, now: datetime) -> int:
    """The number of a photo that is kept from now on; those whose time is over go."""
    session.execute(delete(OutboundMedia).where(OutboundMedia.created_at < now - LIFE))
    row = OutboundMedia(conversation_id=conversation_id, content=content, mime=mime, created_at=now)
    session.add(row)
    session.flush()
    return row.id
