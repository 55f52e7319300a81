"""Reads the name of a technician: after "si", "lm3allem", "monsieur", or a first name people here bear."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Lexicon, Message, lexicon

_LETTERS = re.compile("[a-z]{3,}")


def _lex(section: str) -> Lexicon:
    return lexicon("names", section)


def find_technician(message: Message) -> str | None:
    """The name in lower-case Latin letters; never a part of a place ("Hay Mohammadi", "Sidi Said") nor the writer's own."""
    tokens = message.tokens
    for name, start, end in _lex("names").all(tokens):
        if _lex("place_before").ends_at(tokens, start, 1) is not None or _lex("place_after").at(tokens, end):
            continue
        if _lex("own_name_before").ends_at(tokens, start, 3) is not None:
            continue
        return str(name)
    for _, _, end in _lex("titles").all(tokens):
        if hit := _lex("with_title").at(tokens, end):
            return str(hit[0])
    for _, _, end in _lex("any_name_after").all(tokens):
        if end < len(tokens) and _LETTERS.fullmatch(tokens[end].text) and not _lex("stops").at(tokens, end):
            return tokens[end].text
    return None
