"""Writes refunds: never more than was paid, all told; small ones at once, large ones for a person to decide."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.errors import DomainError
from domain.store.sql import locked
from domain.store.tables import Booking, BookingEvent, Refund
from prompts import wording
from tools import notify
from tools.handover import escalate
from tools.turn import Turn
from tools.views import mad

ZERO = Decimal(0)
number = mad


def refunded(session: Session, booking_id: int) -> Decimal:
    """MAD that went back or is asked for; only refused refunds do not count."""
    total = session.scalar(select(func.sum(Refund.amount_mad)).where(Refund.booking_id == booking_id, Refund.status != "refused"))
    return Decimal(str(total)) if total is not None else ZERO


def pay_back(turn: Turn, booking: Booking, amount: Decimal, *, rule: str, reason: str | None, needs_human: bool | None = None) -> dict[str, Any]:
    """One refund row: approved up to the limit of the rules, else requested and handed to a person.

    The last gate before money moves: raises `bad_amount` or `already_refunded` whatever the caller believed.
    """
    left = booking.paid_mad - refunded(turn.session, booking.id)
    if left <= 0:
        raise DomainError("already_refunded", ref=booking.ref)
    if amount <= 0 or amount > left:
        raise DomainError("bad_amount", ref=booking.ref, max_mad=mad(left))
    if needs_human is None:
        # the limit is for the booking as a whole: several small refunds are one large one
        needs_human = refunded(turn.session, booking.id) + amount > turn.rules.refund_without_a_person_up_to_mad
    row = Refund(
        booking_id=booking.id, amount_mad=amount, status="requested" if needs_human else "approved", rule=rule, reason=reason, created_at=turn.now
    )
    turn.session.add(row)
    turn.session.add(
        BookingEvent(booking_id=booking.id, event=f"refund_{row.status}", actor="client", at=turn.now, data={"mad": str(amount), "rule": rule})
    )
    turn.session.flush()
    result: dict[str, Any] = {"refund": {"ref": booking.ref, "amount_mad": mad(amount), "status": row.status}}
    if needs_human:
        note = f"{booking.ref}: {mad(amount)} MAD, {rule}"
        escalate(turn.session, turn.context.conversation_id, "refund", now=turn.now, note=note, booking_id=booking.id)
        result["escalated"] = True
    return result


def decide(session: Session, refund_id: int, *, approve: bool, by: str, now: datetime) -> Refund | None:
    """A person's decision on a refund above the bot's limit, once, and its notice to the client; None when it waits for none."""
    row = locked(session, Refund, refund_id)
    if row is None or row.status != "requested":
        return None
    row.status = "approved" if approve else "refused"
    data = {"mad": str(row.amount_mad), "by": by}
    session.add(BookingEvent(booking_id=row.booking_id, event=f"refund_{row.status}", actor="support", at=now, data=data))
    amount = row.amount_mad
    words = {"amount": lambda locale, *_: wording.format_money(amount, locale)}
    objection = () if approve else (("talk_to_person", "go:human"),)
    notify.to_client(session, row.booking, f"refund_{row.status}", now=now, unique=f"refund:{row.id}:decided", words=words, choices=objection)
    session.flush()
    return row
