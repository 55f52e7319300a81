"""Reads the entities written in one message with grammars over word lists: where, when, how much, which booking, who."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.brain.understanding.entities.date import find_date
from bot.brain.understanding.entities.money import find_amount
from bot.brain.understanding.entities.normalise import MAX_CHARS, Message, Token, clean, lexicon, tokens_of
from bot.brain.understanding.entities.phones import find_phone
from bot.brain.understanding.entities.place import find_city, find_district
from bot.brain.understanding.entities.quantity import find_quantity
from bot.brain.understanding.entities.rating import find_rating
from bot.brain.understanding.entities.refs import find_ref
from bot.brain.understanding.entities.service import find_service
from bot.brain.understanding.entities.technician import find_technician
from bot.brain.understanding.entities.time import find_time
from domain.clock import CASABLANCA
from domain.geo import cities_of, district_in

_OPTIONS = re.compile(r"(?<!\d)1\s*[=:.)\-]\s*\w.*(?<!\d)2\s*[=:.)\-]\s*\w")
_ASKED = (("rating", "rating"), ("time", "times"), ("date", "dates"), ("amount", "money"), ("quantity", "quantity"))


def extract(text: str, *, role: str = "client", context: str | None = None, now: datetime | None = None) -> dict[str, Any]:
    """Entity name -> value, in the forms of prompts/intents.yaml; only what the text says. Never raises on any text.

    `context`: what we said just before; it decides what a bare number is. `now`: the day from which "12/11" is the next one (default: the real one).
    """
    cleaned = clean(text[:MAX_CHARS])
    found: dict[str, Any] = {}
    phone = find_phone(cleaned)
    if phone:
        found["phone"] = phone[0]
        cleaned = f"{cleaned[: phone[1]]} . {cleaned[phone[2] :]}"
    now = now or datetime.now(UTC)
    tokens = tokens_of(cleaned)
    ramadan = _in_ramadan(now) or lexicon("prayers", "ramadan").within(tokens)
    ours = clean((context or "")[-600:])
    message = Message(cleaned, tokens, role, _asked_by(ours), ramadan, ours)
    # The order decides who reads a number first; each grammar marks what it has read.
    readings = {
        "booking_ref": find_ref(message),
        "rating": find_rating(message),
        "amount_mad": find_amount(message),
        "time": find_time(message),
        "date": find_date(message, now),
        "quantity": find_quantity(message),
        "technician": find_technician(message),
        **_places_and_service(text),
    }
    found.update({name: value for name, value in readings.items() if value is not None})
    for said in _instead(tokens):
        found = _put_right(found, _said_again(said, message, now))
    return found


def _instead(tokens: list[Token]) -> list[str]:
    """What was said after each word that takes something back ("la la", "je veux dire"), in order."""
    marks = [(start, end) for _, start, end in lexicon("corrections", "markers").all(tokens) if start]
    ends = [*(start for start, _ in marks[1:]), len(tokens)]
    return [" ".join(token.text for token in tokens[after:end]) for (_, after), end in zip(marks, ends, strict=False)]


def _said_again(said: str, message: Message, now: datetime) -> dict[str, Any]:
    part = Message(said, tokens_of(said), message.role, message.asked, message.ramadan)
    return {"time": find_time(part), "date": find_date(part, now), **_places_and_service(said)}


def _put_right(found: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    """What was said first, with what was said instead of it; a town that has no such district goes with the old one."""
    new = {name: value for name, value in again.items() if value is not None}
    kept = dict(found)
    city, district = kept.get("city"), new.get("district")
    if city and district and "city" not in new and cities_of(district) and not district_in(city, district):
        del kept["city"]
    if "city" in new and new["city"] != city and not district:
        kept.pop("district", None)
    return {**kept, **new}


def _in_ramadan(now: datetime) -> bool:
    """Whether Moroccan clocks stand at UTC, as they do only around Ramadan (decree 2.18.855; the tz database carries the days)."""
    return (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(CASABLANCA).utcoffset() == timedelta(0)


def _asked_by(ours: str) -> str | None:
    """What our last words, cleaned, asked for: rating, time, date, amount, quantity, options (a numbered choice), or None."""
    if not ours:
        return None
    if _OPTIONS.search(ours):
        return "options"
    tokens = tokens_of(ours)
    return next((kind for kind, file in _ASKED if lexicon(file, "asks").within(tokens)), None)


def _places_and_service(text: str) -> dict[str, Any]:
    city = find_city(text)
    return {"city": city, "district": find_district(text, city), "service": find_service(text)}


__all__ = ["extract"]
