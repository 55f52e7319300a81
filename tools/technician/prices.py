"""Another price, seen on site: the client must agree before it counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bookings.states import PROMISED
from domain.errors import DomainError
from domain.pricing.estimate import HIGHEST, checked_change, needs_person
from domain.store.tables import Booking, BookingEvent
from prompts import wording
from tools import notify, proposals
from tools.handover import escalate
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import job, mad
from tools.whose import technicians_booking


class PriceArgs(Args):
    amount_mad: float = Field(gt=0, le=100000, description="The new price of the whole job.")
    ref: str | None = Field(None, description="BR-1042; left out, the job at hand.")
    reason: str | None = Field(None, max_length=300, description="What makes it dearer or cheaper, in their words.")


@tool("WRITE", who="technician")
def propose_price(turn: Turn, args: PriceArgs) -> dict[str, Any]:
    """Asks the client to agree to another price after seeing the job. status waiting_client: no extra work before the yes arrives by SMS.

    Errors: bad_amount (not a price for this job), no_booking.
    """
    booking = technicians_booking(turn, args.ref, sorted(PROMISED))
    if booking.status not in PROMISED:
        raise DomainError("not_allowed_now", status=booking.status)
    amount = Decimal(str(args.amount_mad)).quantize(Decimal("0.01"))
    quoted = booking.price_mad
    if quoted:
        amount = checked_change(amount, quoted)
    data = {"mad": str(amount)} | ({"reason": args.reason} if args.reason else {})
    event = BookingEvent(booking_id=booking.id, event="price_proposed", actor="technician", at=turn.now, data=data)
    turn.session.add(event)
    turn.session.flush()
    talk = notify.conversation_of_client(turn.session, booking, turn.now)
    if talk is None:
        raise DomainError("not_allowed_now", status=booking.status)
    summary = {"booking": job(booking), "amount_mad": mad(amount), "old_mad": mad(quoted), "reason": args.reason}
    stored = {"ref": booking.ref, "amount_mad": str(amount)}
    cause = f"price:{booking.id}:{event.id}"
    row = proposals.store(turn.session, turn.market, talk.id, booking.client_id, "price_change", stored, summary, cause, turn.now)
    words = {
        "price": lambda locale, *_: wording.format_money(amount, locale),
        "old_price": lambda locale, *_: wording.format_money(quoted or 0, locale),
        "reason": args.reason or "",
    }
    notify.to_client(
        turn.session,
        booking,
        "price_change_reason" if args.reason else "price_change",
        now=turn.now,
        unique=cause,
        awaiting="confirm",
        choices=[("yes", "yes"), ("no", "no")],
        extra={"proposal_id": row.id, "kind": "price_change", "summary": summary},
        words=words,
    )
    if quoted and needs_person(amount, quoted):
        # outside -20 %..+30 % of the quote the client still decides, with somebody of ours looking on
        note = f"{booking.ref}: price {mad(quoted)} -> {mad(amount)} MAD"
        escalate(turn.session, talk.id, "dispute", now=turn.now, note=note, priority="normal", booking_id=booking.id)
    return {"ref": booking.ref, "amount_mad": mad(amount), "status": "waiting_client"}


def price_ceiling(session: Session, booking: Booking) -> Decimal | None:
    """The most a finished job may cost: the highest of the quote, its upper end and what the client agreed to since. None: nothing was quoted.

    A quote without a range stands for one: 30 % above it, the change that needs nobody to look on.
    """
    agreed = select(BookingEvent).where(BookingEvent.booking_id == booking.id, BookingEvent.event == "price_agreed")
    amounts = [Decimal(e.data["mad"]) for e in session.scalars(agreed)]
    if booking.price_mad is not None:
        amounts.append(booking.price_max_mad or booking.price_mad * (1 + HIGHEST))
    return max(amounts) if amounts else None
