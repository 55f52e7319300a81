"""The marketplace's own numbers, in one place; a world file or the settings may change them, no prompt can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class MarketRules:
    """Money in MAD, times in hours or minutes as named, shares in 0..1."""

    commission: Decimal = Decimal("0.12")
    free_cancellation_until_hours_before: float = 2
    late_cancellation_fee_mad: Decimal = Decimal(50)
    refund_without_a_person_up_to_mad: Decimal = Decimal(200)
    offer_answer_minutes: int = 15
    emergency_uplift_max: Decimal = Decimal("0.30")
    rating_credit_mad: Decimal = Decimal(50)
    quiet_hours: str = "21:00-08:00"  # local; for anything not about a live job
    proposal_valid_minutes: int = 60
    offers_at_most: int = 5  # technicians asked one after the other before the booking expires
    book_ahead_days: int = 60
    code_valid_minutes: int = 10
    code_attempts: int = 5
    codes_per_hour: int = 3
    # minutes within which a person at the desk answers, by the priority of the case
    desk_minutes_urgent: int = 2
    desk_minutes_high: int = 10
    desk_minutes_normal: int = 30
    desk_minutes_low: int = 120

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> MarketRules:
        """Rules from a world file's `rules:`; an unknown name is refused."""
        known = {f.name: f for f in fields(cls)}
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"unknown rule {unknown[0]!r}; known: {', '.join(known)}")
        defaults = cls()
        read: dict[str, Any] = {k: Decimal(str(v)) if isinstance(getattr(defaults, k), Decimal) else v for k, v in values.items()}
        return cls(**read)
