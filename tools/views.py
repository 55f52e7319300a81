"""How a booking looks in a tool result: the `Job` of docs/contracts.md, from a client's side or a technician's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from domain.clock import to_local
from domain.store.tables import Booking, Offer

#: From here on the job is the technician's own: address and phone are theirs to know.
ENTRUSTED = ("confirmed", "en_route", "arrived", "done", "closed", "disputed")


def mad(amount: Decimal | None) -> int | float | None:
    """Money as a JSON number: 320, 320.5."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    """The same facts as plain JSON, money as numbers. Raises TypeError for what JSON does not know: convert it in the tool."""
    made: dict[str, Any] = json.loads(json.dumps(facts, default=_plain, ensure_ascii=False))
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return mad(value)
    raise TypeError(f"a tool result holds {type(value).__name__}, which JSON does not know; convert it in the tool")


def job(booking: Booking) -> dict[str, Any]:
    """The contract's `Job`, with everything its own client may see."""
    return {
        "ref": booking.ref,
        "service": booking.service,
        "issue": booking.issue,
        "status": booking.status,
        "start": booking.start_local,
        "technician": booking.technician.name if booking.technician else None,
        "technician_id": booking.technician_id,
        "city": booking.city,
        "district": booking.district,
        "address": booking.address,
        "price_mad": mad(booking.price_mad),
        "final_mad": mad(booking.final_mad),
        "paid_mad": mad(booking.paid_mad),
        "fee_mad": mad(booking.fee_mad),
    }


def technician_job(booking: Booking, technician_id: int) -> dict[str, Any]:
    """A job as one technician may see it: until it is confirmed theirs, neither address nor phone nor pin nor the client's full words."""
    seen = job(booking)
    theirs = booking.technician_id == technician_id and booking.status in ENTRUSTED
    client = booking.client
    seen["client_name"] = client.name if client else None
    if theirs:
        seen |= {"client_phone": client.phone if client else None, "lat": booking.lat, "lon": booking.lon}
    else:
        seen["address"] = None
    return seen


def offered_job(offer: Offer) -> dict[str, Any]:
    """A job that waits for this technician's answer, with the local moment until which it waits."""
    seen = technician_job(offer.booking, offer.technician_id)
    seen["start"] = local(offer.start)
    seen["deadline"] = local(offer.deadline)
    seen["earning_mad"] = mad(offer.earning_mad)
    return seen


def local(moment: Any) -> str:
    """UTC to the contract's "YYYY-MM-DDTHH:MM" on a Moroccan clock."""
    return to_local(moment).strftime("%Y-%m-%dT%H:%M")
