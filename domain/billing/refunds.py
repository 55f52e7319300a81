"""Whether money comes back, how much, and when a person must decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.bookings.cancellation import ZERO, no_show
from domain.bookings.states import VISITED
from domain.errors import DomainError
from domain.rules import MarketRules


@dataclass(frozen=True)
class Paid:
    """The money side of one booking, MAD. `refunded_mad`: every refund that is not refused, also those still waiting for a person."""

    status: str
    start: datetime
    paid_mad: Decimal = ZERO
    fee_mad: Decimal = ZERO  # kept for a late cancellation
    refunded_mad: Decimal = ZERO
    cancelled_by: str | None = None

    @property
    def left_mad(self) -> Decimal:
        """The most that may still come back: never more than was paid."""
        return max(ZERO, self.paid_mad - self.refunded_mad)


@dataclass(frozen=True)
class Decision:
    """`rule` names why (prompts/replies words it). `eligible` False with `needs_human`: no rule gives it, a person may."""

    eligible: bool
    amount_mad: Decimal
    rule: str
    needs_human: bool


def refund_eligibility(booking: Paid, now: datetime, rules: MarketRules) -> Decision:
    """What comes back of a booking's money now.

    Rules: cancelled_in_time, cancelled_late (paid less the fee), technician_cancelled, nobody_came (expired), technician_no_show;
    not: nothing_paid, already_refunded, fee_keeps_it, cancel_first (a live job: cancelling says what comes back), job_done (a person decides).
    """
    if booking.paid_mad <= 0:
        return Decision(False, ZERO, "nothing_paid", booking.status in VISITED)
    if booking.left_mad == 0:
        return Decision(False, ZERO, "already_refunded", False)
    if booking.status in VISITED:
        return Decision(False, ZERO, "job_done", True)
    if booking.status == "expired":
        return _given(booking, booking.left_mad, "nobody_came", rules)
    if booking.status == "cancelled":
        if booking.cancelled_by in ("technician", "support", "system"):
            return _given(booking, booking.left_mad, "technician_cancelled", rules)
        left = max(ZERO, booking.paid_mad - booking.fee_mad - booking.refunded_mad)
        if not left:
            return Decision(False, ZERO, "already_refunded" if booking.refunded_mad else "fee_keeps_it", False)
        return _given(booking, left, "cancelled_late" if booking.fee_mad else "cancelled_in_time", rules)
    if no_show(booking.status, booking.start, now):
        return _given(booking, booking.left_mad, "technician_no_show", rules)
    return Decision(False, ZERO, "cancel_first", False)


def checked_amount(decision: Decision, asked_mad: Decimal | None) -> Decimal:
    """How much to give back: all that the decision allows, or less when less is asked.

    Raises DomainError bad_amount (most) for nothing, less than nothing or more than the decision; not_refundable / already_refunded (rule).
    """
    if not decision.eligible:
        code = "already_refunded" if decision.rule == "already_refunded" else "not_refundable"
        raise DomainError(code, rule=decision.rule, needs_human=decision.needs_human)
    if asked_mad is None:
        return decision.amount_mad
    if not ZERO < asked_mad <= decision.amount_mad:
        raise DomainError("bad_amount", amount_mad=float(asked_mad), most=float(decision.amount_mad))
    return asked_mad.quantize(Decimal("0.01"))


def first_status(amount_mad: Decimal, refunded_mad: Decimal, rules: MarketRules) -> str:
    """The state a new refund row starts in: `approved`, or `requested` when a person decides."""
    return "requested" if above_limit(amount_mad, refunded_mad, rules) else "approved"


def above_limit(amount_mad: Decimal, refunded_mad: Decimal, rules: MarketRules) -> bool:
    """The limit counts what one booking gave back before: two small refunds are one large one."""
    return amount_mad + refunded_mad > rules.refund_without_a_person_up_to_mad


def _given(booking: Paid, amount: Decimal, rule: str, rules: MarketRules) -> Decision:
    return Decision(True, amount, rule, above_limit(amount, booking.refunded_mad, rules))
