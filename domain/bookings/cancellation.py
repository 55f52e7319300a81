"""What cancelling costs and gives back; the money side of changing one's mind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.bookings.states import Actor, transition
from domain.rules import MarketRules

ZERO = Decimal(0)
#: After this long past the promised start with nobody there, the technician did not come: the client owes nothing.
NO_SHOW_AFTER = timedelta(minutes=60)


@dataclass(frozen=True)
class CancelOutcome:
    """MAD. `fee_mad` is what the client owes, `refund_mad` what comes back of a prepayment; both >= 0, together never above what matters:
    refund_mad <= paid, and refund_mad = 0 where nothing was paid."""

    fee_mad: Decimal
    refund_mad: Decimal
    late: bool


def cancellation(
    *, status: str, start: datetime, now: datetime, rules: MarketRules, paid_mad: Decimal = ZERO, refunded_mad: Decimal = ZERO, by: Actor = "client"
) -> CancelOutcome:
    """The outcome of cancelling now. Free until `free_cancellation_until_hours_before` the start, inclusive; later a fee, kept from a prepayment.

    Nobody pays a fee when a technician or support cancels, when no technician has promised yet, or when the technician did not come.
    Raises DomainError not_allowed_now.
    """
    transition(status, "cancel", by)
    free_until = start - timedelta(hours=rules.free_cancellation_until_hours_before)
    late = by == "client" and status != "offered" and now > free_until and not no_show(status, start, now)
    fee = rules.late_cancellation_fee_mad if late else ZERO
    return CancelOutcome(fee, max(ZERO, paid_mad - fee - refunded_mad), late)


def no_show(status: str, start: datetime, now: datetime) -> bool:
    """Whether a promised visit is over without a sign of the technician having arrived."""
    return status in ("confirmed", "en_route") and now >= start + NO_SHOW_AFTER
