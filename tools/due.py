"""Does what time asks for: a query finds it, so nothing due can be lost, and doing it twice changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from domain.bookings.states import transition
from domain.engagement.quiet import quiet_until
from domain.store import predictions, web_photos
from domain.store.erasure import forget_addresses
from domain.store.sql import locked
from domain.store.tables import Booking, Hold, Offer, Proposal, Technician, VerificationCode
from tools import dispatch, notify
from tools.context import Market
from tools.technician.jobs import ask_rating

log = logging.getLogger(__name__)

#: A reminder leaves this long before the visit; a visit booked later than that needs none.
REMIND_BEFORE = timedelta(hours=2)
#: Without stars or a complaint a finished job is closed after this long.
CLOSE_AFTER = timedelta(hours=48)


def run_due(market: Market) -> int:
    """Everything that is due at the market clock's present; returns how many things were done. Safe to run twice, and from two processes."""
    now = market.clock.now()
    done = 0
    for step in (_offers, _counter_offers, _proposals, _reminders, _ratings, _close, _back_to_work, _codes, _erased, _stray_photos):
        done += _each(market, step, now)
    return done


def _each(market: Market, step: Callable[[Session, Market, datetime], int], now: datetime) -> int:
    """One step may fail without holding back the others; what it left is due again at the next run."""
    try:
        with market.db.transaction() as session:
            return step(session, market, now)
    except Exception:
        log.exception("due work %s failed", step.__name__)
        return 0


def _offers(session: Session, market: Market, now: datetime) -> int:
    late = select(Offer.id).where(Offer.status == "open", Offer.deadline <= now).order_by(Offer.deadline, Offer.id)
    done = 0
    for offer_id in session.scalars(late).all():
        offer = locked(session, Offer, offer_id)
        if offer is not None and offer.status == "open":
            dispatch.deadline_passed(session, market, offer, now)
            done += 1
    return done


def _counter_offers(session: Session, market: Market, now: datetime) -> int:
    """A client who does not answer a counter-offer keeps the wish for the first time: the next technician is asked."""
    done = 0
    stale = select(Proposal).where(Proposal.kind == "counter_offer", Proposal.status == "open", Proposal.expires_at <= now).order_by(Proposal.id)
    for row in session.scalars(stale).all():
        row.status = "expired"
        offer = session.get(Offer, row.args["offer_id"])
        if offer is not None:
            dispatch.refuse_counter(session, market, offer, now)
        done += 1
    return done


def _proposals(session: Session, market: Market, now: datetime) -> int:
    session.execute(delete(Hold).where(Hold.until <= now))
    stale = update(Proposal).where(Proposal.status == "open", Proposal.expires_at <= now).values(status="expired")
    return int(session.execute(stale).rowcount)  # type: ignore[attr-defined]


def _reminders(session: Session, market: Market, now: datetime) -> int:
    """Two hours before; a visit whose reminder would fall into the night is reminded the evening before."""
    soon = select(Booking).where(
        Booking.status == "confirmed", Booking.reminded_at.is_(None), Booking.start > now, Booking.start <= now + timedelta(hours=16)
    )
    done = 0
    for booking in session.scalars(soon.order_by(Booking.start, Booking.id)).all():
        due = booking.start - REMIND_BEFORE
        if quiet_until(due, market.rules.quiet_hours):
            due = _evening_before(due, market)
        if now < due:
            continue
        booking.reminded_at = now
        if booking.created_at <= due and not quiet_until(now, market.rules.quiet_hours):
            unique = f"reminder:{booking.id}:{booking.start_local}"
            notify.to_client(session, booking, "reminder", now=now, unique=unique, category="reminder")
            done += 1
    return done


def _evening_before(due: datetime, market: Market) -> datetime:
    """The last quarter of an hour before quiet time, on the evening the night began."""
    step = timedelta(minutes=15)
    while quiet_until(due, market.rules.quiet_hours):
        due -= step
    return due


def _ratings(session: Session, market: Market, now: datetime) -> int:
    """Jobs that were finished by somebody else than their technician (the desk): the client is asked once, by day."""
    if quiet_until(now, market.rules.quiet_hours):
        return 0
    unasked = select(Booking).where(Booking.status == "done", Booking.rating_asked_at.is_(None), Booking.start <= now).order_by(Booking.id)
    rows = session.scalars(unasked).all()
    for booking in rows:
        ask_rating(session, booking, now)
    return len(rows)


def _close(session: Session, market: Market, now: datetime) -> int:
    old = select(Booking).where(Booking.status == "done", Booking.rating_asked_at <= now - CLOSE_AFTER).order_by(Booking.id)
    rows = session.scalars(old).all()
    for booking in rows:
        booking.status = transition(booking.status, "close", "system")
        predictions.closed(session, booking, now)
    return len(rows)


def _back_to_work(session: Session, market: Market, now: datetime) -> int:
    back = update(Technician).where(Technician.unavailable_until <= now).values(available=True, unavailable_until=None)
    return int(session.execute(back).rowcount)  # type: ignore[attr-defined]


def _codes(session: Session, market: Market, now: datetime) -> int:
    """The hash of a code that can no longer be used is of no use to anybody."""
    old = VerificationCode.expires_at <= now - timedelta(hours=1)
    stale = update(VerificationCode).where(old, VerificationCode.code_hash != "").values(code_hash="")
    return int(session.execute(stale).rowcount)  # type: ignore[attr-defined]


def _erased(session: Session, market: Market, now: datetime) -> int:
    return forget_addresses(session)


def _stray_photos(session: Session, market: Market, now: datetime) -> int:
    return web_photos.drop_stray(session, now)
