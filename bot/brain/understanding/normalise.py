"""Brings the many spellings of one message together before anything is read from it: case, accents, Arabic variants, Arabizi."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 2000  # characters read of one message: its beginning and its end

_ARABIC = str.maketrans("أإآٱىئؤةڭگڤپکیە", "ااااييوهككفبكيه", "ـ")
_REPEAT = re.compile(r"(.)\1{2,}")
_NUMBER = re.compile(r"(?<!\w)\d{2,}(?=\W|_|[hm]\b|h\d|dh|mad|min|$)")
_REF = re.compile(r"\bbr[\s-]*\d{2,}")
_PHONE = re.compile(r"(?<!\w)(?:\+|00)?\d(?:[\s.-]?\d){8,12}(?!\w)")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|<\w+>|[^\w\s]")
_ARABIC_LETTER = re.compile(r"[\u0621-\u064a\u066e-\u06d3\u06fa-\u06ff]")
_LATIN_LETTER = re.compile(r"[A-Za-zÀ-ɏ]")


def clipped(text: str, joint: str) -> str:
    """A message of any length cut to LONGEST characters: its beginning and its end with `joint` between."""
    return text if len(text) <= LONGEST else text[: LONGEST * 3 // 4] + joint + text[-LONGEST // 4 :]


@lru_cache(maxsize=256)  # one message is asked for by several readers, and our own words come again
def normalise(text: str) -> str:
    """Lower case, no accents or Arabic marks, one form per Arabic letter, no letter three times, long numbers by shape ("0655.." -> "<phone>")."""
    text = clipped(text, " ")
    text = text.lower() if text.isascii() and text.isprintable() else _plain(text)
    text = _REPEAT.sub(r"\1\1", text)
    text = _REF.sub("<ref>", text)
    text = _PHONE.sub("<phone>", text)
    text = _NUMBER.sub(lambda m: "0" * len(m.group()), text)
    return " ".join(text.split())


def _plain(text: str) -> str:
    """Lower case, Western digits, one form per letter, without accents, marks and control characters."""
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(c for c in text if not unicodedata.combining(c) and (c.isspace() or unicodedata.category(c)[0] != "C"))
    text = text.translate(_ARABIC).replace("’", "'").replace("œ", "oe")
    return "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() and unicodedata.digit(c, None) is not None else c for c in text)


def tokens(normal: str) -> list[str]:
    """Words, numbers, placeholders and single signs of a normalised text."""
    return _TOKEN.findall(normal)


def script_of(text: str, fallback: str = "latn") -> str:
    """`arab` or `latn`, by which letters are more; `fallback` where there are none (a number, an emoji)."""
    arabic, latin = len(_ARABIC_LETTER.findall(text)), len(_LATIN_LETTER.findall(text))
    if not arabic and not latin:
        return fallback
    return "arab" if arabic >= latin else "latn"


def mixed(text: str) -> bool:
    """Whether a text is written in both scripts, at least a quarter of its letters in either."""
    arabic, latin = len(_ARABIC_LETTER.findall(text)), len(_LATIN_LETTER.findall(text))
    return 4 * min(arabic, latin) >= arabic + latin > 0


def letters(text: str) -> int:
    """How many letters a text has."""
    return sum(c.isalpha() for c in text[:LONGEST])
