"""What a client's yes or no does to another time or another price that the technician proposed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.errors import DomainError
from domain.store.tables import BookingEvent, Offer, Proposal
from prompts import wording
from tools import dispatch, notify
from tools.proposals import confirms, declines
from tools.turn import Turn
from tools.views import job
from tools.whose import clients_booking


@confirms("counter_offer")
def agree_time(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    booking = dispatch.agree_counter(turn.session, turn.market, _offer(turn, proposal), turn.now)
    return {"booking": job(booking)}


@declines("counter_offer")
def refuse_time(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    booking = dispatch.refuse_counter(turn.session, turn.market, _offer(turn, proposal), turn.now)
    return {"booking": job(booking)}


@confirms("price_change")
def agree_price(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    """The agreed amount is what the finished job may cost; `price_mad` stays the first quote."""
    return _price(turn, proposal, agreed=True)


@declines("price_change")
def refuse_price(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    return _price(turn, proposal, agreed=False)


def _price(turn: Turn, proposal: Proposal, *, agreed: bool) -> dict[str, Any]:
    booking = clients_booking(turn, proposal.args["ref"], ())
    if booking.status not in ("confirmed", "en_route", "arrived"):
        raise DomainError("not_allowed_now", status=booking.status)
    amount = Decimal(proposal.args["amount_mad"])
    event = "price_agreed" if agreed else "price_refused"
    turn.session.add(BookingEvent(booking_id=booking.id, event=event, actor="client", at=turn.now, data={"mad": str(amount)}))
    turn.session.flush()
    if booking.technician is not None:
        words = {"price": lambda locale, *_: wording.format_money(amount, locale)}
        notify.to_technician(turn.session, booking.technician, booking, event, now=turn.now, unique=f"price:{proposal.id}:{event}", words=words)
    return {"booking": job(booking)}


def _offer(turn: Turn, proposal: Proposal) -> Offer:
    offer = turn.session.get(Offer, proposal.args["offer_id"])
    if offer is None or offer.booking.client_id != turn.client_id:
        raise DomainError("proposal_gone")
    return offer
