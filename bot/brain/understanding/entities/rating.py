"""Reads a note from 1 to 5: stars, "4/5", "عطيتو 5", or a bare number when we asked for one."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Lexicon, Message, firsts, lexicon, openings
from bot.brain.understanding.entities.numbers import number_at, number_openings

_STARS = re.compile("[⭐★🌟]")
_OUT_OF_TEN = re.compile(r"(\d{1,2})/(10|20)")
_MOST = 5
_OUT_OF = re.compile(r"([0-5])/5")


def _lex(section: str) -> Lexicon:
    return lexicon("rating", section)


def find_rating(message: Message) -> int | None:
    """1 to 5, or None."""
    stars = len(_STARS.findall(message.text))
    if 1 <= stars <= 5:
        return stars
    tokens = message.tokens
    for index in number_openings(tokens):
        token = tokens[index]
        if not message.free(index, index + 1):
            continue
        if (out_of := _OUT_OF.fullmatch(token.text)) and out_of.group(1) != "0":
            message.take(index, index + 1)
            return int(out_of.group(1))
        if (tenths := _OUT_OF_TEN.fullmatch(token.text)) and 1 <= (stars := _stars_of(*map(int, tenths.groups()))) <= _MOST:
            message.take(index, index + 1)
            return stars
        read = number_at(tokens, index)
        if read is None:
            continue
        after = read[1]
        out_of_five = _lex("out_of").at(tokens, after)
        most = number_at(tokens, out_of_five[1]) if out_of_five and out_of_five[1] < len(tokens) else None
        if message.asked == "rating" and most and most[0] == 2 * _MOST and 1 <= (stars := _stars_of(int(read[0]), 2 * _MOST)) <= _MOST:
            message.take(index, most[1])  # "عشرة على عشرة"
            return stars
        if read[0] not in (1, 2, 3, 4, 5):
            continue
        on_five = most is not None and most[0] == _MOST
        small = lexicon("quantity", "of").at(tokens, after)
        after = small[1] if small and _lex("star_words").at(tokens, small[1]) else after
        asked = message.asked == "rating" and (len(tokens) <= 3 or token.is_number)
        if on_five or asked or _lex("star_words").at(tokens, after) or (token.is_number and _after_note(message, index)):
            message.take(index, most[1] if most is not None and on_five else after)
            return int(read[0])
    return _stars_counted_after(message)


def _stars_of(marks: int, most: int) -> int:
    """8/10 -> 4 of 5, halves upwards."""
    return int(marks * _MOST / most + 0.5) if marks <= most else 0


def _stars_counted_after(message: Message) -> int | None:
    """ "nejma wahda", "نجمتين": one after its noun, or the dual of the noun."""
    tokens = message.tokens
    for index in openings(tokens, firsts("rating", "two_stars", "star_words")):
        if two := _lex("two_stars").at(tokens, index):
            message.take(index, two[1])
            return 2
        star = _lex("star_words").at(tokens, index)
        one = lexicon("quantity", "one_after_noun").at(tokens, star[1]) if star else None
        if one:
            message.take(index, one[1])
            return 1
    return None


def _after_note(message: Message, index: int) -> bool:
    at = index
    while (small := _lex("adverbs").ends_at(message.tokens, at, 1)) is not None and index - small <= 3:
        at = small
    return _lex("before").ends_at(message.tokens, at, 2) is not None and not lexicon("money", "currency").at(message.tokens, index + 1)
