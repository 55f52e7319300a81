"""Notes where exactly a visit is: the street and number a client gives after booking, or their pin."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from domain.errors import DomainError
from domain.geo import locate, nearest_place
from domain.store.tables import BookingEvent
from tools import dispatch, notify
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import job
from tools.whose import clients_booking

COMING = ("offered", "confirmed", "en_route")


class AddressArgs(Args):
    ref: str | None = Field(None, description="The booking; left out, the client's only visit that is still to come.")
    address: str | None = Field(None, min_length=1, max_length=300, description="Street, number, floor, landmark, as given.")
    lat: float | None = None
    lon: float | None = None


@tool("WRITE", who="client")
def set_address(turn: Turn, args: AddressArgs) -> dict[str, Any]:
    """Notes the exact address, or the shared position, of a visit that is booked; the technician it is entrusted to is told.

    The visit stays in its city. Errors: other_city (city: where the visit is), not_allowed_now, which_booking, no_booking.
    """
    booking = clients_booking(turn, args.ref, COMING)
    if booking.status not in COMING:
        raise DomainError("not_allowed_now", ref=booking.ref, status=booking.status)
    if args.lat is not None and args.lon is not None:
        place = nearest_place(args.lat, args.lon)
        if place.city != locate(booking.city).city:
            raise DomainError("other_city", city=booking.city)
        booking.lat, booking.lon = args.lat, args.lon
    elif not args.address:
        raise DomainError("bad_arguments", fields=[{"field": "address", "cure": "the street and number, or lat and lon"}])
    pin = f"{args.lat:.5f},{args.lon:.5f}" if args.lat is not None and args.lon is not None else ""  # as every map takes it
    booking.address = args.address or booking.address
    event = BookingEvent(booking_id=booking.id, event="address", actor="client", at=turn.now, data={"pin": bool(pin)})
    turn.session.add(event)
    turn.session.flush()
    technician = booking.technician if booking.status != "offered" else None
    if technician is not None:
        words = dispatch.entrusted_words(booking) | ({"place": pin} if pin else {})
        notify.to_technician(turn.session, technician, booking, "job_address", now=turn.now, unique=f"address:{booking.id}:{event.id}", words=words)
    return {"booking": job(booking), "told": technician is not None}
