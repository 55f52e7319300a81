"""Says in which order people at the desk should take cases, and by when each wants an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from domain.rules import MarketRules

Clock = Literal["ok", "soon", "late", "quiet"]

WEIGHT = {"low": 0.0, "normal": 1.0, "high": 2.0, "urgent": 4.0}
FRUSTRATION_WEIGHT = 1.5  # a furious person stands above a calm one of the next priority
MONEY_WEIGHT, MUCH_MONEY_MAD = 1.0, Decimal(1000)
SOON = 0.75  # of the time is over
READ_BACK = 5  # messages that tell how somebody feels now


@dataclass(frozen=True)
class Waiting:
    """One open case. `since`: when the person began to wait for an answer of ours, None while nobody waits. `frustration` 0..1."""

    id: int
    reason: str
    priority: str
    opened: datetime
    since: datetime | None
    frustration: float = 0.0
    money_mad: Decimal = Decimal(0)


def ordered(cases: Sequence[Waiting], now: datetime, rules: MarketRules) -> list[Waiting]:
    """Danger first, always; then by pressure, then who came first. The order is total: the same cases give the same list."""
    return sorted(cases, key=lambda c: (c.reason != "danger", -pressure(c, now, rules), c.opened, c.id))


def pressure(case: Waiting, now: datetime, rules: MarketRules) -> float:
    """Priority, frustration, money and waiting, added up.

    Waiting counts in multiples of the case's own deadline and has no ceiling: nobody starves.
    """
    waited = (now - case.since) / answer_within(case.priority, rules) if case.since else 0.0
    money = float(min(max(case.money_mad, Decimal(0)) / MUCH_MONEY_MAD, Decimal(1)))
    return WEIGHT.get(case.priority, 1.0) + FRUSTRATION_WEIGHT * case.frustration + MONEY_WEIGHT * money + max(waited, 0.0)


def answer_within(priority: str, rules: MarketRules) -> timedelta:
    minutes = {"urgent": rules.desk_minutes_urgent, "high": rules.desk_minutes_high, "low": rules.desk_minutes_low}
    return timedelta(minutes=minutes.get(priority, rules.desk_minutes_normal))


def due(case: Waiting, rules: MarketRules) -> datetime | None:
    """By when the person should have an answer; None while nobody waits."""
    return case.since + answer_within(case.priority, rules) if case.since else None


def clock(case: Waiting, now: datetime, rules: MarketRules) -> Clock:
    if case.since is None:
        return "quiet"
    share = (now - case.since) / answer_within(case.priority, rules)
    return "late" if share >= 1 else "soon" if share >= SOON else "ok"


def frustration(readings: Sequence[Mapping[str, Any] | None]) -> float:
    """0..1 from `Understanding.to_dict()` of the person's messages, oldest first: the latest five, the newest counting most."""
    latest = [r for r in readings if r][-READ_BACK:]
    weights = range(1, len(latest) + 1)
    return sum(w * _upset(r) for w, r in zip(weights, latest, strict=True)) / sum(weights) if latest else 0.0


def _upset(reading: Mapping[str, Any]) -> float:
    if "abuse" in reading.get("intents", ()):
        return 1.0
    return 0.8 if reading.get("sentiment") == "negative" else 0.0
