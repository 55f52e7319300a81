"""A technician's answer to an offer: yes, no, or another time."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from domain.bookings.states import transition
from domain.errors import DomainError
from domain.store.tables import Booking, Offer
from tools import candidates, dispatch
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import local, offered_job
from tools.whose import canonical


class AnswerArgs(Args):
    answer: Literal["accept", "decline", "other_time"]
    ref: str | None = Field(None, description="BR-1042; left out, the only open offer.")
    start: str | None = Field(None, description='With other_time: "YYYY-MM-DDTHH:MM" on a Moroccan clock.')
    reason: str | None = Field(None, max_length=300)


@tool("WRITE", who="technician")
def answer_offer(turn: Turn, args: AnswerArgs) -> dict[str, Any]:
    """Answers an offer: accept, decline, or other_time with a start. Declining a job accepted before gives it back, and another technician is asked.

    Errors: no_offer (none, or too late), which_offer (offers), slot_taken (another job then), in_the_past.
    """
    offer = _offer(turn, args)
    if offer is None:
        return _give_back(turn, args)
    if args.answer == "accept":
        booking = dispatch.as_offered(turn.session, turn.market, offer, turn.now)
    elif args.answer == "decline":
        booking = dispatch.decline(turn.session, turn.market, offer, turn.now, args.reason)
    else:
        if not args.start:
            raise DomainError("bad_arguments", fields=[{"field": "start", "cure": "other_time needs a start"}])
        booking = dispatch.counter(turn.session, turn.market, offer, candidates.read_start(args.start), turn.now)
    start = offer.counter_start if args.answer == "other_time" and offer.counter_start else offer.start
    mine = {"accept": "confirmed", "decline": "declined", "other_time": offer.status}
    return {"ref": booking.ref, "status": mine[args.answer], "start": local(start)}


def open_offers(turn: Turn) -> list[Offer]:
    """What waits for this technician's answer, soonest deadline first."""
    mine = select(Offer).where(Offer.technician_id == turn.technician_id, Offer.status == "open", Offer.deadline > turn.now)
    return list(turn.session.scalars(mine.order_by(Offer.deadline, Offer.id)))


def _offer(turn: Turn, args: AnswerArgs) -> Offer | None:
    if args.ref:
        mine = (
            select(Offer)
            .join(Booking, Offer.booking_id == Booking.id)
            .where(Offer.technician_id == turn.technician_id, Booking.ref == canonical(args.ref))
        )
        return turn.session.scalars(mine.where(Offer.status.in_(("open", "countered"))).order_by(Offer.id.desc())).first()
    waiting = open_offers(turn)
    if len(waiting) > 1:
        raise DomainError("which_offer", offers=[offered_job(o) for o in waiting])
    if not waiting and args.answer != "accept":
        countered = select(Offer).where(Offer.technician_id == turn.technician_id, Offer.status == "countered").order_by(Offer.id.desc())
        waiting = list(turn.session.scalars(countered.limit(1)))
    return waiting[0] if waiting else None


def _give_back(turn: Turn, args: AnswerArgs) -> dict[str, Any]:
    """No open offer: a named job that is already theirs may be given back; anything else is too late."""
    if args.ref and args.answer == "decline":
        mine = select(Booking).where(Booking.technician_id == turn.technician_id, Booking.ref == canonical(args.ref), Booking.status == "confirmed")
        booking = turn.session.scalars(mine.with_for_update(of=Booking)).first()
        if booking is not None:
            transition(booking.status, "reoffer", "technician")
            start = booking.start_local
            dispatch.release(turn.session, turn.market, booking, turn.now, args.reason)
            return {"ref": booking.ref, "status": "declined", "start": start}
    raise DomainError("no_offer")
