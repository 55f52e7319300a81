"""Reads the name of a technician: after "si", "lm3allem", "monsieur", or a first name people here bear."""

from __future__ import annotations

import re

from bot.brain.understanding.entities.normalise import Lexicon, Message, is_arabic, lexicon, openings
from domain.geo import city_of
from domain.spelling import fold

_LETTERS = re.compile("[a-z]{3,}")


def _lex(section: str) -> Lexicon:
    return lexicon("names", section)


def find_technician(message: Message) -> str | None:
    """The name in lower-case Latin letters; never a part of a place ("Hay Mohammadi", "Sidi Said") nor the writer's own."""
    tokens = message.tokens
    none = {at for _, start, end in _lex("no_names").all(tokens) for at in range(start, end)}
    for name, start, end in _lex("names").all(tokens):
        if start in none:
            continue
        if _lex("place_before").ends_at(tokens, start, 1) is not None or _lex("place_after").at(tokens, end):
            continue
        if _lex("own_name_before").ends_at(tokens, start, 3) is not None:
            continue
        if is_arabic(tokens[start].text) and _lex("verb_before").at(tokens, end):
            continue
        if is_arabic(tokens[start].text) and city_of(tokens[start].text):
            continue  # برشيد is a town, not ب + رشيد
        if tokens[start].text.startswith("ال") and fold(tokens[start].text) not in _lex("names").firsts():
            continue  # العمر is an age: first names have no article
        return _with_surname(message, str(name), end)
    for index in openings(tokens, _lex("with_cue").firsts()):
        hit = _lex("with_cue").at(tokens, index)
        cue = hit and (_lex("surnames").at(tokens, hit[1]) or _lex("person_after").at(tokens, hit[1]))
        if hit and (cue or _lex("person_before").ends_at(tokens, index, 1) is not None):
            return _with_surname(message, str(hit[0]), hit[1])
    for _, _, end in _lex("titles").all(tokens):
        if hit := _lex("with_title").at(tokens, end):
            return str(hit[0])
    for _, start, end in _lex("any_name_after").all(tokens) if message.role == "client" else ():  # a technician says so of clients
        if _lex("own_name_before").ends_at(tokens, start, 3) is not None or _lex("own_name_before").ends_at(tokens, end, 4) is not None:
            continue
        if end < len(tokens) and _LETTERS.fullmatch(tokens[end].text) and not _lex("stops").at(tokens, end):
            return tokens[end].text
    return None


def _with_surname(message: Message, name: str, end: int) -> str:
    """The first name, and the surname behind it where it is a known one written in Latin letters."""
    surname = _lex("surnames").at(message.tokens, end)
    written = " ".join(token.text for token in message.tokens[end : surname[1]]) if surname else ""
    return f"{name} {written}" if written and not is_arabic(written) else name
