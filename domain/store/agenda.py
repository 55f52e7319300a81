"""What technicians have promised, or been asked to keep free, read for the rules of scheduling; and what is held while a client thinks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from domain.bookings.states import LIVE
from domain.scheduling.slots import HOLD, TRAVEL_BUFFER, Busy, clashes, quarters
from domain.store.tables import Booking, Hold, PromisedQuarter, Proposal

#: No visit of the taxonomy is longer than this, so one that began earlier cannot reach into a window.
LONGEST = timedelta(days=7)


def busy_in(
    session: Session,
    window: tuple[datetime, datetime],
    technicians: Collection[int] | None = None,
    *,
    now: datetime,
    client_id: int | None = None,
    exclude: int | None = None,
) -> dict[int, list[Busy]]:
    """Technician id -> visits that touch the window (UTC), in order. Offered and held ones count: two clients are not promised the same hour.

    `client_id`: whose wish it is; what is held for them is no obstacle. `exclude`: a booking that is being moved: it does not stand in its own way.
    """
    first, last = window
    visits = select(Booking.technician_id, Booking.start, Booking.minutes).where(
        Booking.status.in_(sorted(LIVE)),
        Booking.technician_id.is_not(None),
        Booking.start >= first - LONGEST,
        Booking.start < last + TRAVEL_BUFFER,
    )
    held = _held(now, client_id).where(Hold.start < last + TRAVEL_BUFFER)
    if technicians is not None:
        visits, held = visits.where(Booking.technician_id.in_(sorted(technicians))), held.where(Hold.technician_id.in_(sorted(technicians)))
    if exclude is not None:
        visits = visits.where(Booking.id != exclude)
    found: dict[int, list[Busy]] = {}
    for technician_id, start, minutes in (*session.execute(visits), *session.execute(held)):
        end = start + timedelta(minutes=minutes)
        if end + TRAVEL_BUFFER > first:
            found.setdefault(technician_id, []).append(Busy(start, end))
    return {technician_id: sorted(taken) for technician_id, taken in found.items()}


def busy_at(session: Session, start: datetime, minutes: int, *, now: datetime, client_id: int | None = None, exclude: int | None = None) -> set[int]:
    """Technicians who have no room for a visit of `minutes` at `start`; the rest as `busy_in`."""
    window = (start - TRAVEL_BUFFER, start + timedelta(minutes=minutes) + TRAVEL_BUFFER)
    busy = busy_in(session, window, now=now, client_id=client_id, exclude=exclude)
    return {who for who, visits in busy.items() if clashes(start, minutes, visits)}


def promised_clash(session: Session, technician_id: int, start: datetime, minutes: int, *, exclude: int | None = None) -> Booking | None:
    """The promised visit of this technician that leaves no room for one of `minutes` at `start`."""
    around = int(TRAVEL_BUFFER.total_seconds() // 60)
    near = quarters(start - TRAVEL_BUFFER, minutes + 2 * around)
    theirs = select(PromisedQuarter.booking_id).where(
        PromisedQuarter.technician_id == technician_id, PromisedQuarter.quarter.between(near.start, near.stop - 1)
    )
    for row in session.scalars(select(Booking).where(Booking.id.in_(theirs)).order_by(Booking.start, Booking.id)):
        if row.id != exclude and clashes(start, minutes, [Busy(row.start, row.start + timedelta(minutes=row.minutes))]):
            return row
    return None


def hold(session: Session, proposal: Proposal, client_id: int, technician_id: int, start: datetime, minutes: int, now: datetime) -> datetime:
    """Keeps a technician's time for the client of an open proposal and returns until when: at most HOLD, never longer than the proposal."""
    until = min(proposal.expires_at, now + HOLD)
    session.add(Hold(proposal_id=proposal.id, client_id=client_id, technician_id=technician_id, start=start, minutes=minutes, until=until))
    session.flush()
    return until


def _held(now: datetime, client_id: int | None) -> Select[int, datetime, int]:
    open_ones = select(Hold.technician_id, Hold.start, Hold.minutes).join(Proposal, Hold.proposal_id == Proposal.id)
    open_ones = open_ones.where(Hold.until > now, Proposal.status == "open")
    return open_ones if client_id is None else open_ones.where(Hold.client_id != client_id)
