"""Reads the first and the last day of an absence: "from Thursday to Sunday", "mn 26 tal 29", "du 1er au 15 décembre", "demain et après-demain"."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from bot.brain.understanding.entities.date import day_at
from bot.brain.understanding.entities.normalise import MAX_CHARS, Message, clean, lexicon, tokens_of
from domain.clock import to_local
from domain.errors import DomainError
from domain.scheduling.when import resolve

_GLUED = re.compile(r"(?<!\w)و(?=\w{3})")  # Arabic writes "and" onto the day behind it
_ARTICLES = 2  # words between "to" and the last day: "jusqu'à nhar l7ed"


def span_of_days(text: str, now: datetime) -> tuple[date, date] | None:
    """(first, last), both included, or None where the text names no two days with a "to" between, nor two neighbours with an "and".

    Never raises on any text.
    """
    kept = clean(_GLUED.sub("و ", text[:MAX_CHARS]))
    tokens = tokens_of(kept)
    message = Message(kept, tokens, "technician", "date")
    for index in range(len(tokens)):
        opening = _day(message, index, now)
        if not opening:
            continue
        if span := _neighbours(message, opening, now):
            return span
        if not (to := lexicon("dates", "ranges").at(tokens, opening[1])):
            continue
        closing = next((found for at in range(to[1], to[1] + _ARTICLES + 1) if (found := _day(message, at, now, after_to=True))), None)
        if closing and (span := _dated(opening[0], closing[0], now)):
            return span
    return None


def _neighbours(message: Message, opening: tuple[str, int], now: datetime) -> tuple[date, date] | None:
    """ "tomorrow and the day after": of two days with an "and" between, the span is told only where one follows the other."""
    joined = lexicon("numbers", "joiners").at(message.tokens, opening[1])
    starts = range(joined[1], joined[1] + _ARTICLES) if joined else ()
    closing = next((found for at in starts if (found := _day(message, at, now))), None)
    span = _dated(opening[0], closing[0], now) if closing else None
    return span if span and span[1] - span[0] == timedelta(days=1) else None


def _day(message: Message, index: int, now: datetime, *, after_to: bool = False) -> tuple[str, int] | None:
    """The day at `index`; a bare number is one after "from" or "to"."""
    tokens = message.tokens
    if index >= len(tokens):
        return None
    if (found := day_at(message, index, now)) and found[0] and found[0] not in ("weekend", "next_week"):
        return found
    text = tokens[index].text
    bare = text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31
    if not (after_to or lexicon("dates", "span_from").ends_at(tokens, index, 2) is not None):
        return None
    if bare:
        return f"day:{int(text)}", index + 1
    weekday = lexicon("dates", "weekdays").at(tokens, index)
    return (f"weekday:{weekday[0]}", weekday[1]) if weekday else None


def _dated(first: str, last: str, now: datetime) -> tuple[date, date] | None:
    """The last day is the next such day from the first on: "mn lkhmis tal l7ed"."""
    try:
        month = date.fromisoformat(last) if first.startswith("day:") and last[:1].isdigit() else None
        opens = month.replace(day=int(first[4:])) if month and int(first[4:]) <= month.day else resolve(first, None, now).day
        if opens is None:
            return None
        eve = to_local(now).replace(year=opens.year, month=opens.month, day=opens.day, hour=0) - timedelta(days=1)
        near = last in ("today", "tomorrow", "day_after_tomorrow")
        closes = resolve(last, None, now if near else eve).day
    except (DomainError, ValueError):
        return None
    return (opens, closes) if closes and opens <= closes else None
