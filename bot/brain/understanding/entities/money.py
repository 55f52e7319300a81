"""Reads an amount in dirhams, whatever the unit it was said in: dirham, ryal, alf, million of centimes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.brain.understanding.entities.normalise import Lexicon, Message, lexicon
from bot.brain.understanding.entities.numbers import digits_at, number_at

RYALS_PER_DIRHAM = 20
CENTIMES = {"alf": 1_000 / 100, "million": 1_000_000 / 100}


@dataclass(frozen=True)
class _Amount:
    mad: float
    start: int
    end: int
    unit: bool
    taken: bool  # what was charged or disputed wins over what was announced


def _lex(section: str) -> Lexicon:
    return lexicon("money", section)


def find_amount(message: Message) -> float | int | None:
    """The amount in dirhams; the charged or disputed one when there are two. A bare number counts only after a word of paying, or when we asked."""
    found: list[_Amount] = []
    index = 0
    while index < len(message.tokens):
        hit = _amount_at(message, index) if message.free(index, index + 1) else None
        if hit:
            found.append(hit)
        index = hit.end if hit else index + 1
    if not found:
        return None
    best = next((hit for hit in reversed(found) if hit.taken), None) or next((hit for hit in found if hit.unit), found[0])
    for hit in found:
        message.take(hit.start, hit.end)
    return int(best.mad) if best.mad == int(best.mad) else round(best.mad, 2)


def _amount_at(message: Message, index: int) -> _Amount | None:
    tokens = message.tokens
    read = digits_at(tokens, index) or number_at(tokens, index)
    if read is None or read[0] <= 0:
        return None
    value, end = read
    taken = _follows(message, index, "taken")
    for section, rate in (("currency", 1.0), ("ryal", 1 / RYALS_PER_DIRHAM)):
        if unit := _lex(section).at(tokens, end):
            return _Amount(value * rate, index, unit[1], True, taken)
    if tokens[index].is_number:
        alf, million = _lex("centimes").at(tokens, end), _lex("million").at(tokens, end)
        if alf:
            for section, rate in (("currency", 1000.0), ("ryal", 1000 / RYALS_PER_DIRHAM)):
                if unit := _lex(section).at(tokens, alf[1]):
                    return _Amount(value * rate, index, unit[1], True, taken)
            return _Amount(value * CENTIMES["alf"], index, alf[1], True, taken)
        if million:
            return _Amount(value * CENTIMES["million"], index, million[1], True, taken)
    elif value >= 2000 and end - index > 1 and _lex("centimes").at(tokens, end - 1):
        return _Amount(value / 100, index, end, True, taken)
    if not tokens[index].is_number or not 20 <= value <= 100_000 or lexicon("times", "no_time_before").ends_at(tokens, index, 2) is not None:
        return None
    if _counted(message, end):
        return None
    if message.asked == "amount" and len(tokens) <= 6:
        return _Amount(value, index, end, False, taken)
    if _lex("word_after").at(tokens, end) or taken or _follows(message, index, "word_before"):
        return _Amount(value, index, end, False, taken)
    alone = index > 0 and tokens[index - 1].is_break and (end >= len(tokens) or tokens[end].is_break)
    if message.role == "technician" and value >= 50 and alone:
        return _Amount(value, index, end, False, taken)
    if message.role == "technician" and _lex("adverbs").ends_at(tokens, index, 1) is not None and value >= 50:
        return _Amount(value, index, end, False, taken)
    return None


def _counted(message: Message, end: int) -> bool:
    kinds = (("quantity", "nouns"), ("quantity", "no_count"), ("quantity", "measures"), ("dates", "months"))
    return any(lexicon(file, section).at(message.tokens, end) for file, section in kinds)


def _follows(message: Message, index: int, section: str) -> bool:
    """Whether a word of the section stands before, with only small words ("ghir", "lia") between."""
    tokens = message.tokens
    at = index
    for _ in range(4):
        if at <= 0:
            return False
        if _lex(section).ends_at(tokens, at, 2) is not None:
            return True
        small = _lex("adverbs").ends_at(tokens, at, 2)
        if small is None and at == index and tokens[at - 1].text == ",":
            small = at - 1
        if small is None and at >= 2 and at == index and _lex(section).ends_at(tokens, at - 1, 2) is not None and not tokens[at - 1].is_break:
            return True
        if small is None:
            return False
        at = small
    return False
