"""What the desk said when it last gave a conversation back to the bot, as long as it counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.store.desk_tables import DeskCase, DeskNote

COUNTS_FOR = timedelta(days=1)


def told(session: Session, conversation_id: int, now: datetime) -> DeskNote | None:
    """The note of the last hand-back, for a day; one made before a colleague took the conversation again is void."""
    taken = select(func.max(DeskCase.taken_at)).where(DeskCase.conversation_id == conversation_id)
    mine = select(DeskNote).where(DeskNote.conversation_id == conversation_id, DeskNote.kind == "instruction", DeskNote.at > now - COUNTS_FOR)
    since = session.scalar(taken)
    newest = session.scalars(mine.order_by(DeskNote.id.desc()).limit(1)).first()
    return newest if newest is not None and (since is None or newest.at >= since) else None
