"""Reads a booking reference: "BR-1042", "br 1042", "réservation n° 1042", "رقم الحجز 1042"."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Message, lexicon

_WRITTEN = re.compile(r"(?<![a-z0-9])b\.?\s?r\.?[\s#:n°\-_]{0,3}(\d{3,6})(?!\d)")


def find_ref(message: Message) -> str | None:
    """The first reference as "BR-<digits>", or None. Bare digits count only after a word for a booking, and only 3 to 6 of them."""
    written = _WRITTEN.search(message.text)
    tokens = message.tokens
    if written:
        for index, token in enumerate(tokens):
            if written.group(1) in token.text:
                message.take(index, index + 1)
        return f"BR-{written.group(1)}"
    for _, _, end in lexicon("refs", "before_number").all(tokens):
        after = end
        while after < min(len(tokens), end + 3) and lexicon("refs", "between").at(tokens, after):
            after += 1
        if after < len(tokens) and re.fullmatch(r"\d{4,6}", tokens[after].text) and message.free(after, after + 1):
            message.take(after, after + 1)
            return f"BR-{tokens[after].text}"
    return None
