"""Finds the booking a person means among their own; anybody else's does not exist for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from domain.errors import DomainError, NotFound
from domain.store.tables import Booking
from tools.turn import Turn
from tools.views import job, local, technician_job

LIVE = ("offered", "confirmed", "en_route", "arrived")
PAST = ("done", "closed", "expired", "cancelled", "disputed")
_DIGITS = re.compile(r"\d{1,8}")


def clients_booking(turn: Turn, ref: str | None, fitting: Sequence[str]) -> Booking:
    """The client's booking by ref, else their only one whose status is `fitting`.

    Raises `no_booking` (also for somebody else's ref: both look the same) or `which_booking` with the candidates.
    The row is locked, so that two turns cannot move or refund it at once.
    """
    mine = select(Booking).where(Booking.client_id == turn.client_id)
    if ref:
        found = turn.session.scalars(_locked(mine.where(Booking.ref == canonical(ref)))).first()
        if found is None:
            raise NotFound("no_booking")
        return found
    found_all = turn.session.scalars(_locked(mine.where(Booking.status.in_(fitting)).order_by(Booking.start, Booking.id))).all()
    if not found_all:
        raise NotFound("no_booking")
    if len(found_all) > 1:
        raise DomainError("which_booking", bookings=[job(b) for b in found_all[:10]])
    return found_all[0]


def technicians_booking(turn: Turn, ref: str | None, fitting: Sequence[str]) -> Booking:
    """A job entrusted to this technician, by ref or the only fitting one; today's or the soonest wins over later ones without a ref."""
    mine = select(Booking).where(
        Booking.technician_id == turn.technician_id, Booking.status.in_(("confirmed", "en_route", "arrived", "done", "closed", "disputed"))
    )
    if ref:
        found = turn.session.scalars(_locked(mine.where(Booking.ref == canonical(ref)))).first()
        if found is None:
            raise NotFound("no_booking")
        return found
    found_all = turn.session.scalars(_locked(mine.where(Booking.status.in_(fitting)).order_by(Booking.start, Booking.id))).all()
    if not found_all:
        raise NotFound("no_booking")
    under_way = [b for b in found_all if b.status in ("en_route", "arrived")]
    today = [b for b in found_all if b.start_local[:10] <= _today(turn)]
    for narrowed in (under_way, today, found_all):
        if len(narrowed) == 1:
            return narrowed[0]
    raise DomainError("which_booking", bookings=[technician_job(b, turn.technician_id) for b in found_all[:10]])


def by_ref(session: Session, ref: str) -> Booking | None:
    return session.scalars(select(Booking).where(Booking.ref == canonical(ref))).first()


def canonical(ref: str) -> str:
    """ "br 1042", "#1042" and "BR-1042" are one reference; other words come back upper-cased and match nothing."""
    digits = _DIGITS.findall(ref)
    return f"BR-{digits[0]}" if len(digits) == 1 else ref.strip().upper()[:12]


def _today(turn: Turn) -> str:
    return local(turn.now)[:10]


def _locked(query: Select[Booking]) -> Select[Booking]:
    return query.with_for_update(of=Booking)
