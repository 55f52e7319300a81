"""Who is asked, in which order, and how long each may think: the cascade of offers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from domain.rules import MarketRules

#: An emergency cannot wait a quarter of an hour for one technician's answer.
EMERGENCY_MINUTES = 5
_AT_LEAST = timedelta(minutes=3)
_MUST_LEAVE_BY = timedelta(minutes=15)  # before the start: later, a yes comes too late to be kept


def answer_minutes(rules: MarketRules, urgency: str = "normal") -> int:
    """Minutes a technician has to answer: the rule's, at most EMERGENCY_MINUTES in an emergency."""
    return min(rules.offer_answer_minutes, EMERGENCY_MINUTES) if urgency == "emergency" else rules.offer_answer_minutes


def deadline(now: datetime, start: datetime, rules: MarketRules, urgency: str = "normal") -> datetime:
    """When an offer sent now expires: after `answer_minutes`, sooner for a visit that is near, never sooner than three minutes from now."""
    return max(now + _AT_LEAST, min(now + timedelta(minutes=answer_minutes(rules, urgency)), start - _MUST_LEAVE_BY))


def next_to_ask(ranked: Sequence[int], asked: Collection[int], rules: MarketRules) -> int | None:
    """The best technician not asked yet; None when all were, or `offers_at_most` have been."""
    if len(asked) >= rules.offers_at_most:
        return None
    return next((technician for technician in ranked if technician not in asked), None)
