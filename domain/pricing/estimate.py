"""Prices a described job: from a technician's rate or the service's usual one to min, likely and max, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from domain.errors import DomainError
from domain.files import read_yaml
from domain.rules import MarketRules

ONE = Decimal(1)
#: (low, likely, high) around the rate of a usual small job, when nothing finer is known.
USUAL_FACTOR = (Decimal("0.85"), ONE, Decimal("1.4"))
#: Each further piece (tap, socket, room) costs this share of the first: the way and the tools are paid once.
FURTHER_PIECE = Decimal("0.7")
MOST_PIECES = 50
#: A technician's own price for the same job stays within these of the quote's baseline (systems.md 0.5, item 2).
LOWEST, HIGHEST = Decimal("-0.20"), Decimal("0.30")
#: What short notice really costs a technician: dropping other work. Never the client's mood, never who they are.
SHORT_NOTICE = timedelta(hours=2)
UPLIFTS = {"emergency": Decimal("0.25"), "short_notice": Decimal("0.10")}


@dataclass(frozen=True)
class Line:
    """`label` is a code (prompts/replies words it): visit, more_pieces, harder_job, simpler_job, emergency, short_notice."""

    label: str
    mad: Decimal


@dataclass(frozen=True)
class Estimate:
    """MAD, multiples of 5. min <= likely <= max; the breakdown adds up to `likely_mad` exactly.

    `uplift_pct`: 0..30, said before consent. `base_mad` is the likely price without it.
    """

    min_mad: Decimal
    likely_mad: Decimal
    max_mad: Decimal
    base_mad: Decimal
    uplift_pct: int
    breakdown: tuple[Line, ...]
    model_version: str = "rule-1"


def estimate(
    rate_mad: Decimal,
    rules: MarketRules,
    *,
    factor: tuple[Decimal | float, Decimal | float, Decimal | float] = USUAL_FACTOR,
    quantity: int = 1,
    urgency: str = "normal",
    start: datetime | None = None,
    now: datetime | None = None,
) -> Estimate:
    """The price of a job whose usual small form costs `rate_mad` (> 0), times the job's own (low, likely, high) `factor`.

    The uplift is for an emergency, or a start within two hours of `now`; the larger one counts and the rules cap it at 30 %.
    Raises DomainError bad_amount for a rate that is not positive, or pieces outside 1..50.
    """
    if rate_mad <= 0:
        raise DomainError("bad_amount", amount_mad=float(rate_mad))
    if not 1 <= quantity <= MOST_PIECES:
        raise DomainError("bad_amount", quantity=quantity, most=MOST_PIECES)
    low, likely, high = (Decimal(str(f)) for f in factor)
    pieces = ONE + FURTHER_PIECE * (quantity - 1)
    reason, share = uplift(rules, urgency, start, now)
    base = rounded(rate_mad * likely * pieces)
    extra = _rounded_down(base * share) if share else Decimal(0)
    total = base + extra
    lines = [Line("visit", rounded(rate_mad))]
    if quantity > 1:
        lines.append(Line("more_pieces", rounded(rate_mad * pieces) - lines[0].mad))
    if difference := base - sum(line.mad for line in lines):
        lines.append(Line("harder_job" if difference > 0 else "simpler_job", difference))
    if extra:
        lines.append(Line(reason, extra))
    lowest = min(total, rounded(rate_mad * low * pieces) + extra)
    highest = max(total, rounded(rate_mad * high * pieces * (ONE + share)))
    return Estimate(lowest, total, highest, base, int(share * 100) if extra else 0, tuple(lines))


def uplift(rules: MarketRules, urgency: str, start: datetime | None, now: datetime | None) -> tuple[str, Decimal]:
    """(label, share 0..0.30) of what hurry adds; ("", 0) for none."""
    reason = ""
    if urgency == "emergency":
        reason = "emergency"
    elif start is not None and now is not None and start < now + SHORT_NOTICE:
        reason = "short_notice"
    return reason, min(UPLIFTS.get(reason, Decimal(0)), rules.emergency_uplift_max, HIGHEST)


def baseline(service: str) -> Decimal:
    """The usual price of a small job, MAD. Raises DomainError unknown_service."""
    if service not in baselines():
        raise DomainError("unknown_service", service=service)
    return baselines()[service]


def checked_change(amount_mad: Decimal, quoted_mad: Decimal) -> Decimal:
    """A price a technician asks for a quoted job. Raises DomainError bad_amount (lowest, highest) when it is not a price at all.

    Within -20 %..+30 % of the quote the client only has to agree; `needs_person` says when somebody must look first.
    """
    if not Decimal(0) < amount_mad <= quoted_mad * 10:
        raise DomainError("bad_amount", amount_mad=float(amount_mad), lowest=1, highest=float(quoted_mad * 10))
    return amount_mad.quantize(Decimal("0.01"))


def needs_person(amount_mad: Decimal, quoted_mad: Decimal) -> bool:
    """Whether a changed price leaves the bounds of systems.md 0.5 (item 2): -20 %..+30 % of the quote."""
    return not quoted_mad * (ONE + LOWEST) <= amount_mad <= quoted_mad * (ONE + HIGHEST)


def rounded(amount: Decimal) -> Decimal:
    """To the nearest 5 MAD below 500, else 10; at least 5: the coins people have."""
    step = _step(amount)
    return max(step, (amount / step).quantize(ONE, ROUND_HALF_UP) * step)


def rounded_between(amount: Decimal, lowest: Decimal, highest: Decimal) -> Decimal:
    """`amount` in coins, inside lowest..highest even after rounding; there must be coins in between."""
    found = rounded(amount)
    if found > highest:
        return _rounded_down(highest)
    if found < lowest:
        step = _step(lowest)
        return (lowest / step).quantize(ONE, ROUND_CEILING) * step
    return found


def _rounded_down(amount: Decimal) -> Decimal:
    step = _step(amount)
    return (amount / step).quantize(ONE, ROUND_DOWN) * step


def _step(amount: Decimal) -> Decimal:
    return Decimal(5) if amount < 500 else Decimal(10)


@cache
def baselines() -> Mapping[str, Decimal]:
    """Service -> usual price of a small job, MAD: every service we price."""
    data = read_yaml(Path(__file__).parent / "baselines.yaml")
    return {service: Decimal(str(mad)) for service, mad in data.items()}
