"""Takes a client's stars for a finished job, once, and thanks with a credit."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import select

from domain.bookings.ratings import checked_stars, rating_after
from domain.bookings.states import transition
from domain.errors import DomainError
from domain.store import predictions
from domain.store.tables import BookingEvent, Rating
from tools.spec import Args, tool
from tools.turn import Turn
from tools.whose import clients_booking


class RateArgs(Args):
    stars: int = Field(description="1 (bad) to 5 (excellent).")
    ref: str | None = Field(None, description="The finished booking; left out, the one that still waits for stars.")
    text: str | None = Field(None, description="The person's own words about the work.")


@tool("WRITE", who="client")
def rate_booking(turn: Turn, args: RateArgs) -> dict[str, Any]:
    """Records 1 to 5 stars for a finished job. Each job is rated once; the client gets a credit for it (credit_mad).

    Errors: bad_rating (ask again for 1 to 5), already_rated, not_allowed_now (the job is not finished), which_booking.
    """
    checked_stars(args.stars)
    booking = clients_booking(turn, args.ref, ("done",)) if args.ref or _any_done(turn) else clients_booking(turn, None, ("closed", "disputed"))
    if turn.session.scalars(select(Rating.id).where(Rating.booking_id == booking.id)).first() is not None:
        raise DomainError("already_rated", ref=booking.ref)
    if booking.status not in ("done", "closed", "disputed"):
        raise DomainError("not_allowed_now", status=booking.status, ref=booking.ref)
    turn.session.add(Rating(booking_id=booking.id, stars=args.stars, text=args.text, created_at=turn.now))
    turn.session.add(BookingEvent(booking_id=booking.id, event="rated", actor="client", at=turn.now, data={"stars": args.stars}))
    technician = booking.technician
    if technician is not None:
        technician.rating = rating_after(technician.rating, technician.jobs, args.stars)
    client = turn.client()
    credit = turn.rules.rating_credit_mad
    client.credit_mad += credit
    if booking.status == "done":
        booking.status = transition("done", "close", "system")
        predictions.closed(turn.session, booking, turn.now)
    turn.session.flush()
    return {"ref": booking.ref, "stars": args.stars, "technician": technician.name if technician else None, "credit_mad": credit}


def _any_done(turn: Turn) -> bool:
    from domain.store.tables import Booking

    return turn.session.scalars(select(Booking.id).where(Booking.client_id == turn.client_id, Booking.status == "done").limit(1)).first() is not None
