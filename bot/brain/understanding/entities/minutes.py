"""Reads the minutes said after an hour: "w ness", "ghir rob3", "moins dix", "w qsem", "et quart", "30"."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Token, lexicon
from bot.brain.understanding.entities.numbers import number_at

_SPOKEN = frozenset((5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55))
_QSEM = 5  # minutes: the clock's face has twelve of them


def minutes_after(tokens: list[Token], end: int, *, hour_said: bool, between: bool = False) -> tuple[int, int, int]:
    """(minutes, index after them, minutes said as a fraction or in words: 0 when they were not; below 0 when they are taken off the hour).

    `hour_said`: a word or an "h" already told that it is an hour. `between`: "between 3 and 5" says no minutes.
    """
    if minus := lexicon("times", "minus").at(tokens, end):
        taken = _said(tokens, minus[1])
        return (0, taken[1], -taken[0]) if taken else (0, end, 0)
    if hour_said and end < len(tokens) and re.fullmatch(r"[0-5]\d", tokens[end].text):
        return int(tokens[end].text), end + 1, 0
    joined = lexicon("numbers", "joiners").at(tokens, end)
    glued = end < len(tokens) and tokens[end].text.startswith("و")  # ونص
    if joined or glued:
        said = _said(tokens, joined[1] if joined else end)
        fraction = lexicon("times", "fractions").at(tokens, joined[1] if joined else end)
        counted = said and lexicon("times", "minute_words").at(tokens, said[1])
        if said and (fraction or counted or not (glued or between)):
            return said[0], said[1], said[0]
    if hour_said and not between and end < len(tokens) and not tokens[end].is_number:
        spoken = number_at(tokens, end)
        if spoken and spoken[0] in _SPOKEN and spoken[0] >= 10:
            return int(spoken[0]), spoken[1], int(spoken[0])
    return 0, end, 0


def _said(tokens: list[Token], index: int) -> tuple[int, int] | None:
    """(minutes, index after them): a fraction of the hour, five-minute parts, or a round number."""
    if fraction := lexicon("times", "fractions").at(tokens, index):
        return int(fraction[0]), fraction[1]
    spoken = number_at(tokens, index)
    if spoken is None:
        return None
    after = lexicon("quantity", "of").at(tokens, spoken[1])
    fifths = lexicon("times", "qsem").at(tokens, after[1] if after else spoken[1])
    if fifths and spoken[0] <= 5:
        return int(spoken[0]) * _QSEM, fifths[1]
    return (int(spoken[0]), spoken[1]) if spoken[0] in _SPOKEN else None
