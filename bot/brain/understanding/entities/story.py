"""Tells the days and hours of a story ("he was to come at 9") from those that are wanted; the date and time grammars ask it."""

from __future__ import annotations

from bot.brain.understanding.entities.normalise import Message, lexicon

_REACH = 14  # words: what was said longer ago governs nothing any more


def told(message: Message, start: int, end: int, *, since: bool = True) -> bool:
    """Whether the day or hour at [start, end) belongs to the past.

    It does when a word of the past stands before it in the clause with no wish between, or right after it. `since`: whether "since" counts too.
    """
    tokens = message.tokens
    opens = start
    while opens > max(0, start - _REACH) and not tokens[opens - 1].is_break:
        opens -= 1
    closes = end
    while closes < min(len(tokens), end + 5) and not tokens[closes].is_break:
        closes += 1
    clause = tokens[opens:closes]
    if any(lexicon("story", "coming").at(clause, at) for at in range(len(clause))):
        return False
    past, wish = _last(message, "past", opens, start), _last(message, "wish", opens, start)
    if since and any(lexicon("story", "since").at(tokens, at) for at in range(max(opens, start - 4), start)):
        return True
    if past is not None and (wish is None or wish <= past):
        return True
    if wish is not None:
        return False
    return _first(message, "past_after", end, closes) is not None or _follows_a_break(message, closes)


def _follows_a_break(message: Message, closes: int) -> bool:
    """ "à 9h, personne n'est venu": what came of it is told right after a comma."""
    tokens = message.tokens
    return closes < len(tokens) and tokens[closes].text == "," and _first(message, "past_after", closes + 1, min(len(tokens), closes + 4)) is not None


def _last(message: Message, section: str, start: int, end: int) -> int | None:
    words = lexicon("story", section)
    found = None
    for index in range(start, end):
        hit = words.at(message.tokens, index)
        if hit and hit[1] <= end:
            found = hit[1]
    return found


def _first(message: Message, section: str, start: int, end: int) -> int | None:
    words = lexicon("story", section)
    return next((index for index in range(start, end) if words.at(message.tokens, index)), None)
