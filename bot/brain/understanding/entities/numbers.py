"""Reads numbers in digits and words: "12", "جوج", "vingt-cinq", "mya w khamsin"."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Token, firsts, lexicon, openings

_CENTIMES = re.compile(r"\d{3}[.,]\d{1,2}")

_TENS = frozenset(range(20, 100, 10))


def number_at(tokens: list[Token], index: int) -> tuple[float, int] | None:
    """(value, index after it) of the number that starts at `index`: digits, or number words taken together; None when there is none."""
    if not 0 <= index < len(tokens):
        return None
    if tokens[index].is_number:
        return digits_at(tokens, index)
    return None if tokens[index].keys.isdisjoint(openers()) else _words_at(tokens, index)


def number_openings(tokens: list[Token]) -> list[int]:
    """Where a number may begin, in digits or in words."""
    return openings(tokens, openers(), digits=True)


def openers() -> frozenset[str]:
    """What a number in words may begin with."""
    return firsts("numbers", "glued_thousands", "times", "words", "of")


def digits_at(tokens: list[Token], index: int) -> tuple[float, int] | None:
    """Like `number_at`, for digits alone; "1 500" is one number."""
    if not 0 <= index < len(tokens) or not tokens[index].is_number:
        return None
    head, value = tokens[index].text, tokens[index].number or 0.0
    end = index + 1
    while end < len(tokens) and len(head) <= 3 and head.isdecimal() and len(tokens[end].text) == 3 and tokens[end].text.isdecimal():
        value, end = value * 1000 + int(tokens[end].text), end + 1
    if end == index + 1 < len(tokens) and len(head) <= 3 and head.isdecimal() and _CENTIMES.fullmatch(tokens[end].text):
        value, end = value * 1000 + (tokens[end].number or 0.0), end + 1  # "2 500,50"
    return value, end


def _words_at(tokens: list[Token], index: int) -> tuple[float, int] | None:
    """Adds tens and units, multiplies by hundreds and thousands; a joiner ("w", "et") only between a larger part and a smaller one."""
    total, part, smallest, end, unit = 0.0, 0.0, float("inf"), index, 0.0
    position = index
    while position < len(tokens):
        joined = lexicon("numbers", "joiners").at(tokens, position) if end > index else None
        if joined:
            position = joined[1]
        glued = position < len(tokens) and tokens[position].text.startswith("و")
        step = _step(tokens, position)
        if step is None:
            break
        kind, value, after = step
        if kind == "times":
            if value == 100 and 1 < unit < 10 and part % 1000 == unit:  # "mille cinq cents"
                part += unit * 99
            elif value == 1000 and 0 < part < 1000:
                total, part = total + part * 1000, 0.0
            elif value < smallest and (value == 100 or end == index):
                part += value
            else:
                break
            smallest = value
        elif (joined or glued) and 1 <= unit <= 9 and value in _TENS:  # "خمسة وسبعين": units first
            part, smallest = part + value, unit
        elif value < smallest and not (smallest < 20) and not (smallest < 100 and value >= 20 and smallest % 20):
            part, smallest = part + value, value
        else:
            break
        unit = value if kind == "word" else 0.0
        position = end = after
    return (total + part, end) if end > index else None


def _step(tokens: list[Token], index: int) -> tuple[str, float, int] | None:
    if index >= len(tokens):
        return None
    for kind, section in (("word", "glued_thousands"), ("times", "times"), ("word", "words")):
        hit = lexicon("numbers", section).at(tokens, index)
        if hit:
            return kind, float(hit[0]), hit[1]
    small = lexicon("numbers", "of").at(tokens, index)  # "khamsa d alaf"
    hit = lexicon("numbers", "times").at(tokens, small[1]) if small else None
    return ("times", float(hit[0]), hit[1]) if hit and index and float(hit[0]) == 1000 else None
