"""Why somebody is worth choosing among those who are shown: what is true of each, and what tells one from the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.matching.rank import REASONS

#: Codes that compare those shown, whoever ranked them: they say nothing of why somebody is in the list.
COMPARED = ("skilled", "cheapest", "soonest", "new_here")
CODES = (*(code for code in REASONS if code != "free_now"), *COMPARED)
TOLD = 2  # more is a form, not a reason
SOONER_H = 0.5  # hours by which one must be free before everybody else
FEW_JOBS = 5


@dataclass(frozen=True)
class Option:
    """One of those shown. `reasons`: codes of the ranking; `price` in MAD; `wait_h`: hours until their next free time, None for none.

    `skilled`: has the special skill that the job asks for.
    """

    reasons: tuple[str, ...]
    price: float | None
    wait_h: float | None
    jobs: int
    skilled: bool = False


def told(options: Sequence[Option]) -> list[tuple[str, ...]]:
    """For each option its reason codes, the first to be told first: what all of them share comes last, as it helps nobody to choose."""
    found = [_true(option, [o for o in options if o is not option]) for option in options]
    every = set.intersection(*map(set, found)) if len(found) > 1 else set()
    return [tuple(sorted(codes, key=lambda code: code in every)) for codes in found]


def _true(option: Option, others: Sequence[Option]) -> list[str]:
    cheapest = _least([option.price, *(o.price for o in others)], 0.0)
    soonest = _least([option.wait_h, *(o.wait_h for o in others)], SOONER_H)
    codes = [code for code in option.reasons if code != "free_now"]  # at work is not yet free, and their next free time is told
    if cheapest:  # says all that "a good price" says
        codes = ["cheapest" if code == "good_price" else code for code in codes]
        codes += ["cheapest"] * ("cheapest" not in codes)
    first = ["skilled"] if option.skilled else []
    found = [*first, *codes, *(["soonest"] if soonest else []), *(["new_here"] if option.jobs < FEW_JOBS else [])]
    return found or ["experienced"]  # how many jobs they did says something of anybody


def _least(values: Sequence[float | None], by: float) -> bool:
    """Whether the first is below every other by more than `by`; an unknown value beats nobody and is beaten by nobody's word."""
    mine, *others = values
    return mine is not None and bool(others) and all(other is not None and mine < other - by for other in others)
