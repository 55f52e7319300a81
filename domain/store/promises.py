"""Keeps the promised quarters of an hour equal to the bookings, in the same commit: why no technician is promised twice, whoever writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, delete, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from domain.bookings.states import PROMISED
from domain.errors import DomainError
from domain.scheduling.slots import quarters
from domain.store.tables import Booking, PromisedQuarter

#: What a promise is made of: without a change of these it stands as it was written.
_MADE_OF = ("status", "technician_id", "technician", "start", "minutes")
_TABLE: Table = PromisedQuarter.__table__  # type: ignore[assignment]


class DoubleBooked(DomainError):
    """Somebody else got the technician for a time that overlaps, a moment ago; nothing of the transaction stays. Looking again shows what is free."""

    def __init__(self, start_local: str) -> None:
        super().__init__("slot_taken", start=start_local, alternatives=[])


def keep_promises(session: Session, _: Any) -> None:
    """For `after_flush`: frees the quarters of visits that ended or moved, then takes those of visits that are promised.

    Raises DoubleBooked when one of them is taken. Only what goes through the session is seen: change a booking's state or time on its row object.
    """
    changed = [row for row in (*session.new, *session.dirty) if isinstance(row, Booking) and _changed(row)]
    if not changed:
        return
    connection = session.connection()
    # all are freed before any is taken: two visits may change places in one commit
    connection.execute(delete(_TABLE).where(_TABLE.c.booking_id.in_([row.id for row in changed])))
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name]
    for row in changed:
        wanted = promised_quarters(row.id, row.technician_id, row.status, row.start, row.minutes)
        if not wanted:
            continue
        taken = insert(_TABLE).values(wanted).on_conflict_do_nothing().returning(_TABLE.c.quarter)
        if len(connection.execute(taken).all()) < len(wanted):
            raise DoubleBooked(row.start_local)


def promised_quarters(booking_id: int, technician_id: int | None, status: str, start: Any, minutes: int) -> list[dict[str, int]]:
    """The rows of one visit; none while nobody has promised it, or once it is over."""
    if technician_id is None or status not in PROMISED:
        return []
    return [{"technician_id": technician_id, "quarter": quarter, "booking_id": booking_id} for quarter in quarters(start, minutes)]


def _changed(row: Booking) -> bool:
    seen = inspect(row).attrs
    return any(seen[name].history.has_changes() for name in _MADE_OF)
