"""Writes a message again as another thumb would have typed it: Arabizi digits, dropped vowels, lost accents, French by ear."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

from bot.brain.understanding.normalise import script_of

_ARABIZI = [
    ("3", "a", 0.25), ("3", "e", 0.05), ("7", "h", 0.5), ("h", "7", 0.05), ("9", "q", 0.3), ("9", "k", 0.35), ("q", "9", 0.5), ("kh", "5", 0.3), ("kh", "x", 0.15),
    ("gh", "4", 0.25), ("gh", "3'", 0.03), ("ch", "sh", 0.3), ("ch", "x", 0.2), ("x", "ch", 0.4), ("ou", "o", 0.5), ("ou", "u", 0.2), ("o", "ou", 0.2), ("u", "o", 0.3),
    ("w", "ou", 0.1), ("i", "y", 0.12), ("y", "i", 0.25), ("e", "", 0.25), ("a", "e", 0.06), ("i", "", 0.06), ("dyal", "d", 0.15), ("dyal", "dial", 0.4),
    ("ee", "i", 0.3), ("aa", "a", 0.6), ("'", "", 0.5), ("g", "gu", 0.03), ("oua", "wa", 0.5),
]  # fmt: skip
_FRENCH = [
    ("qu", "k", 0.4), ("est-ce que", "esk", 0.3), ("c'est", "c", 0.4), ("vous", "vs", 0.25), ("pour", "pr", 0.25), ("avec", "avc", 0.2), ("dans", "ds", 0.25),
    ("pas", "pa", 0.15), ("j'ai", "jai", 0.5), ("s'il vous plait", "svp", 0.5), ("ph", "f", 0.1), ("eau", "o", 0.1), ("ez", "er", 0.15), ("er", "é", 0.1), ("ss", "s", 0.1),
    ("ent ", "e ", 0.1), ("es ", "e ", 0.15), ("'", "", 0.4), ("-", " ", 0.4), ("toujours", "tjrs", 0.3), ("rendez-vous", "rdv", 0.5), ("beaucoup", "bcp", 0.3), ("quelqu'un", "qqn", 0.4),
    ("demain", "dmn", 0.1), ("bonjour", "bjr", 0.3), ("aujourd'hui", "auj", 0.2),
]  # fmt: skip
_ENGLISH = [("you", "u", 0.2), ("please", "pls", 0.3), ("are", "r", 0.1), ("'", "", 0.5), ("tomorrow", "tmrw", 0.3), ("because", "cuz", 0.3), ("ing ", "in ", 0.1)]
_ARAB = [
    ("أ", "ا", 0.6), ("إ", "ا", 0.7), ("آ", "ا", 0.5), ("ة", "ه", 0.35), ("ى", "ي", 0.5), ("ئ", "ي", 0.2), ("ق", "ك", 0.04), ("ڭ", "ك", 0.5), ("گ", "ك", 0.5),
    ("ث", "ت", 0.3), ("ذ", "د", 0.3), ("ظ", "ض", 0.15), ("ض", "ظ", 0.05), ("ديال", "د", 0.12), ("ف ", "ف", 0.2), ("ال", "ل", 0.1), ("و", "وو", 0.01), ("،", "", 0.5),
]  # fmt: skip
_TABLES = {"ary-latn": _ARABIZI, "fr-latn": _FRENCH, "en-latn": _ENGLISH, "ary-arab": _ARAB, "ar-arab": _ARAB}


def noisy(text: str, language: str, draw: random.Random) -> str:
    """One plausible respelling of `text`; the same seed gives the same one. Length changes little, meaning should not."""
    steps: list[Callable[[str, random.Random], str]] = [_drop_signs, _thumb, _stretch]
    text = _respell(text, _TABLES[f"{language}-{script_of(text, 'arab' if language == 'ar' else 'latn')}" if language != "fr" else "fr-latn"], draw)
    if draw.random() < 0.5:
        text = _no_accents(text)
    for step in steps:
        if draw.random() < 0.35:
            text = step(text, draw)
    return text if text.strip() else " "


def _respell(text: str, table: list[tuple[str, str, float]], draw: random.Random) -> str:
    # one decision per spelling habit and message: a person who writes 7 writes it everywhere
    for old, new, chance in table:
        if old in text and draw.random() < chance:
            if len(old) == 1 and draw.random() < 0.4:
                text = re.sub(re.escape(old), lambda m, new=new: new if draw.random() < 0.5 else m.group(), text)
            else:
                text = text.replace(old, new)
    return text


def _no_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _drop_signs(text: str, draw: random.Random) -> str:
    return re.sub(r"[,.;:!?؟،…]+", " " if draw.random() < 0.8 else "..", text)


def _thumb(text: str, draw: random.Random) -> str:
    """One slip: a letter lost, doubled or swapped with its neighbour; digits are left alone."""
    places = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if len(places) < 6:
        return text
    at = draw.choice(places)
    kind = draw.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _stretch(text: str, draw: random.Random) -> str:
    words = text.split(" ")
    at = draw.randrange(len(words))
    if len(words[at]) > 2 and words[at][-1].isalpha():
        words[at] += words[at][-1] * draw.randrange(1, 4)
    return " ".join(words)
