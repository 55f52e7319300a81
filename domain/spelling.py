"""Brings the many spellings of one word together, in Latin letters with Arabizi digits or in Arabic ones, so that word lists stay short."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ARABIC_LETTERS = str.maketrans("أإآٱىئؤةگڭڤپکیہھە", "ااااييوهككفبكيههه", "ـ")
_SIGNS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "´": "'",
        "ʼ": "'",
        "–": "-",
        "—": "-",
        "،": ",",
        "؛": ";",
        "؟": "?",
        "٫": ".",
        "٬": "",
        "œ": "oe",
        "æ": "ae",
        "€": "e",
    }
)
_LONG = re.compile(r"([^\W\d])\1{2,}")
_DOUBLE = re.compile(r"(.)\1+")
_HAS_ARABIC = re.compile(r"[\u0621-\u064a]")
#: Emphatics and their plain sisters are written one for the other by ear: ضابا for دابا.
_ARABIC_SOUNDS = str.maketrans("ثذظضطص", "تددد" + "تس")
_LATIN_PAIRS = (
    ("tch", "S"), ("kh", "X"), ("gh", "G"), ("sh", "S"), ("ch", "S"), ("x", "S"), ("ph", "f"), ("que", "ke"), ("qui", "ki"), ("qua", "ka"),
    ("ck", "k"), ("dj", "j"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ce", "s"), ("ci", "si"),
)  # fmt: skip
_LATIN_SOUNDS = str.maketrans(
    {
        "5": "X",
        "4": "G",
        "7": "h",
        "8": "h",
        "9": "k",
        "6": "t",
        "2": "",
        "o": "u",
        "w": "u",
        "q": "k",
        "c": "k",
        "y": "i",
        "p": "b",
        "v": "f",
        "'": "",
    }
)


def clean(text: str) -> str:
    """Lower case, Western digits, no accents, marks, tatweel, control or direction characters, no letter three times; line ends become spaces."""
    if text.isascii() and text.isprintable():  # half of what is written: nothing below changes more of it
        return _LONG.sub(r"\1\1", text.lower().replace("`", "'"))
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIGNS)
    text = unicodedata.normalize("NFKD", text.translate(_ARABIC_LETTERS))
    kept = []
    for char in text:
        if char.isascii():
            kept.append(char if char.isprintable() else " ")
            continue
        kind = unicodedata.category(char)
        if kind[0] == "M" or kind[0] == "C":
            continue
        kept.append(str(unicodedata.digit(char)) if kind == "Nd" else " " if kind[0] == "Z" else char)
    return _LONG.sub(r"\1\1", "".join(kept).translate(_ARABIC_LETTERS))


def slips(word: str) -> frozenset[str]:
    """What a hurried thumb makes of a long word: one letter lost, or two neighbours swapped. The first letter stays; nothing for fewer than six."""
    if len(word) < 6:
        return frozenset()
    lost = {word[:at] + word[at + 1 :] for at in range(1, len(word) - 1)}
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)}
    return frozenset((lost | swapped) - {word})


def is_arabic(word: str) -> bool:
    return bool(_HAS_ARABIC.search(word))


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """The sound of one cleaned word, letters only by their class: "ghedda", "4da", "ghda" agree; "غذا", "غدا" agree. Numbers stay as they are.

    Latin: Arabizi digits become letters, e (a schwa in Darija) falls, o/ou/w and i/y merge, doubles become single.
    Arabic: emphatics become plain, a final ه reads ا, doubles become single. The article stays: see `stems`.
    """
    if word.isdigit():
        return word
    if is_arabic(word):
        word = _DOUBLE.sub(r"\1", word.translate(_ARABIC_SOUNDS).replace("ء", ""))
        return word[:-1] + "ا" if word.endswith("ه") and len(word) > 2 else word
    for pair, one in _LATIN_PAIRS:
        word = word.replace(pair, one)
    word = word.translate(_LATIN_SOUNDS)
    bare = word[:1] + word[1:].replace("e", "")
    return _DOUBLE.sub(r"\1", bare) or word


_LATIN_PREFIXES = ("l", "el", "al", "il", "f", "fl", "fel", "b", "bl", "bel", "d", "dl", "del", "w", "wl", "wel", "n", "li", "lil", "ll", "h")
_ARABIC_PREFIXES = ("ال", "ل", "لل", "ف", "فال", "فل", "ب", "بال", "بل", "و", "وال", "ول", "د", "دال", "دل", "ك", "كال", "ه", "ن", "لال", "ولل")


@lru_cache(maxsize=50_000)
def bare(word: str) -> tuple[str, ...]:
    """The word, then what is left without the small words that stick to its front (l-, f-, b-, d-, w-, ال, و, ف, ب, ل), unfolded.

    What is left keeps at least three letters, two after an Arabic article. "flmaarif" -> (..., "maarif"); "فالصباح" -> (..., "صباح").
    """
    found = [word]
    arabic = is_arabic(word)
    for prefix in _ARABIC_PREFIXES if arabic else _LATIN_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= (2 if arabic and prefix.endswith("ال") else 3):
            rest = word[len(prefix) :].lstrip("'-")
            if rest and rest not in found:
                found.append(rest)
    return tuple(found)


@lru_cache(maxsize=50_000)
def stems(word: str) -> tuple[str, ...]:
    """`bare`, folded."""
    return tuple(dict.fromkeys(map(fold, bare(word))))
