"""What a job would cost, before anybody is chosen; and what else people with this need ask for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from domain.errors import DomainError
from domain.pricing.quote import alternatives
from domain.store.tables import Technician
from tools import quotes
from tools.areas import place_of, service_of
from tools.related import related
from tools.spec import Args, RowId, tool
from tools.turn import Turn
from tools.views import mad
from tools.whose import LIVE, PAST, clients_booking


class PriceArgs(Args):
    service: str
    issue: str | None = Field(None, max_length=500, description="The problem, in the client's own words.")
    city: str | None = None
    district: str | None = None
    urgency: Literal["normal", "high", "emergency"] = "normal"
    quantity: int | None = Field(None, ge=1, le=50, description="How many pieces: taps, sockets, rooms.")
    technician_id: RowId | None = None


@tool("READ", who="client", personal=False)
def estimate_price(turn: Turn, args: PriceArgs) -> dict[str, Any]:
    """A price range in MAD with its breakdown (adds up to likely_mad). Say it as an estimate; uplift_pct > 0 is for hurry and must be said.

    Asked why it costs that, tell the breakdown. alternatives: what would cost less, such as without_hurry.
    Never invent or round an amount of your own.
    """
    service = service_of(args.service)
    city = place_of(args.city, args.district).city if args.city or args.district else None
    technician = turn.session.get(Technician, args.technician_id) if args.technician_id else None
    if args.technician_id and (technician is None or technician.applied):
        raise DomainError("no_technician", service=service, city=city, nearest_km=None)
    job: dict[str, Any] = {"issue": args.issue, "urgency": args.urgency, "quantity": args.quantity or 1}
    offer = quotes.offered(turn.market, technician, service, at=turn.now, **job)
    quotes.told(turn.session, offer, f"conversation:{turn.context.conversation_id}", service)
    price = offer.estimate
    return {
        "min_mad": mad(price.min_mad),
        "likely_mad": mad(price.likely_mad),
        "max_mad": mad(price.max_mad),
        "breakdown": [{"label": line.label, "mad": mad(line.mad)} for line in price.breakdown],
        "uplift_pct": price.uplift_pct,
        "alternatives": [{"label": one.label, "mad": mad(one.mad)} for one in alternatives(price)],
        "service": service,
        "city": city,
        "technician": technician.name if technician else None,
    }


class RelatedArgs(Args):
    ref: str | None = None
    service: str | None = None


@tool("READ", who="client")
def related_needs(turn: Turn, args: RelatedArgs) -> dict[str, Any]:
    """Services people often need after this one. Mention one at most, once, after the job; never push."""
    service = service_of(args.service) if args.service else clients_booking(turn, args.ref, (*LIVE, *PAST)).service
    return {"services": related(service)}
