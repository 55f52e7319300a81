"""Reads parts of the day, said by name ("f sbah") or by the prayers and meals of the day ("mor l3cha", "9bel dhor", "b3d ftour")."""

from __future__ import annotations

from functools import cache

from bot.brain.understanding.entities.normalise import Message, entries, firsts, lexicon

_WHEN = ("before", "at", "after")


def part_at(message: Message, index: int) -> tuple[str, int] | None:
    """(morning noon afternoon evening night, index after it) of the longest part of the day that starts at `index`."""
    if index >= len(message.tokens) or message.tokens[index].keys.isdisjoint(part_openers()):
        return None
    named = lexicon("times", "parts").at(message.tokens, index)
    prayed = _by_prayer(message, index)
    if named and prayed:
        return prayed if prayed[1] >= named[1] else (str(named[0]), named[1])
    return prayed or ((str(named[0]), named[1]) if named else None)


@cache
def part_openers() -> frozenset[str]:
    """What a part of the day may begin with."""
    return firsts("times", "parts") | firsts("prayers", *_WHEN)


def _by_prayer(message: Message, index: int) -> tuple[str, int] | None:
    tokens = message.tokens
    for place, section in enumerate(_WHEN):
        opening = lexicon("prayers", section).at(tokens, index)
        if not opening:
            continue
        at = opening[1]
        for _ in range(3):
            anchor = lexicon("prayers", "anchors").at(tokens, at)
            small = lexicon("prayers", "prayer").at(tokens, at)
            # "slat l3ser": a longer name behind the word for prayer wins over "the prayer" alone
            if anchor and (anchor[0] != "friday" or anchor[1] - at > 1 or not _named_after(message, anchor[1])):
                return _meaning(message, str(anchor[0]), place), anchor[1]
            if not small:
                break
            at = small[1]
    return None


def _named_after(message: Message, at: int) -> bool:
    small = lexicon("prayers", "prayer").at(message.tokens, at)
    hit = lexicon("prayers", "anchors").at(message.tokens, small[1] if small else at)
    return hit is not None and hit[0] != "friday"


def _meaning(message: Message, anchor: str, place: int) -> str:
    means = entries("prayers", "means")
    return str(means["iftar_of_ramadan" if anchor == "iftar" and message.ramadan else anchor][place])
