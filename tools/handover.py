"""Opens (or joins) the one open escalation of a conversation, and keeps the gravest reason and the highest priority it was given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.tables import Escalation

PRIORITIES = ("low", "normal", "high", "urgent")
#: From light to grave: an escalation that was "asked" becomes "danger" when danger joins it.
REASONS = ("other", "asked", "unclear", "payment", "abuse", "data", "refund", "dispute", "damage", "danger")
LEAST = {"danger": "urgent", "damage": "high", "dispute": "high"}


def escalate(
    session: Session,
    conversation_id: int,
    reason: str,
    *,
    now: datetime,
    note: str | None = None,
    priority: str | None = None,
    booking_id: int | None = None,
) -> tuple[Escalation, bool]:
    """(escalation, whether it was open already). Priority is at least what the reason asks for."""
    wanted = max(priority or "normal", LEAST.get(reason, "low"), key=PRIORITIES.index)
    row = session.scalars(select(Escalation).where(Escalation.conversation_id == conversation_id, Escalation.status != "closed")).first()
    if row is None:
        row = Escalation(
            conversation_id=conversation_id, booking_id=booking_id, reason=reason, note=note or None, priority=wanted, status="open", created_at=now
        )
        session.add(row)
        session.flush()
        return row, False
    row.reason = max(row.reason, reason, key=REASONS.index)
    row.priority = max(row.priority, wanted, key=PRIORITIES.index)
    row.booking_id = row.booking_id or booking_id
    if note and note not in (row.note or ""):
        row.note = f"{row.note}\n{note}"[:4000] if row.note else note
    session.flush()
    return row, True
