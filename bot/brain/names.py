"""Reads a person's name out of the answer to "and your name?", or out of "my name is": what is a greeting, a question or a sentence is none."""

from __future__ import annotations

import re

from bot.brain import answers

WORDS = 4  # of the longest name we take
NAME = re.compile(r"(?=.*[^\W\d_])[^\W_]+(?:['’-][^\W_]+)*")  # Arabizi writes 3abdllah


def name_in(text: str) -> str | None:
    """The name as it was written, without a greeting and "my name is" before it; None when the answer holds none."""
    words = _without_lead([w for w in (w.strip(".,!،:;") for w in text.split()) if w])
    if not 1 <= len(words) <= WORDS or answers.asks(text) or not all(NAME.fullmatch(w) for w in words):
        return None
    return " ".join(words)


def told(text: str) -> str | None:
    """The name of somebody who says it unasked, and says nothing else: "smiyti Hamza"; None otherwise."""
    if not answers.says("introduces", text) or (name := name_in(text)) is None:
        return None
    words = [answers.fold(word) for word in name.split()]
    more = any(len(word) < 2 or word in answers.lists()["no_name"] for word in words)
    return None if more or len(words) == len(text.split()) else name


def _without_lead(words: list[str]) -> list[str]:
    lists = answers.lists()
    for size in range(min(len(words), 5), 0, -1):
        lead = answers.fold(" ".join(words[:size]))
        if lead in lists["courtesy"] or (lead in lists["my_name_is"] and size < len(words)):
            return _without_lead(words[size:])
    return words
