"""Proposes a booking, and makes it at the client's yes: then a technician is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from domain.catalog import get_node
from domain.geo import Place
from domain.pricing.quote import alternatives, held, restored, stored
from domain.scheduling.dispatch import WARN_FROM
from domain.store import predictions
from domain.store.references import next_ref
from domain.store.tables import Booking, BookingEvent, Proposal
from tools import candidates, dispatch, exploring, quotes
from tools.areas import place_of, service_of
from tools.proposals import confirms, propose
from tools.spec import Args, RowId, tool
from tools.turn import Turn
from tools.views import job, local, mad

Urgency = Literal["normal", "high", "emergency"]


class BookingArgs(Args):
    service: str = Field(description="A service id: plumbing, electricity, ...")
    city: str = Field(description="City id or name.")
    start: str = Field(description='"YYYY-MM-DDTHH:MM" on a Moroccan clock; take it from find_slots or from what the person said.')
    district: str | None = None
    issue: str | None = Field(None, max_length=500, description="The problem in the client's own words.")
    address: str | None = Field(None, max_length=300, description="Street and number as given.")
    technician_id: RowId | None = Field(None, description="Only when the client chose one; left out, the best one free then.")
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    urgency: Urgency = "normal"
    quantity: int | None = Field(None, ge=1, le=50, description="How many pieces, where the client said it: the price is for all of them.")
    name: str | None = Field(None, max_length=80, description="The client's name, if they gave it.")


@tool("WRITE", who="client")
def propose_booking(turn: Turn, args: BookingArgs) -> dict[str, Any]:
    """Proposes a visit: who, when, where, for how much. Nothing is booked yet: say the summary and wait for a yes in a later turn (confirm_proposal).
    The technician's time is kept for this person until held_until.

    no_response_pct (only where it is high): the risk that no technician says yes at that time. Say it before asking for the yes.

    uplift_pct > 0 is for hurry: say it; without_hurry_mad is the same visit when it may wait. Asked why it costs that, tell the breakdown.
    Errors: unknown_service, unknown_place, no_technician, slot_taken / outside_hours (with alternatives), in_the_past, too_far_ahead.
    """
    service = service_of(args.service)
    place = place_of(args.city, args.district, args.lat, args.lon)
    start = candidates.read_start(args.start)
    candidates.check_moment(turn.market, start, turn.now)
    client = turn.client()
    chosen = candidates.choose(
        turn.session,
        turn.market,
        service=service,
        place=place,
        start=start,
        now=turn.now,
        technician_id=args.technician_id,
        issue=args.issue,
        urgency=args.urgency,
        quantity=args.quantity or 1,
        client=client,
    )
    if args.name and not client.name:
        client.name = args.name
    price, quote = chosen.offer.estimate, quotes.view(chosen.offer.quote)
    cheaper = {one.label: mad(one.mad) for one in alternatives(price)}
    summary: dict[str, Any] = {
        "service": service,
        "city": place.city,
        "district": place.district,
        "address": args.address,
        "start": local(start),
        "technician": chosen.technician.name,
        "technician_id": chosen.technician.id,
        "price_mad": price.likely_mad,
        "price_min_mad": price.min_mad,
        "price_max_mad": price.max_mad,
        "uplift_pct": price.uplift_pct,
        "without_hurry_mad": cheaper.get("without_hurry"),
        "breakdown": quote["breakdown"],
        "valid_until": quote["valid_until"],
    }
    if chosen.lacking is not None:
        summary["no_specialist"] = chosen.lacking
    if chosen.no_response is not None and chosen.no_response >= WARN_FROM:
        summary["no_response_pct"] = 5 * round(20 * chosen.no_response)  # in fives: it is no more exact than that
    kept = {
        "issue": args.issue,
        "urgency": args.urgency,
        "minutes": chosen.minutes,
        "node": chosen.node,
        "lat": place.lat if args.lat is not None else None,
        "lon": place.lon if args.lon is not None else None,
        "chosen": args.technician_id is not None,
        "quote": stored(chosen.offer.quote),
    }
    made = propose(turn, "booking", {**summary, **kept}, summary, until=chosen.offer.quote.valid_until)
    quotes.told(turn.session, chosen.offer, f"proposal:{made['proposal_id']}", service)
    return candidates.hold(turn, made, chosen.technician.id, start, chosen.minutes)


@confirms("booking")
def book(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    """The agreed price stands (a quote holds while its proposal is open); the slot is checked again; who comes stays who was said."""
    said = proposal.args
    if said.get("quote"):  # proposals of an earlier version hold as long as they are open
        held(restored(said["quote"]), turn.now)
    start = candidates.read_start(said["start"])
    candidates.check_moment(turn.market, start, turn.now)
    place = Place(said["city"], said["district"], *candidates.point(said), precision_m=0)
    client = turn.client()
    technician = candidates.still_free(
        turn.session,
        turn.market,
        said["technician_id"],
        service=said["service"],
        place=place,
        start=start,
        minutes=said["minutes"],
        now=turn.now,
        client_id=client.id,
    )
    booking = Booking(
        ref=next_ref(turn.session),
        client_id=client.id,
        technician_id=technician.id,
        service=said["service"],
        node=said["node"],
        issue=said["issue"],
        city=said["city"],
        district=said["district"],
        address=said["address"],
        lat=said["lat"],
        lon=said["lon"],
        start=start,
        start_local=local(start),
        minutes=said["minutes"],
        status="offered",
        price_mad=_decimal(said["price_mad"]),
        price_min_mad=_decimal(said["price_min_mad"]),
        price_max_mad=_decimal(said["price_max_mad"]),
        paid_mad=Decimal(0),
        fee_mad=Decimal(0),
        urgency=said["urgency"],
        channel=turn.context.channel,
        conversation_id=turn.context.conversation_id,
        created_at=turn.now,
    )
    booking.client, booking.technician = client, technician
    turn.session.add(booking)
    turn.session.flush()
    turn.session.add(BookingEvent(booking_id=booking.id, event="booked", actor="client", at=turn.now, data={"proposal_id": proposal.id}))
    predictions.follow(turn.session, f"proposal:{proposal.id}", predictions.entity_of(booking))
    if turn.market.learnt.explore is not None:
        predictions.taken(turn.session, exploring.MODEL, f"conversation:{turn.context.conversation_id}", technician.id, turn.now)
    _remember(client, booking)
    offer = dispatch.start(turn.session, turn.market, booking, turn.now)
    result = {"booking": job(booking), "offer": dispatch.offer_view(offer, turn.now)}
    danger = get_node(booking.node).danger if booking.node else None
    return result | ({"careful": danger} if danger else {})


def _remember(client: Any, booking: Booking) -> None:
    """A newcomer's first place is their usual one until they say otherwise."""
    if client.city is None:
        client.city, client.district = booking.city, booking.district
    if client.address is None and booking.address and (client.city, client.district) == (booking.city, booking.district):
        client.address = booking.address


def _decimal(amount: float | int | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
