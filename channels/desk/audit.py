"""Writes down who did or saw what, of whom, when, in the transaction of the act itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.desk_tables import DeskAudit
from domain.store.tables import Conversation

SAME_VIEW = timedelta(minutes=10)  # a page that refreshes itself is one view
LATEST = 300


def record(session: Session, now: datetime, login: str, act: str, talk: Conversation | None = None, **detail: Any) -> None:
    """One line. `detail`: codes, numbers and ids; what a client said does not belong here."""
    client = talk.client_id if talk else None
    session.add(DeskAudit(at=now, login=login[:40], act=act, conversation_id=talk.id if talk else None, client_id=client, detail=detail))


def seen(session: Session, now: datetime, login: str, act: str, talk: Conversation | None = None) -> bool:
    """Whether this person looked at this already within the last minutes."""
    recent = select(DeskAudit.id).where(
        DeskAudit.login == login, DeskAudit.act == act, DeskAudit.at > now - SAME_VIEW, DeskAudit.conversation_id == (talk.id if talk else None)
    )
    return session.scalar(recent.limit(1)) is not None


def latest(session: Session, conversation_id: int | None = None) -> list[DeskAudit]:
    """The newest lines first, of one conversation or of all."""
    lines = select(DeskAudit).order_by(DeskAudit.id.desc()).limit(LATEST)
    return list(session.scalars(lines if conversation_id is None else lines.where(DeskAudit.conversation_id == conversation_id)))
