"""What the store knows of one technician's coming: where they were last seen, since when, and how punctual they and their town have been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from domain.clock import to_local
from domain.geo import Place, locate, travel_minutes
from domain.geo.arrival import FEATURES, TRIP, ArrivalModel, one
from domain.geo.pings import Ping, newest
from domain.geo.window import PROMISE, Window, window
from domain.store.tables import Booking, BookingEvent

MANY = 200  # the last so many arrivals of a technician or trips of a town say enough
BEFORE = timedelta(hours=12)  # a visit longer ago than this is another day's
SILENT = timedelta(minutes=15)  # no later than this after the start was anybody asked about in training who had not left
LONGEST = 2.0  # ways, in usual ones
STILL_AT = ("confirmed", "en_route", "arrived")


def expected(session: Session, booking: Booking, model: ArrivalModel, now: datetime) -> Window | None:
    """When the technician of a confirmed or begun booking arrives, by the model; None where it has seen nothing like it: the rule answers.

    That is a start long past without a word, or a way that takes more than twice its usual minutes. Raises ValueError without a technician.
    """
    if booking.technician_id is None or booking.technician is None:
        raise ValueError(f"{booking.ref} has no technician")
    said = session.scalars(select(BookingEvent).where(BookingEvent.booking_id == booking.id).order_by(BookingEvent.id)).all()
    before = _before(session, booking)
    under_way = booking.status == "en_route"
    start = booking.start + timedelta(minutes=_late(said))
    since, usual = _way(booking, said, before, now) if under_way else (0.0, _planned_way(booking, before))
    if since > LONGEST * usual or (not under_way and now > start + SILENT):
        return None
    moment = to_local(now if under_way else start - timedelta(minutes=usual))
    visits, late = technician_past(session, booking.technician_id, now)
    inputs = one(
        under_way=under_way,
        usual=usual,
        since=since,
        ahead=max(-300.0, (start - now).total_seconds() / 60),
        hour=moment.hour,
        weekday=to_local(start).weekday(),
        gap=_gap(booking, before),
        technician_visits=visits,
        technician_late=late,
        city_trip=city_trip(session, booking.city, now),
    )
    minutes, widen = model.minutes(inputs)[0], float(model.widen[int(under_way)])
    return window(now, minutes, widen=widen, under_way=under_way, promised=booking.start + PROMISE)


def technician_past(session: Session, technician_id: int, now: datetime) -> tuple[int, float]:
    """(arrivals, mean minutes late, shrunk as in training). What counts is what was known before `now`."""
    found = session.execute(
        select(Booking.start, BookingEvent.at).join(BookingEvent, BookingEvent.booking_id == Booking.id)
        .where(Booking.technician_id == technician_id, BookingEvent.event == "arrived", BookingEvent.at < now)
        .order_by(BookingEvent.id.desc()).limit(MANY)
    ).all()  # fmt: skip
    late = [(at - start).total_seconds() / 60 for start, at in found]
    return len(late), sum(late) / (len(late) + _weight("technician_late"))


def city_trip(session: Session, city: str, now: datetime) -> float:
    """The town's mean log(way / usual way), shrunk as in training, of ways whose beginning and end were both told."""
    left, came = aliased(BookingEvent), aliased(BookingEvent)
    found = session.execute(
        select(Booking, left.at, came.at).join(left, left.booking_id == Booking.id).join(came, came.booking_id == Booking.id)
        .where(Booking.city == city, left.event == "en_route", came.event == "arrived", came.at < now, Booking.technician_id.is_not(None))
        .order_by(came.id.desc()).limit(MANY)
    ).all()  # fmt: skip
    trips = []
    for booking, out, there in found:
        minutes = (there - out).total_seconds() / 60
        if minutes > 0 and booking.technician is not None:
            usual = travel_minutes(_home(booking), _place(booking), to_local(out))[1]
            trips.append(min(TRIP[1], max(TRIP[0], log(minutes / usual))))
    return sum(trips) / (len(trips) + _weight("city_trip"))


def _weight(name: str) -> float:
    return next(feature.weight for feature in FEATURES.features if feature.name == name)


def _late(said: Sequence[BookingEvent]) -> int:
    """Minutes by which the technician last said they would be late."""
    words = [event for event in said if event.event == "late"]
    return int(words[-1].data.get("minutes") or 0) if words else 0


def _way(booking: Booking, said: Sequence[BookingEvent], before: Booking | None, now: datetime) -> tuple[float, float]:
    """(minutes since, usual minutes from there): since a believable position, else since their last word, with their own estimate if any."""
    pings = [Ping(e.data["lat"], e.data["lon"], e.at) for e in said if {"lat", "lon"} <= set(e.data)]
    words = [event for event in said if event.event in ("en_route", "late")]
    seen = newest(pings, now)
    if seen is not None and (not words or seen.at >= words[-1].at):
        there = Place(booking.city, None, seen.lat, seen.lon, 30)
        return (now - seen.at).total_seconds() / 60, float(travel_minutes(there, _place(booking), to_local(seen.at))[1])
    if not words:
        return 0.0, _planned_way(booking, before)
    last, told = words[-1], words[-1].data.get("minutes")
    if last.event == "late":  # later than planned, not from now
        usual = (booking.start - last.at).total_seconds() / 60 + float(told or 15)
    else:
        usual = float(told or travel_minutes(_from(booking, before), _place(booking), to_local(last.at))[1])
    return (now - last.at).total_seconds() / 60, max(5.0, usual)


def _planned_way(booking: Booking, before: Booking | None) -> float:
    return float(travel_minutes(_from(booking, before), _place(booking), to_local(booking.start - timedelta(minutes=20)))[1])


def _from(booking: Booking, before: Booking | None) -> Place:
    return _home(booking) if before is None else _place(before)


def _home(booking: Booking) -> Place:
    if booking.technician is None:
        raise ValueError(f"{booking.ref} has no technician")
    return locate(booking.technician.city, booking.technician.district or None)


def _place(booking: Booking) -> Place:
    return locate(booking.city, booking.district, booking.lat, booking.lon)


def _before(session: Session, booking: Booking) -> Booking | None:
    """The technician's visit before this one, of the same stretch of work."""
    earlier = select(Booking).where(
        Booking.technician_id == booking.technician_id, Booking.start < booking.start, Booking.start >= booking.start - BEFORE,
        Booking.status.in_((*STILL_AT, "done", "closed", "disputed")),
    )  # fmt: skip
    return session.scalars(earlier.order_by(Booking.start.desc()).limit(1)).first()


def _gap(booking: Booking, before: Booking | None) -> float | None:
    """Minutes from the planned end of the visit they are still at to this one; None: free."""
    if before is None or before.status not in STILL_AT:
        return None
    return (booking.start - before.start).total_seconds() / 60 - before.minutes
