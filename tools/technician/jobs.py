"""A technician's own jobs: the list, the details, and how the visit goes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from domain.bookings.states import PROMISED, transition
from domain.catalog import parts_for
from domain.errors import DomainError, NotFound
from domain.store import predictions
from domain.store.positions import share_position
from domain.store.tables import Booking, BookingEvent
from prompts import wording
from tools import notify
from tools.spec import Args, tool
from tools.technician import day
from tools.technician.offers import open_offers
from tools.technician.prices import price_ceiling
from tools.turn import Turn
from tools.views import mad, offered_job, technician_job
from tools.whose import canonical, technicians_booking

#: A client who does not open the door is told at once; a no to the job itself goes through answer_offer.
State = Literal["en_route", "arrived", "done", "late", "client_absent", "position"]


class JobsArgs(Args):
    day: date | None = Field(None, description='"YYYY-MM-DD"; left out, everything ahead.')


@tool("READ", who="technician")
def my_jobs(turn: Turn, args: JobsArgs) -> dict[str, Any]:
    """The technician's jobs (soonest first) and the offers that wait for their answer, with each one's deadline.

    route, of a day with more than two jobs: the order with the least travel; kept false: the promised hours leave too little time for the ways.
    """
    mine = select(Booking).where(Booking.technician_id == turn.technician_id)
    if args.day:
        first = args.day.isoformat()
        found = mine.where(Booking.start_local >= first, Booking.start_local < (args.day + timedelta(days=1)).isoformat())
        found = found.where(Booking.status.in_((*sorted(PROMISED), "done", "closed", "disputed")))
    else:
        found = mine.where(Booking.status.in_(sorted(PROMISED)))
    bookings = list(turn.session.scalars(found.order_by(Booking.start, Booking.id).limit(20)))
    jobs = [technician_job(b, turn.technician_id) for b in bookings]
    route = day.planned(bookings, turn.now) if args.day else None
    return {"jobs": jobs, "offers": [offered_job(o) for o in open_offers(turn)]} | ({"route": route} if route else {})


class DetailsArgs(Args):
    ref: str | None = Field(None, description="BR-1042; left out, the job at hand or the only offer.")


@tool("READ", who="technician")
def job_details(turn: Turn, args: DetailsArgs) -> dict[str, Any]:
    """What the job is, where and when, and which parts it may need. Address and phone of the client are there only once it is confirmed theirs."""
    try:
        booking = technicians_booking(turn, args.ref, sorted(PROMISED))
    except NotFound:
        booking = _offered(turn, args.ref)
    return {"booking": technician_job(booking, turn.technician_id), "parts": _parts(booking)}


def _parts(booking: Booking) -> list[dict[str, Any]]:
    likely = parts_for(booking.node) if booking.node else ()
    return [{"name": part.name, "min_mad": part.min_mad, "max_mad": part.max_mad} for part in likely]


class UpdateArgs(Args):
    state: State
    ref: str | None = Field(None, description="BR-1042; left out, the job at hand.")
    minutes: int | None = Field(None, ge=0, le=600, description="With en_route: until arrival. With late: how much later than planned.")
    amount_mad: float | None = Field(None, ge=0, le=100000, description="With done: what the client paid or owes.")
    lat: float | None = Field(None, ge=-90, le=90, description="With position or en_route: the place they shared.")
    lon: float | None = Field(None, ge=-180, le=180)


@tool("WRITE", who="technician")
def update_job(turn: Turn, args: UpdateArgs) -> dict[str, Any]:
    """Says how the visit goes: en_route, late, arrived, client_absent, done (with the amount). States may be skipped forwards. The client hears it.

    position: the place they shared on the way, which makes the told arrival more exact; the client hears nothing of it.
    bad_amount: above what the client agreed to; use propose_price and wait for their yes.
    """
    fitting = sorted(PROMISED) if args.state != "done" else [*sorted(PROMISED), "done"]
    booking = technicians_booking(turn, args.ref, sorted(PROMISED))
    amount = None if args.amount_mad is None else Decimal(str(args.amount_mad)).quantize(Decimal("0.01"))
    if booking.status == "done" and args.state == "done" and booking.final_mad is None and amount is not None and booking.status in fitting:
        _set_amount(turn, booking, amount)
        return _result(booking, args.minutes)
    if args.state == "position":
        if args.lat is None or args.lon is None:
            raise DomainError("bad_arguments", fields=[{"field": "lat", "cure": "position needs lat and lon"}])
        share_position(turn.session, booking, args.lat, args.lon, turn.now)
        return _result(booking, None)
    was = booking.status
    booking.status = transition(was, args.state, "technician")
    if args.state == "done":
        _finish(turn, booking, amount)
    data: dict[str, Any] = {"minutes": args.minutes} if args.minutes is not None else {}
    if args.lat is not None and args.lon is not None:
        data |= {"lat": args.lat, "lon": args.lon}
    event = BookingEvent(booking_id=booking.id, event=args.state, actor="technician", at=turn.now, data=data)
    turn.session.add(event)
    turn.session.flush()
    if args.state == "arrived":
        predictions.arrived(turn.session, booking, turn.now)
    _tell(turn, booking, args, event.id)
    return _result(booking, args.minutes)


def _finish(turn: Turn, booking: Booking, amount: Decimal | None) -> None:
    """Without a word on money the agreed price stands; the technician may still say the amount afterwards."""
    if amount is not None:
        _set_amount(turn, booking, amount)
    if booking.technician is not None:
        booking.technician.jobs += 1
        if booking.client is not None:
            booking.client.last_technician_id = booking.technician_id
    booking.rating_asked_at = turn.now


def _set_amount(turn: Turn, booking: Booking, amount: Decimal) -> None:
    ceiling = price_ceiling(turn.session, booking)
    if ceiling is not None and amount > ceiling:
        raise DomainError("bad_amount", max_mad=mad(ceiling), ref=booking.ref)
    booking.final_mad = amount


def _tell(turn: Turn, booking: Booking, args: UpdateArgs, event_id: int) -> None:
    unique = f"job:{booking.id}:{args.state}:{event_id}"
    minutes = {"minutes": lambda locale, *_: wording.format_minutes(args.minutes or 0, locale)}
    if args.state == "en_route":
        entry = "en_route_minutes" if args.minutes else "en_route"
        notify.to_client(turn.session, booking, entry, now=turn.now, unique=unique, words=minutes)
    elif args.state == "late":
        if not args.minutes:
            minutes = {"minutes": lambda locale, *_: wording.format_minutes(15, locale)}
        notify.to_client(turn.session, booking, "late", now=turn.now, unique=unique, words=minutes)
    elif args.state == "done":
        ask_rating(turn.session, booking, turn.now)
    else:
        notify.to_client(turn.session, booking, args.state, now=turn.now, unique=unique)


def ask_rating(session: Any, booking: Booking, now: Any) -> None:
    """One question for stars per job."""
    booking.rating_asked_at = now
    priced = booking.final_mad is not None or booking.price_mad is not None
    notify.to_client(
        session,
        booking,
        "done_rate" if priced else "done_rate_no_price",
        now=now,
        unique=f"rate:{booking.id}",
        awaiting="rating",
        choices=[(str(n), str(n)) for n in range(1, 6)],
    )


def _offered(turn: Turn, ref: str | None) -> Booking:
    offers = open_offers(turn)
    if ref:
        offers = [o for o in offers if o.booking.ref == canonical(ref)]
    if not offers:
        raise NotFound("no_booking")
    if len(offers) > 1:
        raise DomainError("which_offer", offers=[offered_job(o) for o in offers])
    return offers[0].booking


def _result(booking: Booking, minutes: int | None) -> dict[str, Any]:
    return {"ref": booking.ref, "status": booking.status, "minutes": minutes, "final_mad": mad(booking.final_mad)}
