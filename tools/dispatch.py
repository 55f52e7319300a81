"""Carries a booking from the client's yes to a technician's yes: one offer at a time, the next best after a no, honest alternatives at the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.bookings.states import transition
from domain.engagement.quiet import quiet_until
from domain.errors import DomainError
from domain.scheduling.dispatch import deadline as rules_deadline
from domain.store import agenda, predictions
from domain.store.sql import locked
from domain.store.tables import Booking, BookingEvent, Offer, Proposal, Technician
from prompts import wording
from tools import candidates, notify, proposals
from tools.context import Market
from tools.views import job, local

#: A job that starts this soon is offered even at night; any other offer may be answered until the morning.
SOON = timedelta(hours=12)


def start(session: Session, market: Market, booking: Booking, now: datetime) -> Offer | None:
    """Offers a new (or moved) booking to the technician it names, else to the best one; None when nobody is left and it expired."""
    if booking.technician is not None and booking.technician_id not in _asked(session, booking):
        return offer_to(session, market, booking, booking.technician, now)
    return ask_next(session, market, booking, now)


def offer_to(session: Session, market: Market, booking: Booking, technician: Technician, now: datetime) -> Offer:
    """One open offer with a deadline, and its SMS."""
    booking.technician_id, booking.technician = technician.id, technician
    net = booking.price_mad * (1 - market.rules.commission) if booking.price_mad is not None else None
    offer = Offer(
        booking_id=booking.id,
        technician_id=technician.id,
        rank=len(_asked(session, booking)) + 1,
        status="open",
        start=booking.start,
        earning_mad=round(net, 2) if net is not None else None,
        sent_at=now,
        deadline=_deadline(market, booking, now),
    )
    offer.booking, offer.technician = booking, technician
    session.add(offer)
    session.flush()
    _event(session, booking, "offered", "system", now, {"technician_id": technician.id, "offer_id": offer.id})
    notify.job_offer(session, market, offer, now=now)
    return offer


def ask_next(session: Session, market: Market, booking: Booking, now: datetime, refused: Offer | None = None) -> Offer | None:
    """Asks the next best technician and tells the client; after the last one the booking expires and the client gets alternatives."""
    asked = _asked(session, booking)
    choice = None
    if len(asked) < market.rules.offers_at_most and booking.start > now:
        choice = candidates.next_technician(session, market, booking, now, exclude=asked)
    if choice is None:
        expire(session, market, booking, now)
        return None
    offer = offer_to(session, market, booking, choice, now)
    if refused is not None:
        words = {
            "previous": lambda locale, *_: wording.person_name(refused.technician.name, locale),
            "minutes": lambda locale, *_: wording.format_minutes(minutes_left(offer, now), locale),
        }
        notify.to_client(session, booking, "technician_declined_next", now=now, unique=f"next:{offer.id}", words=words)
    return offer


def expire(session: Session, market: Market, booking: Booking, now: datetime) -> None:
    """Nobody can come: the booking ends, and the client hears which times are still possible."""
    booking.status = transition(booking.status, "expire", "system")
    booking.technician_id, booking.technician = None, None
    _event(session, booking, "expired", "system", now)
    slots = candidates.alternatives(session, market, booking, now)
    lines = lambda locale, *_: "\n".join(f"{i}. {_slot_words(slot, locale, now)}" for i, slot in enumerate(slots, 1))  # noqa: E731
    notify.to_client(
        session,
        booking,
        "booking_expired" if slots else "booking_expired_none",
        now=now,
        unique=f"expired:{booking.id}:{local(booking.start)}",
        awaiting="time",
        choices=[(f"{i}", f"{i}") for i in range(1, len(slots) + 1)],
        extra={"booking": job(booking), "slots": slots},
        words={"alternatives": lines},
    )


def accept(session: Session, market: Market, offer: Offer, now: datetime) -> Booking:
    """The technician's yes. Raises `no_offer` when it is too late, `slot_taken` when they have another job then."""
    booking = _answerable(session, offer, now, ("open",))
    locked(session, Technician, offer.technician_id)
    if clash := candidates.clashing_job(session, offer.technician_id, offer.start, booking.minutes, exclude=booking.id):
        raise DomainError("slot_taken", ref=clash.ref, start=clash.start_local)
    offer.status, offer.answered_at = "accepted", now
    predictions.came_true(session, "accept", f"offer:{offer.id}", 1.0, now)
    _confirm(session, booking, offer, now)
    return booking


def decline(session: Session, market: Market, offer: Offer, now: datetime, reason: str | None = None) -> Booking:
    """The technician's no: the next one is asked at once."""
    booking = _answerable(session, offer, now, ("open", "countered"))
    _drop_counter(session, offer, "superseded")
    offer.status, offer.answered_at = "declined", now
    predictions.came_true(session, "accept", f"offer:{offer.id}", 0.0, now)
    _event(session, booking, "declined", "technician", now, {"technician_id": offer.technician_id} | ({"reason": reason} if reason else {}))
    session.flush()
    ask_next(session, market, booking, now, refused=offer)
    return booking


def as_offered(session: Session, market: Market, offer: Offer, now: datetime) -> Booking:
    """The technician takes the offered hour, also after having asked for another that the client has not agreed to."""
    _answerable(session, offer, now, ("open", "countered"))
    _drop_counter(session, offer, "superseded")
    offer.status = "open"
    return accept(session, market, offer, now)


def counter(session: Session, market: Market, offer: Offer, start_at: datetime, now: datetime) -> Booking:
    """The technician proposes another time: the booking stays offered until the client agrees (or not)."""
    booking = _answerable(session, offer, now, ("open", "countered"))
    if start_at == offer.start:
        return as_offered(session, market, offer, now)
    candidates.check_moment(market, start_at, now)
    if clash := candidates.clashing_job(session, offer.technician_id, start_at, booking.minutes, exclude=booking.id):
        raise DomainError("slot_taken", ref=clash.ref, start=clash.start_local)
    _drop_counter(session, offer, "superseded")
    offer.status, offer.counter_start, offer.answered_at = "countered", start_at, now
    _event(session, booking, "countered", "technician", now, {"technician_id": offer.technician_id, "start": local(start_at)})
    talk = notify.conversation_of_client(session, booking, now)
    if talk is None:
        decline(session, market, offer, now)
        return booking
    summary = {"booking": job(booking), "start": local(start_at), "technician": offer.technician.name, "technician_id": offer.technician_id}
    cause = f"counter:{offer.id}:{local(start_at)}"
    args = {"offer_id": offer.id, "start": local(start_at)}
    row = proposals.store(session, market, talk.id, booking.client_id, "counter_offer", args, summary, cause, now)
    agenda.hold(session, row, booking.client_id, offer.technician_id, start_at, booking.minutes, now)
    notify.to_client(
        session,
        booking,
        "counter_offer",
        now=now,
        unique=cause,
        awaiting="confirm",
        choices=[("yes", "yes"), ("no", "no")],
        extra={"proposal_id": row.id, "kind": "counter_offer", "summary": summary},
        words={"when": lambda locale, at, *_: wording.format_when(start_at, locale, at)},
    )
    return booking


def agree_counter(session: Session, market: Market, offer: Offer, now: datetime) -> Booking:
    """The client takes the other time: the booking moves there and is confirmed."""
    booking = _answerable(session, offer, now, ("countered",), any_time=True)
    locked(session, Technician, offer.technician_id)
    start_at = offer.counter_start
    assert start_at is not None
    candidates.check_moment(market, start_at, now)
    if candidates.clashing_job(session, offer.technician_id, start_at, booking.minutes, exclude=booking.id):
        raise DomainError("slot_taken", alternatives=candidates.alternatives(session, market, booking, now))
    offer.status = "accepted"
    booking.start, booking.start_local = start_at, local(start_at)
    _confirm(session, booking, offer, now, tell_client=False)
    return booking


def refuse_counter(session: Session, market: Market, offer: Offer, now: datetime) -> Booking:
    """The client does not want the other time: the technician is thanked and the next one asked for the first time."""
    booking = offer.booking
    if offer.status != "countered" or booking.status != "offered":
        return booking
    offer.status = "declined"
    session.flush()
    notify.to_technician(session, offer.technician, booking, "offer_withdrawn", now=now, unique=f"offer:{offer.id}:withdrawn")
    ask_next(session, market, booking, now, refused=offer)
    return booking


def deadline_passed(session: Session, market: Market, offer: Offer, now: datetime) -> None:
    """Silence is a no."""
    offer.status = "expired"
    predictions.came_true(session, "accept", f"offer:{offer.id}", 0.0, now)
    session.flush()
    if offer.booking.status == "offered":
        ask_next(session, market, offer.booking, now, refused=offer)


def withdraw(session: Session, booking: Booking, now: datetime) -> None:
    """Takes back what technicians were asked about a booking that moved or was cancelled; who was waiting for hears it."""
    waiting = select(Offer).where(Offer.booking_id == booking.id, Offer.status.in_(("open", "countered"))).order_by(Offer.id)
    for offer in session.scalars(waiting).all():
        _drop_counter(session, offer, "superseded")
        offer.status = "withdrawn"
        notify.to_technician(session, offer.technician, booking, "offer_withdrawn", now=now, unique=f"offer:{offer.id}:withdrawn")
    session.flush()


def release(session: Session, market: Market, booking: Booking, now: datetime, reason: str | None = None) -> Offer | None:
    """A technician who had said yes cannot come: the job is offered again, the client hears it."""
    mine = select(Offer).where(Offer.booking_id == booking.id, Offer.technician_id == booking.technician_id, Offer.start == booking.start)
    offer = session.scalars(mine.order_by(Offer.id.desc())).first()
    if offer is None:  # a job given to them outside an offer
        offer = Offer(
            booking_id=booking.id, technician_id=booking.technician_id, rank=1, status="accepted", start=booking.start, sent_at=now, deadline=now
        )
        offer.booking, offer.technician = booking, booking.technician  # type: ignore[assignment]
        session.add(offer)
    offer.status, offer.answered_at = "declined", now
    booking.status = transition(booking.status, "reoffer", "technician")
    _event(session, booking, "released", "technician", now, {"technician_id": offer.technician_id} | ({"reason": reason} if reason else {}))
    session.flush()
    return ask_next(session, market, booking, now, refused=offer)


def minutes_left(offer: Offer, now: datetime) -> int:
    return max(1, round((offer.deadline - now).total_seconds() / 60))


def offer_view(offer: Offer | None, now: datetime) -> dict[str, Any] | None:
    """The `offer` of a confirm_proposal result."""
    return None if offer is None else {"technician": offer.technician.name, "minutes": minutes_left(offer, now)}


def _confirm(session: Session, booking: Booking, offer: Offer, now: datetime, *, tell_client: bool = True) -> None:
    booking.status = transition(booking.status, "accept", "technician")
    booking.technician_id, booking.technician = offer.technician_id, offer.technician
    _event(session, booking, "confirmed", "technician", now, {"technician_id": offer.technician_id, "offer_id": offer.id})
    session.flush()
    notify.to_technician(
        session, offer.technician, booking, "job_confirmed", now=now, unique=f"offer:{offer.id}:confirmed", words=entrusted_words(booking)
    )
    if tell_client:
        entry = "booking_confirmed" if booking.price_mad is not None else "booking_confirmed_no_price"
        notify.to_client(session, booking, entry, now=now, unique=f"confirmed:{booking.id}:{offer.id}", extra={"booking": job(booking)})


def entrusted_words(booking: Booking) -> dict[str, Any]:
    """What a technician may know once the job is theirs: name, phone, full address."""
    client = booking.client

    def place(locale: str, *_: Any) -> str:
        return wording.joined((booking.address, wording.place_name(booking.city, booking.district, locale)), locale)

    return {"place": place, "client": lambda locale, *_: wording.person_name(client.name, locale), "phone": client.phone or ""}


def _answerable(session: Session, offer: Offer, now: datetime, statuses: tuple[str, ...], *, any_time: bool = False) -> Booking:
    booking = locked(session, Booking, offer.booking_id)
    session.refresh(offer)
    late = offer.status == "open" and offer.deadline <= now and not any_time
    if booking is None or booking.status != "offered" or offer.status not in statuses or late:
        raise DomainError("no_offer", status=offer.status)
    return booking


def _asked(session: Session, booking: Booking) -> set[int]:
    """Technicians who were asked about this booking at this time."""
    return set(session.scalars(select(Offer.technician_id).where(Offer.booking_id == booking.id, Offer.start == booking.start)))


def _drop_counter(session: Session, offer: Offer, status: str) -> None:
    for row in session.scalars(select(Proposal).where(Proposal.kind == "counter_offer", Proposal.status == "open")):
        if row.args.get("offer_id") == offer.id:
            row.status = status


def _deadline(market: Market, booking: Booking, now: datetime) -> datetime:
    """The rule's minutes from now; at night, for a job that is not soon, counted from the morning."""
    morning = quiet_until(now, market.rules.quiet_hours)
    can_wait = morning is not None and booking.start - now > SOON and booking.start - morning > timedelta(hours=1)
    return rules_deadline(morning if morning is not None and can_wait else now, booking.start, market.rules, booking.urgency)


def _event(session: Session, booking: Booking, event: str, actor: str, now: datetime, data: dict[str, Any] | None = None) -> None:
    session.add(BookingEvent(booking_id=booking.id, event=event, actor=actor, at=now, data=data or {}))


def _slot_words(slot: dict[str, Any], locale: str, now: datetime) -> str:
    return f"{wording.format_when(slot['start'], locale, now)}, {wording.person_name(slot['technician'], locale)}"
