"""What a technician keeps of each job, and their statement of a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from domain.rules import MarketRules

#: No setting takes more of a job than this (systems.md 0.5, item 3).
COMMISSION_CAP = Decimal("0.30")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Statement:
    """MAD of a month ("YYYY-MM"); net = gross - commission, exactly."""

    month: str
    jobs: int
    gross_mad: Decimal
    commission_mad: Decimal
    net_mad: Decimal


def commission(amount_mad: Decimal, rules: MarketRules) -> Decimal:
    """The marketplace's share of one job, to the cent; 0 for nothing paid."""
    share = min(max(rules.commission, Decimal(0)), COMMISSION_CAP)
    return (max(amount_mad, Decimal(0)) * share).quantize(CENT, ROUND_HALF_UP)


def earning(amount_mad: Decimal, rules: MarketRules) -> Decimal:
    """What the technician keeps of one job: said in the offer, before they agree."""
    return amount_mad - commission(amount_mad, rules)


def statement(month: str, amounts_mad: Iterable[Decimal], rules: MarketRules) -> Statement:
    """The month's statement over the final amounts of its done jobs; commission is rounded per job, as each was told."""
    amounts = list(amounts_mad)
    gross = sum(amounts, Decimal(0))
    taken = sum((commission(amount, rules) for amount in amounts), Decimal(0))
    return Statement(month, len(amounts), gross, taken, gross - taken)
