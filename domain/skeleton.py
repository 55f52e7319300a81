"""The consonants of a word in one alphabet for Arabic and Latin letters, so that both scripts of Darija share what is counted."""

from __future__ import annotations

import re
from functools import lru_cache

_ARABIC_LETTER = re.compile(r"[\u0621-\u064a\u066e-\u06d3\u06fa-\u06ff]")

# Consonants the two scripts share; vowels and glides are dropped, because Arabizi writes them as it likes.
_DIGRAPHS = (("kh", "X"), ("gh", "R"), ("ch", "S"), ("sh", "S"), ("ph", "f"), ("qu", "k"), ("ou", "w"), ("ck", "k"))
_LATIN = {
    "2": "", "3": "E", "4": "R", "5": "X", "6": "t", "7": "h", "8": "h", "9": "k", "a": "", "b": "b", "c": "k", "d": "d", "e": "", "f": "f",
    "g": "g", "h": "h", "i": "", "j": "j", "k": "k", "l": "l", "m": "m", "n": "n", "o": "", "p": "b", "q": "k", "r": "r", "s": "s", "t": "t",
    "u": "", "v": "f", "w": "w", "x": "S", "y": "y", "z": "z", "'": "", "’": "",
}  # fmt: skip
_ARAB = dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", ["", *"bttjhXddrzsSsdtdERfkklmnhwy"], strict=True))


@lru_cache(maxsize=20_000)  # words come again, within a message and in the next one
def skeleton(word: str) -> str:
    """The consonants of one normalised word: "3afak", "3fk", "عافاك" -> "Efk"; "" for signs and numbers."""
    if word.isdigit() or word.startswith("<") or not word[0].isalnum():
        return ""
    if _ARABIC_LETTER.search(word):
        raw = "".join(_ARAB.get(c, "") for c in word)
    else:
        for pair, one in _DIGRAPHS:
            word = word.replace(pair, one)
        raw = "".join(c if c in "RSX" else _LATIN.get(c, "") for c in word)
    raw = raw[:1] + raw[1:].replace("w", "").replace("y", "")
    return "".join(c for i, c in enumerate(raw) if i == 0 or c != raw[i - 1])
