"""One form for the many spellings of a place name, so that "L'Maârif", "El-Maarif" and "maarif" compare equal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ARABIC = str.maketrans("أإآٱىئؤةگڭڤپ", "ااااييوهككفب", "ـ")
_ARTICLES = frozenset({"el", "al", "l", "les", "le", "la", "the"})
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=20_000)
def normalise(text: str) -> str:
    """Lower case, without accents, Arabic marks, hyphens and articles (el, al, l', les, ال); words joined by one space.

    Never empty for a name that has letters: a name made of articles only keeps them.
    """
    text = unicodedata.normalize("NFKD", text.lower().translate(_ARABIC))
    text = "".join(c for c in text if c.isspace() or not (unicodedata.combining(c) or unicodedata.category(c)[0] == "C"))
    words = _WORD.findall(text)
    kept = [_without_article(word) for word in words if word not in _ARTICLES]
    return " ".join(kept or words)


def _without_article(word: str) -> str:
    return word[2:] if word.startswith("ال") and len(word) > 4 else word
