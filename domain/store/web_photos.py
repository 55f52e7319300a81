"""Keeps photos of the chat page until their person is erased; those whose message never came go after a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, undefer

from domain.store.tables import WebPhoto

#: A page that uploaded a photo and went offline has this long to send its message; after that it uploads again.
WAITS = timedelta(days=1)


def keep(session: Session, owner: str, key: str, mime: str, content: bytes, now: datetime) -> None:
    """Keeps the photo of message `key` of web session `owner`. A photo that comes twice for one message is kept once: the first."""
    if session.scalar(_of(owner, key)) is None:
        session.add(WebPhoto(session=owner, key=key, mime=mime, content=content, came_at=now))


def claim(session: Session, owner: str, key: str) -> WebPhoto | None:
    """The photo of the message that has just come, which keeps it; None where there is none."""
    found = session.scalar(_of(owner, key))
    if found is not None:
        found.used = True
    return found


def read(session: Session, photo_id: int) -> WebPhoto | None:
    """A photo with its content."""
    return session.scalar(select(WebPhoto).where(WebPhoto.id == photo_id).options(undefer(WebPhoto.content)))


def forget(session: Session, photo_id: int) -> None:
    session.execute(delete(WebPhoto).where(WebPhoto.id == photo_id))


def forget_all(session: Session, owner: str) -> None:
    """Every photo of a web session, when its person is erased."""
    session.execute(delete(WebPhoto).where(WebPhoto.session == owner))


def drop_stray(session: Session, now: datetime) -> int:
    """Deletes photos whose message did not come within a day; returns how many."""
    stray = delete(WebPhoto).where(WebPhoto.used.is_(False), WebPhoto.came_at <= now - WAITS)
    return int(session.execute(stray).rowcount)  # type: ignore[attr-defined]


def _of(owner: str, key: str) -> Select[WebPhoto]:
    return select(WebPhoto).where(WebPhoto.session == owner, WebPhoto.key == key)
