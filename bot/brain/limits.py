"""Finds by their words the wishes that nobody is granted: other people's numbers and homes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from bot.brain import answers

DATA = Path(__file__).parents[2] / "prompts" / "limits.yaml"
GAP = 4  # words of `between` from the asking to what is asked for
AFTER = 7  # words from there in which it is said whose


@lru_cache(maxsize=8192)
def asks_private(text: str, *, of_somebody: bool = False) -> bool:
    """Whether another person's number or home is asked for. `of_somebody`: somebody is named, whose it then is."""
    lists = answers.phrases_of(DATA)
    if answers.mentions(text, lists["lives"]):
        return True
    if answers.mentions(text, lists["own"]):
        return False
    words = answers.fold(text).split()
    return any(
        _asked(words, at, of_somebody) and (of_somebody or _of_another(words, at)) for at in range(len(words)) if _starts(lists["contact"], words, at)
    )


def _asked(words: list[str], at: int, of_somebody: bool) -> bool:
    """Whether an asking word stands before, with nothing but small words between, and a name where somebody is named."""
    names = 1 if of_somebody else 0
    for end in range(at, max(-1, at - GAP - 1), -1):
        if _ends(answers.phrases_of(DATA)["gives"], words, end):
            return True
        if end == 0:
            return False
        names -= words[end - 1] not in answers.phrases_of(DATA)["between"]
        if names < 0:
            return False
    return False


def _of_another(words: list[str], at: int) -> bool:
    near = f" {' '.join(words[max(0, at - 2) : at + AFTER])} "
    return answers.pattern(tuple(answers.phrases_of(DATA)["whose"])).search(near) is not None


def _starts(phrases: Iterable[str], words: list[str], at: int) -> bool:
    return any(" ".join(words[at : at + size]) in phrases for size in (1, 2))


def _ends(phrases: Iterable[str], words: list[str], end: int) -> bool:
    return any(end >= size and " ".join(words[end - size : end]) in phrases for size in (1, 2, 3, 4))
