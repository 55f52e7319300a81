"""What could not be sent for good, for a person to look at and, once, to send again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, func, literal, select
from sqlalchemy.orm import Session, aliased

from domain.clock import to_local
from domain.store.erasure import ERASED
from domain.store.sql import insert_new, locked
from domain.store.tables import Booking, Conversation, Offer, OutboxRow

AGAIN, INSTEAD = "again:", "instead-of:"


class NotDead(ValueError):
    """This row cannot be sent again; the message says why. `code`: missing, not_failed, erased or outdated."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class DeadLetter:
    """One outbox row that failed for good. `moved_to`: the row that said the same on another channel; `resent_as`: the one a person sent again."""

    row_id: int
    conversation_id: int
    channel: str
    to: str
    category: str
    text: str
    error: str
    attempts: int
    created_at: datetime
    moved_to: int | None = None
    resent_as: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "created_at": self.created_at.isoformat()}


def dead(session: Session, limit: int = 100, *, open_only: bool = False) -> list[DeadLetter]:
    """The newest first. `open_only`: without those that reached the person another way or were sent again."""
    failed = select(OutboxRow).where(_failed(), _nothing_followed()) if open_only else select(OutboxRow).where(_failed())
    rows = list(session.scalars(failed.order_by(OutboxRow.id.desc()).limit(limit)))
    after = _later(session, [row.id for row in rows])
    return [_letter(row, after) for row in rows]


def waiting(session: Session) -> int:
    """How many failed for good, did not reach their person another way, and were not sent again."""
    return session.scalar(select(func.count()).select_from(OutboxRow).where(_failed(), _nothing_followed())) or 0


def resend(session: Session, row_id: int, now: datetime) -> int:
    """Queues the words of a failed row once more, as a new row; asked twice, the same new row is given. Raises NotDead.

    What is true now counts: the planner looks at opt-outs, quiet hours and the person's session again, and the ownership of this moment is taken.
    """
    row = locked(session, OutboxRow, row_id)
    if row is None:
        raise NotDead("missing", f"there is no outbox row {row_id}; bricol outbox dead lists those that failed")
    if row.status != "failed":
        raise NotDead("not_failed", f"outbox row {row_id} is {row.status}, not failed: only what failed for good is sent again")
    if row.to == ERASED:
        raise NotDead("erased", f"outbox row {row_id} belongs to somebody who was erased: there is nobody to write to")
    if outdated(session, row, now):
        raise NotDead("outdated", f"outbox row {row_id} speaks of what is over ({row.category}): nobody can use it any more")
    talk = session.get_one(Conversation, row.conversation_id)
    same = {"conversation_id": talk.id, "epoch": talk.owner_epoch, "author": row.author, "channel": row.channel, "to": row.to}
    key = _again(row_id)
    insert_new(session, OutboxRow, ["key"], key=key, reply=row.reply, category=row.category, created_at=now, **same)
    return session.scalars(select(OutboxRow.id).where(OutboxRow.key == key)).one()


def outdated(session: Session, row: OutboxRow, now: datetime) -> bool:
    """Whether these words would mislead now: a code that is asked for anew, an offer that was answered, a reminder of a visit that is over or off."""
    extra = row.reply.get("extra") or {}
    if row.category == "offer":
        offer = session.get(Offer, extra.get("offer_id") or 0)
        return offer is None or offer.status != "open" or offer.deadline <= now
    if row.category == "reminder":
        booking = session.scalars(select(Booking).where(Booking.ref == extra.get("ref"))).first()
        return booking is None or booking.status != "confirmed" or booking.start_local <= to_local(now).strftime("%Y-%m-%dT%H:%M")
    return row.category == "code"


def resent_as(session: Session, row_id: int) -> int | None:
    """The row that sent this one again."""
    return session.scalar(select(OutboxRow.id).where(OutboxRow.key == _again(row_id)))


def instead_of(row_id: int) -> str:
    """The key of the row that says on another channel what this one could not."""
    return f"{INSTEAD}{row_id}"


def _again(row_id: int) -> str:
    return f"{AGAIN}{row_id}"


def _failed() -> ColumnElement[bool]:
    return (OutboxRow.status == "failed") & (OutboxRow.to != ERASED)


def _nothing_followed() -> ColumnElement[bool]:
    """No row stands for this one: neither on another channel nor sent again."""
    other, number = aliased(OutboxRow), cast(OutboxRow.id, String)
    keys = [literal(before) + number for before in (AGAIN, INSTEAD)]
    return ~select(other.id).where(other.key.in_(keys)).exists()


def _later(session: Session, row_ids: list[int]) -> dict[str, int]:
    """Key -> id of the rows that were made because one of these failed."""
    keys = [key for row_id in row_ids for key in (_again(row_id), instead_of(row_id))]
    found: dict[str, int] = {}
    for start in range(0, len(keys), 400):  # a database takes only so many values in one question
        rows = session.execute(select(OutboxRow.key, OutboxRow.id).where(OutboxRow.key.in_(keys[start : start + 400])))
        found |= {row.key: row.id for row in rows}
    return found


def _letter(row: OutboxRow, after: dict[str, int]) -> DeadLetter:
    text, error = str(row.reply.get("text", "")), row.error or ""
    about = (row.id, row.conversation_id, row.channel, row.to, row.category, text, error, row.attempts, row.created_at)
    return DeadLetter(*about, moved_to=after.get(instead_of(row.id)), resent_as=after.get(_again(row.id)))
