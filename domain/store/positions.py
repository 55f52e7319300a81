"""Where a technician is on the way to a job: shared by them, on a tap, and kept with the booking's events."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bookings.states import PROMISED
from domain.errors import DomainError
from domain.geo.pings import Ping
from domain.geo.position import in_morocco, reachable
from domain.store.tables import Booking, BookingEvent

EVENT = "position"
DIGITS = 4  # of a degree: some ten metres, enough for minutes of travel
NOT_WITHIN = timedelta(seconds=15)  # of the last one: a double tap


def share_position(session: Session, booking: Booking, lat: float, lon: float, now: datetime) -> Ping:
    """Keeps a technician's position as a BookingEvent `position` {"lat", "lon"}; a second one within 15 seconds is the first.

    Raises DomainError: not_allowed_now (the job is not ahead), bad_position (outside Morocco, or too far from the last one for the time between).
    """
    if booking.status not in PROMISED:
        raise DomainError("not_allowed_now", status=booking.status)
    if not in_morocco(lat, lon):
        raise DomainError("bad_position")
    last = last_position(session, booking.id)
    if last is not None and now - last.at < NOT_WITHIN:
        return last
    if last is not None and not reachable((last.lat, last.lon), last.at, (lat, lon), now):
        raise DomainError("bad_position")
    data = {"lat": round(lat, DIGITS), "lon": round(lon, DIGITS)}
    session.add(BookingEvent(booking_id=booking.id, event=EVENT, actor="technician", at=now, data=data))
    return Ping(data["lat"], data["lon"], now)


def last_position(session: Session, booking_id: int) -> Ping | None:
    """The newest one shared for this booking, however old; None where there is none, or it was erased."""
    shared = select(BookingEvent).where(BookingEvent.booking_id == booking_id, BookingEvent.event == EVENT).order_by(BookingEvent.id.desc())
    event = session.scalars(shared.limit(1)).first()
    return Ping(float(event.data["lat"]), float(event.data["lon"]), event.at) if event is not None and "lat" in event.data else None
