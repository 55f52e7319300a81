"""Reads a town out of an answer that only our question makes one: "rbat" alone is also a verb, after "which town?" it is Rabat."""

from __future__ import annotations

from bot.brain import answers
from domain import geo

WORDS = 4  # more is not a bare name


def town(text: str) -> str | None:
    """The id of the town that a short answer names, with or without a preposition or a courtesy; None where no word or several name one."""
    words = text.lower().replace(",", " ").replace(".", " ").replace("!", " ").split()
    if not 1 <= len(words) <= WORDS:
        return None
    whole = geo.city_of(" ".join(words))
    if whole:
        return whole
    kept = [w for w in words if answers.fold(w) not in answers.lists()["filler"] and answers.fold(w) not in answers.lists()["yes"]]
    found = {city for w in kept for city in (geo.city_of(w), geo.city_of(_bare(w))) if city}
    return found.pop() if len(found) == 1 else None


def _bare(word: str) -> str:
    """Without the preposition and article written onto it: "فالرباط"."""
    return word[1:] if word[:1] in "فبلو" and len(word) > 4 else word
