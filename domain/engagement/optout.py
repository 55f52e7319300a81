"""Knows a STOP when it reads one, in every language people use with us, and never mistakes a cancelled job for one."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Literal

from domain.files import read_yaml

Scope = Literal["all", "promotions"]
DATA = Path(__file__).with_name("optout.yaml")

_ARABIZI = str.maketrans({"7": "h", "3": "a", "9": "q", "2": "a", "5": "kh"})
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ـ": "", "گ": "ك", "ڭ": "ك"})
LONGEST = 120  # characters: a longer message has more to say than STOP
LONGEST_PHRASE = 6  # words


def match(text: str) -> Scope | None:
    """What a message that is nothing but a wish for silence turns off: "all" messages, "promotions" only; else None."""
    if not text or len(text) > LONGEST or "?" in text or "؟" in text:
        return None
    words, lexicon = fold(text).split(), _lexicon()
    if "exact" in _read(words, lexicon, ("exact", "fillers")):
        return "all"
    roles = _read(words, lexicon, ("promotions", "verbs", "messages", "fillers"))
    if "verbs" not in roles:
        return None
    return "promotions" if "promotions" in roles else "all" if "messages" in roles else None


def wants_back(text: str) -> bool:
    """Whether a message is nothing but START or one of its forms. Only somebody who said STOP before means that by it."""
    if not text or len(text) > LONGEST or "?" in text or "؟" in text:
        return False
    return "back" in _read(fold(text).split(), _lexicon(), ("back", "fillers", "messages"))


def fold(text: str) -> str:
    """The words in one spelling: no case, accents, vowel marks, punctuation, doubled letters; Arabizi digits as letters."""
    text = unicodedata.normalize("NFKD", text.lower())
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(_ARABIC)
    words = [_word(w) for w in re.findall(r"[^\W_]+", text)]
    return " ".join(w for w in words if w)


def _word(word: str) -> str:
    if re.search("[a-z]", word):
        word = word.translate(_ARABIZI).replace("ou", "o").replace("ch", "sh").replace("iy", "i")
    return re.sub(r"(.)\1+", r"\1", word)


def _read(words: list[str], lexicon: dict[str, frozenset[str]], roles: tuple[str, ...]) -> frozenset[str]:
    """The roles of a message every word of which is listed, longest phrases first; empty when one word is not ours."""
    for end in range(min(len(words), LONGEST_PHRASE), 0, -1):
        phrase, rest = " ".join(words[:end]), words[end:]
        for role in roles:
            if phrase in lexicon[role]:
                if not rest:
                    return frozenset({role})
                if found := _read(rest, lexicon, roles):
                    return found | {role}
    return frozenset()


@cache
def _lexicon() -> dict[str, frozenset[str]]:
    raw = read_yaml(DATA)
    return {role: frozenset(fold(str(phrase)) for phrase in phrases) - {""} for role, phrases in raw.items()}
