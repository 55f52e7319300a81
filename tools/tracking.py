"""What a client may see of their own bookings: the list, one booking's state, and when the technician arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from domain.bookings.states import LIVE
from domain.clock import to_local
from domain.geo import locate, travel_minutes
from domain.geo.window import PROMISE, Window, usual
from domain.store import arrivals
from domain.store.tables import Booking, BookingEvent, Offer
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import job, local
from tools.whose import PAST, clients_booking


class ListArgs(Args):
    which: Literal["live", "past", "all"] = "live"


@tool("READ", who="client")
def list_bookings(turn: Turn, args: ListArgs) -> dict[str, Any]:
    """The client's own bookings: live ones soonest first, past ones newest first, at most ten of each."""
    mine = select(Booking).where(Booking.client_id == turn.client_id)
    found: list[Booking] = []
    if args.which in ("live", "all"):
        found += turn.session.scalars(mine.where(Booking.status.in_(sorted(LIVE))).order_by(Booking.start, Booking.id).limit(10))
    if args.which in ("past", "all"):
        found += turn.session.scalars(mine.where(Booking.status.in_(PAST)).order_by(Booking.start.desc(), Booking.id.desc()).limit(10))
    return {"bookings": [job(b) for b in found]}


class RefArgs(Args):
    ref: str | None = Field(None, description="BR-1042; left out, the client's only live booking.")


@tool("READ", who="client")
def booking_status(turn: Turn, args: RefArgs) -> dict[str, Any]:
    """One booking of the client: its state, and while it is offered which technician was asked and how that stands."""
    booking = clients_booking(turn, args.ref, sorted(LIVE))
    offer = None
    if booking.status == "offered":
        last = select(Offer).where(Offer.booking_id == booking.id).order_by(Offer.id.desc()).limit(1)
        row = turn.session.scalars(last).first()
        offer = {"status": row.status, "technician": row.technician.name} if row else None
    return {"booking": job(booking), "offer": offer}


@tool("READ", who="client")
def track_technician(turn: Turn, args: RefArgs) -> dict[str, Any]:
    """Where the technician is: state, minutes until arrival when they are on the way or late, and the window in which they come.

    state: waiting_answer, planned, en_route, late, arrived, done or the booking's status. Say minutes as "about".
    late_risk (0..1, null where nobody can tell): from 0.5 on say that they may be late.
    """
    booking = clients_booking(turn, args.ref, ("confirmed", "en_route", "arrived", "offered"))
    view: dict[str, Any] = {"booking": job(booking), "state": _state(booking), "minutes": None, "window": None, "late_risk": None}
    said = _last_word(turn, booking)
    if booking.status == "en_route":
        left = said.data.get("minutes") if said else None
        begun = said.at if said else booking.start
        whole = int(left) if left is not None else _travel(booking)
        passed = max(0.0, (turn.now - begun).total_seconds() / 60) if said else 0.0
        # never "0 minutes": the last word is an estimate of ours or theirs, not a position
        view["minutes"] = max(5, round(whole - passed))
        view["window"] = _span(usual(turn.now, view["minutes"], booking.start + PROMISE))
    elif booking.status == "confirmed":
        late = int(said.data.get("minutes") or 0) if said is not None and said.event == "late" else 0
        if late:
            view["state"] = "late"
            view["minutes"] = max(0, round((booking.start + timedelta(minutes=late) - turn.now).total_seconds() / 60))
        start = booking.start + timedelta(minutes=late)
        end = start + PROMISE
        view["window"] = {"from": local(min(max(start, turn.now), end)), "to": local(end)}
    if (expected := _expected(turn, booking)) is not None:
        view["window"] = _span(expected)
        view["late_risk"] = round(expected.late_risk, 2)
        if booking.status == "en_route":
            view["minutes"] = max(5, round((expected.likely - turn.now).total_seconds() / 60))
    return view


def _span(told: Window) -> dict[str, str]:
    return {"from": local(told.earliest), "to": local(told.latest)}


def _expected(turn: Turn, booking: Booking) -> Window | None:
    """What the arrival model says, where one serves and may say anything."""
    model = turn.market.learnt.arrival
    if model is None or booking.status not in ("confirmed", "en_route") or booking.technician is None:
        return None
    return arrivals.expected(turn.session, booking, model, turn.now)


def _state(booking: Booking) -> str:
    return {"offered": "waiting_answer", "confirmed": "planned"}.get(booking.status, booking.status)


def _last_word(turn: Turn, booking: Booking) -> BookingEvent | None:
    """What the technician last said about coming."""
    words = select(BookingEvent).where(BookingEvent.booking_id == booking.id, BookingEvent.event.in_(("en_route", "late")))
    return turn.session.scalars(words.order_by(BookingEvent.id.desc()).limit(1)).first()


def _travel(booking: Booking) -> int:
    """Minutes from the technician's home, when they said nothing themselves."""
    if booking.technician is None:
        return 30
    home = locate(booking.technician.city, booking.technician.district or None)
    there = locate(booking.city, booking.district, booking.lat, booking.lon)
    return travel_minutes(home, there, to_local(booking.start))[1]
