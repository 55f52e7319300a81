"""What technicians have promised, or been asked to keep free, read for the rules of scheduling."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bookings.states import LIVE, PROMISED
from domain.scheduling.slots import TRAVEL_BUFFER, Busy, clashes
from domain.store.tables import Booking

#: No visit is longer than this, so one that began earlier cannot reach into a window.
LONGEST = timedelta(days=2)


def busy_in(
    session: Session, window: tuple[datetime, datetime], technicians: Collection[int] | None = None, *, exclude: int | None = None
) -> dict[int, list[Busy]]:
    """Technician id -> visits that touch the window (UTC), in order. Offered ones count: two clients are not promised the same hour.

    `exclude`: a booking that is being moved, so that it does not stand in its own way.
    """
    first, last = window
    query = select(Booking.technician_id, Booking.start, Booking.minutes).where(
        Booking.status.in_(sorted(LIVE)),
        Booking.technician_id.is_not(None),
        Booking.start >= first - LONGEST,
        Booking.start < last + TRAVEL_BUFFER,
    )
    if technicians is not None:
        query = query.where(Booking.technician_id.in_(sorted(technicians)))
    if exclude is not None:
        query = query.where(Booking.id != exclude)
    found: dict[int, list[Busy]] = {}
    for technician_id, start, minutes in session.execute(query.order_by(Booking.start, Booking.id)):
        assert technician_id is not None
        end = start + timedelta(minutes=minutes)
        if end + TRAVEL_BUFFER > first:
            found.setdefault(technician_id, []).append(Busy(start, end))
    return found


def busy_at(session: Session, start: datetime, minutes: int, *, exclude: int | None = None) -> set[int]:
    """Technicians who have no room for a visit of `minutes` at `start`."""
    window = (start - TRAVEL_BUFFER, start + timedelta(minutes=minutes) + TRAVEL_BUFFER)
    return {who for who, visits in busy_in(session, window, exclude=exclude).items() if clashes(start, minutes, visits)}


def promised_clash(session: Session, technician_id: int, start: datetime, minutes: int, *, exclude: int | None = None) -> Booking | None:
    """The promised visit of this technician that leaves no room for one of `minutes` at `start`."""
    query = select(Booking).where(
        Booking.technician_id == technician_id,
        Booking.status.in_(sorted(PROMISED)),
        Booking.start >= start - LONGEST,
        Booking.start < start + timedelta(minutes=minutes) + TRAVEL_BUFFER,
    )
    for row in session.scalars(query.order_by(Booking.start, Booking.id)):
        if row.id != exclude and clashes(start, minutes, [Busy(row.start, row.start + timedelta(minutes=row.minutes))]):
            return row
    return None
