"""Reads how many of a thing, or how many metres, a job is about."""

from __future__ import annotations

from functools import cache

from bot.brain.understanding.entities.normalise import Lexicon, Message, firsts, lexicon, openings
from bot.brain.understanding.entities.numbers import number_at, openers

_MOST = 30  # things of one kind in one job, said with "d", "dyal": beyond that it is a price


def _lex(section: str) -> Lexicon:
    return lexicon("quantity", section)


@cache
def _openers() -> frozenset[str]:
    """What a count in words may begin with."""
    return firsts("quantity", "nouns", "duals") | openers()


def find_quantity(message: Message) -> float | int | None:
    """The first count of things of a job (rooms, units, people, metres); never a length of time, a price or a house number."""
    tokens = message.tokens
    for index in openings(tokens, _openers(), digits=True):
        if not message.free(index, index + 1):
            continue
        if (hit := _lex("nouns").at(tokens, index)) and (one := _lex("one_after_noun").at(tokens, hit[1])) and message.free(index, one[1]):
            return 1
        if _lex("duals").at(tokens, index):
            return 2
        read = number_at(tokens, index)
        if read is None or not 0 < read[0] < 10_000 or not message.free(index, read[1]):
            continue
        value, end = read
        if lexicon("times", "no_time_before").ends_at(tokens, index, 2) is not None or (not tokens[index].is_number and value == 1):
            continue
        after = end
        if small := _lex("of").at(tokens, end):
            after = small[1]
        if _lex("no_count").at(tokens, after):
            continue
        if after > end and value > _MOST and not _lex("lengths").at(tokens, after):
            continue  # "180 d tlaja" is what it cost
        counted = bool(_lex("nouns").at(tokens, after)) or (after > end and bool(_lex("nouns").at(tokens, after + 1)) and value > 1)
        asked = message.asked == "quantity" and len(tokens) <= 4
        if counted or asked or (message.role == "technician" and _lex("worked").ends_at(tokens, index, 1) is not None and value < 20):
            message.take(index, end)
            return int(value) if value == int(value) else value
    return None
