"""Cuts questions and documents into what the index counts: words, spellings by ear, and pieces of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

WORD = re.compile(r"[^\W_]+")
SAME_LETTER = str.maketrans("ىةؤئگڭپڤ", "يهوءككبف")
BY_EAR = [("kh", "x"), ("5", "x"), ("gh", "g"), ("4", "g"), ("ch", "c"), ("sh", "c"), ("7", "h"), ("9", "q"), ("k", "q"), ("ou", "u"), ("ph", "f")]
VOWELS = re.compile(r"(?<=.)[aeiouy3']")
DOUBLED = re.compile(r"(.)\1+")
ARABIC_PREFIX = re.compile(r"^(?:وال|بال|فال|كال|لل|ال)(?=\w{3})")


def fold(text: str) -> str:
    """Lower case, no accents or Arabic vowel signs, one spelling per Arabic letter, Western digits."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    bare = bare.replace("ـ", "").translate(SAME_LETTER)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in bare)


def words(text: str) -> list[str]:
    return [ARABIC_PREFIX.sub("", w) for w in WORD.findall(fold(text))]


def features(text: str) -> Iterator[tuple[str, float]]:
    """(feature, weight): whole words count most, then how they sound, then their pieces, which forgive spelling."""
    for word in words(text):
        yield f"w:{word}", 1.0
        sound = by_ear(word)
        if len(sound) > 1 and not sound.isdigit():
            yield f"s:{sound}", 0.7
        padded = f" {word} "
        for size, weight in ((3, 0.25), (4, 0.3)):
            for i in range(len(padded) - size + 1):
                yield padded[i : i + size], weight


def by_ear(word: str) -> str:
    """The consonants a Moroccan hears, whatever letters were used: "ghedda" and "4eda" -> "gd"."""
    for written, heard in BY_EAR:  # in this order: "kh" before "k"
        word = word.replace(written, heard)
    return DOUBLED.sub(r"\1", VOWELS.sub("", word))
