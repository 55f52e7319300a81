"""Brings the many spellings of one message together before anything is read from it: case, accents, Arabic variants, Arabizi."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 2000  # characters read of one message: its beginning and its end

_ARABIC = str.maketrans("أإآٱىئؤةڭگڤپکیە", "ااااييوهككفبكيه", "ـ")
_REPEAT = re.compile(r"(.)\1{2,}")
_NUMBER = re.compile(r"(?<!\w)\d{2,}(?=\W|_|[hm]\b|h\d|dh|mad|min|$)")
_REF = re.compile(r"\bbr[\s-]*\d{2,}")
_PHONE = re.compile(r"(?<!\w)(?:\+|00)?\d(?:[\s.-]?\d){8,12}(?!\w)")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|<\w+>|[^\w\s]")
_ARABIC_LETTER = re.compile(r"[\u0621-\u064a\u066e-\u06d3\u06fa-\u06ff]")
_LATIN_LETTER = re.compile(r"[A-Za-zÀ-ɏ]")

# Consonants the two scripts share; vowels and glides are dropped, because Arabizi writes them as it likes.
_DIGRAPHS = (("kh", "X"), ("gh", "R"), ("ch", "S"), ("sh", "S"), ("ph", "f"), ("qu", "k"), ("ou", "w"), ("ck", "k"))
_LATIN = {
    "2": "", "3": "E", "4": "R", "5": "X", "6": "t", "7": "h", "8": "h", "9": "k", "a": "", "b": "b", "c": "k", "d": "d", "e": "", "f": "f",
    "g": "g", "h": "h", "i": "", "j": "j", "k": "k", "l": "l", "m": "m", "n": "n", "o": "", "p": "b", "q": "k", "r": "r", "s": "s", "t": "t",
    "u": "", "v": "f", "w": "w", "x": "S", "y": "y", "z": "z", "'": "", "’": "",
}  # fmt: skip
_ARAB = dict(zip("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", ["", *"bttjhXddrzsSsdtdERfkklmnhwy"], strict=True))


def normalise(text: str) -> str:
    """Lower case, no accents or Arabic marks, one form per Arabic letter, no letter three times, long numbers by shape ("0655.." -> "<phone>")."""
    if len(text) > LONGEST:
        text = text[: LONGEST * 3 // 4] + " " + text[-LONGEST // 4 :]
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(c for c in text if not unicodedata.combining(c) and (c.isspace() or unicodedata.category(c)[0] != "C"))
    text = text.translate(_ARABIC).replace("’", "'").replace("œ", "oe")
    text = "".join(str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() and unicodedata.digit(c, None) is not None else c for c in text)
    text = _REPEAT.sub(r"\1\1", text)
    text = _REF.sub("<ref>", text)
    text = _PHONE.sub("<phone>", text)
    text = _NUMBER.sub(lambda m: "0" * len(m.group()), text)
    return " ".join(text.split())


def tokens(normal: str) -> list[str]:
    """Words, numbers, placeholders and single signs of a normalised text."""
    return _TOKEN.findall(normal)


def skeleton(word: str) -> str:
    """The consonants of a word in one alphabet for both scripts: "3afak", "3fk", "عافاك" -> "Efk"; "" for signs and numbers."""
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


def script_of(text: str, fallback: str = "latn") -> str:
    """`arab` or `latn`, by which letters are more; `fallback` where there are none (a number, an emoji)."""
    arabic, latin = len(_ARABIC_LETTER.findall(text)), len(_LATIN_LETTER.findall(text))
    if not arabic and not latin:
        return fallback
    return "arab" if arabic >= latin else "latn"


def letters(text: str) -> int:
    """How many letters a text has."""
    return sum(c.isalpha() for c in text[:LONGEST])
