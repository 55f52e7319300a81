"""The state of a market in the words that scenarios use: what `after` may name, read in one go."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.tables import Booking, Client, Escalation, InboxRow, Offer, OutboxRow, Proposal, Rating, Refund, Technician

Rows = list[dict[str, Any]]


def snapshot(session: Session) -> dict[str, Rows]:
    """Table -> rows, oldest first. Clients are phones, technicians names, bookings references, starts local "YYYY-MM-DDTHH:MM"; money is Decimal.

    Beside FORMAT.md's columns a booking has address, fee_mad and price bounds, for reports.
    """
    booking = {"bookings": _rows(session, _BOOKINGS)}
    return {**booking, **{name: _rows(session, query) for name, query in _TABLES.items()}, "messages": _messages(session)}


_BOOKINGS = (
    select(
        Booking.ref,
        Client.phone.label("client"),
        Technician.name.label("technician"),
        Booking.service,
        Booking.city,
        Booking.district,
        Booking.address,
        Booking.start_local.label("start"),
        Booking.status,
        Booking.price_mad,
        Booking.price_min_mad,
        Booking.price_max_mad,
        Booking.final_mad,
        Booking.paid_mad,
        Booking.fee_mad,
        Booking.channel,
    )
    .join(Client, Booking.client_id == Client.id)
    .outerjoin(Technician, Booking.technician_id == Technician.id)
    .order_by(Booking.id)
)
_TABLES = {
    "offers": select(Booking.ref.label("booking"), Technician.name.label("technician"), Offer.status)
    .join(Booking, Offer.booking_id == Booking.id)
    .join(Technician, Offer.technician_id == Technician.id)
    .order_by(Offer.id),
    "refunds": select(Booking.ref.label("booking"), Refund.amount_mad, Refund.status, Refund.rule)
    .join(Booking, Refund.booking_id == Booking.id)
    .order_by(Refund.id),
    "escalations": select(Escalation.reason, Escalation.priority, Escalation.status, Booking.ref.label("booking"))
    .outerjoin(Booking, Escalation.booking_id == Booking.id)
    .order_by(Escalation.id),
    "ratings": select(Booking.ref.label("booking"), Rating.stars).join(Booking, Rating.booking_id == Booking.id).order_by(Rating.id),
    "clients": select(Client.phone, Client.name, Client.language, Client.script, Client.opted_out, Client.erased).order_by(Client.id),
    "technicians": select(Technician.phone, Technician.name, Technician.available).where(Technician.applied.is_(False)).order_by(Technician.id),
    "proposals": select(Proposal.kind, Proposal.status).order_by(Proposal.id),
}
#: Kinds that came in, in FORMAT.md's words (text buttons list template sms media).
_KIND_IN = {"voice": "media", "photo": "media", "button": "buttons"}


def _messages(session: Session) -> Rows:
    """What came in (`to` null, status `received`), then what went out."""
    came = select(InboxRow.channel, InboxRow.kind).order_by(InboxRow.id)
    went = select(OutboxRow.to, OutboxRow.channel, OutboxRow.kind, OutboxRow.status).order_by(OutboxRow.id)
    inbound = [
        {"to": None, "channel": channel, "direction": "in", "kind": _KIND_IN.get(kind, kind), "status": "received"}
        for channel, kind in session.execute(came)
    ]
    return inbound + [{**row, "direction": "out"} for row in _rows(session, went)]


def _rows(session: Session, query: Any) -> Rows:
    found: list[SqlRow[Any]] = list(session.execute(query))
    return [dict(row._mapping) for row in found]
