"""Who is asked, in which order, and how long each may think: the cascade of offers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from math import prod

from domain.rules import MarketRules

#: An emergency cannot wait a quarter of an hour for one technician's answer.
EMERGENCY_MINUTES = 5
_AT_LEAST = timedelta(minutes=3)
_MUST_LEAVE_BY = timedelta(minutes=15)  # before the start: later, a yes comes too late to be kept
#: From this risk that nobody says yes, the client hears it before agreeing.
WARN_FROM = 0.30


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


def asks_left(now: datetime, start: datetime, rules: MarketRules, urgency: str = "normal", asked: int = 0) -> int:
    """How many technicians can still be asked one after the other, each with the full time to think; one more where any may be asked at all."""
    fit = (start - _MUST_LEAVE_BY - now) // timedelta(minutes=answer_minutes(rules, urgency))
    return max(0, min(rules.offers_at_most - asked, max(1, fit)))


def cascade(ranked: Sequence[int], yes: Sequence[float], worth: Sequence[float], asks: int) -> list[int]:
    """`ranked` in the order that is worth most: `yes` is each one's chance of accepting in time, `worth` >= 0 what their coming is worth.

    Sorted by p w / (1 - b (1 - p)), b = 1 - 1 / asks being the chance that another may be asked after a no: best expected worth of all orders
    (an exchange of neighbours; Weitzman 1979). With one ask left that is p w; with many it nears w alone. Ties keep their order.
    """
    again = 1 - 1 / max(1, asks)
    value = {who: p * w / max(1e-12, 1 - again * (1 - p)) for who, p, w in zip(ranked, yes, worth, strict=True)}
    return sorted(ranked, key=lambda who: -value[who])


def no_response_risk(yes: Sequence[float], asks: int) -> float:
    """Chance, 0..1, that none of the first `asks` technicians says yes in time, each deciding alone; 1 where nobody can be asked."""
    return prod(1 - p for p in yes[: max(0, asks)])
