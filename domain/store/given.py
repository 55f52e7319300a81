"""Puts the `given` rows of a scenario on top of a world, as if they had happened before the first message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bookings.states import STATUSES, VISITED
from domain.clock import to_utc
from domain.rules import MarketRules
from domain.scheduling.dispatch import deadline
from domain.scheduling.slots import local
from domain.store.conversations import conversation_for, set_owner
from domain.store.people import get_or_create_client, is_phone, technician_by_phone, technicians_named
from domain.store.promises import DoubleBooked
from domain.store.tables import Booking, Offer, Refund, Technician
from domain.store.world_file import CLIENT, TECHNICIAN, Readers, WorldError, money, one_of, read_row

OFFER_STATUSES = ("open", "accepted", "declined", "countered", "expired", "withdrawn")
REFUND_STATUSES = ("requested", "approved", "paid", "refused")


def apply_given(session: Session, rows: Sequence[Mapping[str, Mapping[str, Any]]], now: datetime, *, writer: tuple[str, str] | None = None) -> None:
    """Adds rows {kind: {...}} of kind booking, offer, refund, client, technician, conversation (scenarios/FORMAT.md "Settled").

    People come first, whatever the order. An offered booking with a technician carries an open offer. An unknown phone becomes a client.
    `writer`: (channel, address) of the conversation that a `conversation` row without a phone is about. Raises WorldError.
    """
    for kind, add in _KINDS.items():
        for number, row in enumerate(rows):
            if kind in row:
                add(session, dict(row[kind] or {}), now, lambda key, n=number, k=kind: f"given[{n}].{k}", writer)  # type: ignore[misc]
    for number, row in enumerate(rows):
        if unknown := sorted(set(row) - set(_KINDS)):
            raise WorldError(f"given[{number}]: unknown kind {unknown[0]!r}; one of {', '.join(_KINDS)}")
    session.flush()


Where = Callable[[str], str]


def _client(session: Session, row: dict[str, Any], now: datetime, where: Where, _: Any) -> None:
    values = read_row(row, CLIENT, where)
    if not values.get("phone"):
        raise WorldError(f"{where('phone')}: no phone; a given client needs one")
    client = get_or_create_client(session, values.pop("phone"), now)
    if last := values.pop("last_technician", None):
        client.last_technician_id = _technician(session, last, None, where).id
    for column, value in values.items():
        setattr(client, column, value)


def _given_technician(session: Session, row: dict[str, Any], now: datetime, where: Where, _: Any) -> None:
    values = read_row(row, TECHNICIAN, where)
    technician = _technician(session, values.pop("phone", None) or values.get("name") or "", None, where)
    for column, value in values.items():
        if column != "name":
            setattr(technician, column, value)


def _booking(session: Session, row: dict[str, Any], now: datetime, where: Where, _: Any) -> None:
    values = read_row(row, BOOKING, where)
    for key in ("ref", "client", "service", "start"):
        if values.get(key) is None:
            raise WorldError(f"{where(key)}: no {key}; a given booking needs ref, client, service and start")
    client = get_or_create_client(session, values.pop("client"), now)
    named = values.pop("technician", None)
    technician = _technician(session, named, values.get("city"), where) if named else None
    values.setdefault("city", technician.city if technician else client.city)
    if values["city"] is None:
        raise WorldError(f"{where('city')}: no city; say where the booking is")
    values.setdefault("district", technician.district if technician else None)
    start = values["start"]
    booking = Booking(**{"status": "confirmed", **values}, client_id=client.id, start_local=local(start), created_at=min(now, start))
    booking.client, booking.technician = client, technician
    if technician is not None and booking.status in VISITED:
        client.last_technician_id = technician.id
    if booking.status in ("done", "disputed"):
        booking.rating_asked_at = now  # the past is over: its question was asked then
    session.add(booking)
    try:
        session.flush()
    except DoubleBooked as error:
        raise WorldError(f"{where('start')}: the technician has promised another visit then; give another start, minutes or technician") from error
    if technician is not None and booking.status == "offered":
        _add_offer(session, booking, technician, now, "open")


def _offer(session: Session, row: dict[str, Any], now: datetime, where: Where, _: Any) -> None:
    values = read_row(row, OFFER, where)
    booking = _booking_of(session, values.get("booking"), where)
    named = values.get("technician")
    technician = _technician(session, named, booking.city, where) if named else booking.technician
    if technician is None:
        raise WorldError(f"{where('technician')}: no technician; say who got the offer")
    status = values.get("status") or "open"
    there = session.scalar(select(Offer).where(Offer.booking_id == booking.id, Offer.technician_id == technician.id, Offer.start == booking.start))
    if there is not None:
        there.status = status
    else:
        if status == "open":  # one open offer at a time: the named one is it
            for other in session.scalars(select(Offer).where(Offer.booking_id == booking.id, Offer.status == "open")):
                other.status = "withdrawn"
            session.flush()
            booking.technician = technician
        there = _add_offer(session, booking, technician, now, status)
    if values.get("counter_start"):
        there.counter_start = values["counter_start"]
    session.flush()


def _add_offer(session: Session, booking: Booking, technician: Technician, now: datetime, status: str) -> Offer:
    offer = Offer(
        status=status,
        start=booking.start,
        sent_at=now,
        deadline=deadline(now, max(booking.start, now + timedelta(hours=1)), MarketRules(), booking.urgency or "normal"),
        answered_at=None if status == "open" else now,
    )
    offer.booking, offer.technician = booking, technician
    session.add(offer)
    session.flush()
    return offer


def _refund(session: Session, row: dict[str, Any], now: datetime, where: Where, _: Any) -> None:
    values = read_row(row, REFUND, where)
    if values.get("amount_mad") is None:
        raise WorldError(f"{where('amount_mad')}: no amount_mad; a given refund needs one")
    booking = _booking_of(session, values.pop("booking", None), where)
    session.add(Refund(**{"status": "approved", **values}, booking_id=booking.id, created_at=now))


def _conversation(session: Session, row: dict[str, Any], now: datetime, where: Where, writer: tuple[str, str] | None) -> None:
    values = read_row(row, CONVERSATION, where)
    channel, address = values.get("channel") or (writer or ("whatsapp", ""))[0], values.get("phone") or (writer or ("", ""))[1]
    if not address:
        raise WorldError(f"{where('phone')}: no phone; say whose conversation it is")
    talk = conversation_for(session, channel, address, now)
    if "owner" in values or "desk" in values:
        set_owner(session, talk.id, values.get("owner") or ("human" if values.get("desk") else "bot"), values.get("desk"))


def _technician(session: Session, named: str, city: str | None, where: Where) -> Technician:
    """By phone, by name in the booking's city, else by name anywhere; of several, the one who came first."""
    found = technician_by_phone(session, named) if is_phone(named) else None
    found = found or next(iter((city and technicians_named(session, named, city)) or technicians_named(session, named)), None)
    if found is None:
        raise WorldError(f"{where('technician')}: no technician {named!r}; name one of the world's")
    return found


def _booking_of(session: Session, ref: str | None, where: Where) -> Booking:
    found = session.scalar(select(Booking).where(Booking.ref == (ref or "")))
    if found is None:
        raise WorldError(f"{where('booking')}: no booking {ref!r}; give the booking first, with this ref")
    return found


def _moment(value: Any) -> datetime:
    """Local time, as text or as YAML reads it."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return to_utc(moment)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("write a whole number above 0")
    return value


_text = CLIENT["name"][1]
BOOKING: Readers = {
    "ref": ("ref", _text),
    "client": ("client", CLIENT["phone"][1]),
    "technician": ("technician", _text),
    "service": ("service", lambda value: TECHNICIAN["trades"][1]([value])[0]),
    "node": ("node", _text),
    "issue": ("issue", _text),
    "city": ("city", CLIENT["city"][1]),
    "district": ("district", _text),
    "address": ("address", _text),
    "lat": ("lat", float),
    "lon": ("lon", float),
    "start": ("start", _moment),
    "minutes": ("minutes", _whole),
    "status": ("status", one_of(STATUSES)),
    "price_mad": ("price_mad", money),
    "price_min_mad": ("price_min_mad", money),
    "price_max_mad": ("price_max_mad", money),
    "final_mad": ("final_mad", money),
    "paid_mad": ("paid_mad", money),
    "fee_mad": ("fee_mad", money),
    "urgency": ("urgency", one_of(("normal", "high", "emergency"))),
    "channel": ("channel", _text),
    "cancelled_by": ("cancelled_by", one_of(("client", "technician", "support", "system"))),
}
OFFER: Readers = {
    "booking": ("booking", _text),
    "technician": ("technician", _text),
    "status": ("status", one_of(OFFER_STATUSES)),
    "counter_start": ("counter_start", _moment),
}
REFUND: Readers = {
    "booking": ("booking", _text),
    "amount_mad": ("amount_mad", money),
    "status": ("status", one_of(REFUND_STATUSES)),
    "rule": ("rule", _text),
    "reason": ("reason", _text),
}
CONVERSATION: Readers = {
    "phone": ("phone", _text),
    "channel": ("channel", one_of(("whatsapp", "sms", "telegram", "web"))),
    "owner": ("owner", one_of(("bot", "human"))),
    "desk": ("desk", _text),
}
_KINDS: dict[str, Callable[[Session, dict[str, Any], datetime, Where, tuple[str, str] | None], None]] = {
    "client": _client,
    "technician": _given_technician,
    "booking": _booking,
    "offer": _offer,
    "refund": _refund,
    "conversation": _conversation,
}
