"""A quote is an estimate that somebody stands by: until when, under which terms, inside which bounds, and what could be had instead."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.errors import DomainError
from domain.pricing.estimate import HIGHEST, LOWEST, ONE, Estimate, Line
from domain.rules import MarketRules

MOST_ALTERNATIVES = 3
AMOUNTS, TIMES, PLAIN = ("mad", "min_mad", "max_mad"), ("made_at", "valid_until"), ("id", "technician_id", "uplift_pct", "model_version")


@dataclass(frozen=True)
class Breach:
    """`kind`: too_low, too_high, uplift_too_high, sum, range, expired_at_birth. `value` breaks `limit`."""

    kind: str
    limit: Decimal
    value: Decimal


@dataclass(frozen=True)
class Alternative:
    """`label`: without_hurry (the same job when it may wait), cheaper_technician. Never dearer than the quote."""

    label: str
    mad: Decimal
    technician_id: int | None = None


@dataclass(frozen=True)
class Quote:
    """What is read to the client before they agree. MAD; the lines add up to `mad`; `terms`: codes that prompts/replies words.

    `uplift_pct` 0..30 is said before consent: the term `uplift` goes with it.
    """

    id: str
    technician_id: int | None
    mad: Decimal
    min_mad: Decimal
    max_mad: Decimal
    uplift_pct: int
    breakdown: tuple[Line, ...]
    made_at: datetime
    valid_until: datetime
    terms: tuple[str, ...]
    model_version: str


def make_quote(
    estimate: Estimate,
    technician_id: int | None,
    now: datetime,
    rules: MarketRules,
    *,
    valid_min: int | None = None,
    baseline_mad: Decimal | None = None,
) -> Quote:
    """A quote that holds for `valid_min` minutes (default: a proposal's). The same offer at the same second has the same id.

    `baseline_mad`: the rule's price before any offset. Raises DomainError bad_amount (breach, limit) for what breaks a guardrail.
    """
    minutes = rules.proposal_valid_minutes if valid_min is None else valid_min
    found = check_guardrails(estimate, baseline_mad if baseline_mad is not None else estimate.base_mad)
    if minutes <= 0:
        found = (*found, Breach("expired_at_birth", ONE, Decimal(minutes)))
    if found:
        raise DomainError("bad_amount", breach=found[0].kind, limit=float(found[0].limit), amount_mad=float(estimate.likely_mad))
    text = f"{technician_id}|{estimate.likely_mad}|{estimate.min_mad}|{estimate.max_mad}|{estimate.model_version}|{now.isoformat()}"
    terms = ("range", *(("uplift",) if estimate.uplift_pct else ()), "beyond_range_asks_again")
    return Quote(
        id="Q-" + hashlib.sha256(text.encode()).hexdigest()[:10].upper(),
        technician_id=technician_id,
        mad=estimate.likely_mad,
        min_mad=estimate.min_mad,
        max_mad=estimate.max_mad,
        uplift_pct=estimate.uplift_pct,
        breakdown=estimate.breakdown,
        made_at=now,
        valid_until=now + timedelta(minutes=minutes),
        terms=terms,
        model_version=estimate.model_version,
    )


def held(quote: Quote, now: datetime) -> Quote:
    """The quote, while it holds. Raises DomainError proposal_gone afterwards: make another one."""
    if not quote.made_at <= now < quote.valid_until:
        raise DomainError("proposal_gone", quote=quote.id)
    return quote


def stored(quote: Quote) -> dict[str, Any]:
    """As JSON holds it; `restored` is the way back."""
    lines = [[line.label, str(line.mad)] for line in quote.breakdown]
    amounts = {name: str(getattr(quote, name)) for name in AMOUNTS}
    times = {name: getattr(quote, name).isoformat() for name in TIMES}
    rest = {name: getattr(quote, name) for name in PLAIN}
    return {**rest, **amounts, **times, "breakdown": lines, "terms": list(quote.terms)}


def restored(kept: Mapping[str, Any]) -> Quote:
    """Raises KeyError for what is no stored quote."""
    found: dict[str, Any] = {name: kept[name] for name in PLAIN}
    found |= {name: Decimal(kept[name]) for name in AMOUNTS} | {name: datetime.fromisoformat(kept[name]) for name in TIMES}
    lines = tuple(Line(label, Decimal(mad)) for label, mad in kept["breakdown"])
    return Quote(**found, breakdown=lines, terms=tuple(kept["terms"]))


def check_guardrails(estimate: Estimate, baseline_mad: Decimal) -> tuple[Breach, ...]:
    """Every bound that an estimate breaks against the rule's price for the same technician and job, before hurry (systems.md 0.5, items 1 and 2)."""
    lowest, highest = baseline_mad * (ONE + LOWEST), baseline_mad * (ONE + HIGHEST)
    lines = sum((line.mad for line in estimate.breakdown), Decimal(0))
    uplift = estimate.likely_mad - estimate.base_mad
    ordered = Decimal(0) < estimate.min_mad <= estimate.likely_mad <= estimate.max_mad
    broken = {
        "too_low": (estimate.base_mad < lowest, lowest, estimate.base_mad),
        "too_high": (estimate.base_mad > highest, highest, estimate.base_mad),
        "uplift_too_high": (uplift > estimate.base_mad * HIGHEST, estimate.base_mad * HIGHEST, uplift),
        "sum": (lines != estimate.likely_mad, estimate.likely_mad, lines),
        "range": (not ordered, estimate.likely_mad, estimate.min_mad),
    }
    return tuple(Breach(kind, limit, value) for kind, (wrong, limit, value) in broken.items() if wrong)


def alternatives(estimate: Estimate, others: Mapping[int, Estimate] | None = None) -> tuple[Alternative, ...]:
    """What costs less, cheapest first, at most three: the same visit without hurry, and `others` (technician -> their estimate) below the quote."""
    found = [Alternative("cheaper_technician", e.likely_mad, who) for who, e in (others or {}).items() if e.likely_mad < estimate.likely_mad]
    if estimate.base_mad < estimate.likely_mad:
        found.append(Alternative("without_hurry", estimate.base_mad))
    return tuple(sorted(found, key=lambda a: (a.mad, a.technician_id or 0))[:MOST_ALTERNATIVES])
