"""Writes a message again as another thumb would have typed it: Arabizi digits, dropped vowels, lost accents, French by ear."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import prompts.sentences
from bot.brain.understanding.normalise import script_of
from domain.files import read_yaml

SPELLING = Path(prompts.sentences.FOLDER) / "spelling.yaml"
ROMANISED = Path(prompts.sentences.FOLDER) / "romanised.yaml"
Table = list[tuple[str, str, float]]


@cache
def tables() -> dict[str, Table]:
    """The respellings of prompts/sentences/spelling.yaml by language."""
    loaded = read_yaml(SPELLING)
    return {name: [(old, new, chance) for old, new, chance in rows] for name, rows in loaded.items()}


def table_of(text: str, language: str) -> Table:
    """The list that fits the script and language of a text."""
    if script_of(text, "arab" if language == "ar" else "latn") == "arab":
        return tables()["arabic"]
    if language == "ary":
        return tables()["latin"]
    return tables()["english" if language == "en" else "french"]


def noisy(text: str, language: str, draw: random.Random) -> str:
    """One plausible respelling of `text`; the same seed gives the same one. Length changes little, meaning should not."""
    steps: list[Callable[[str, random.Random], str]] = [_drop_signs, _thumb, _stretch]
    text = _respell(text, table_of(text, language), draw)
    if draw.random() < 0.5:
        text = _no_accents(text)
    for step in steps:
        if draw.random() < 0.35:
            text = step(text, draw)
    return text if text.strip() else " "


def _respell(text: str, table: Table, draw: random.Random) -> str:
    # one decision per spelling habit and message: a person who writes 7 writes it everywhere
    for old, new, chance in table:
        if old in text and draw.random() < chance:
            if len(old) == 1 and draw.random() < 0.4:
                text = "".join(new if char == old and draw.random() < 0.5 else char for char in text)
            else:
                text = text.replace(old, new)
    return text


def _no_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _drop_signs(text: str, draw: random.Random) -> str:
    return re.sub(r"(?<!\d)[,.;:!?؟،…]+|[,.;:!?؟،…]+(?!\d)", " " if draw.random() < 0.8 else "..", text)


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


def romanised(text: str, draw: random.Random) -> str:
    """Arabic script written the Moroccan way in Latin letters, one plausible spelling out of many; other characters stay."""
    letters: dict[str, list[str]] = romanisation()
    habit = {letter: draw.choice(ways) for letter, ways in letters.items()}  # a person has habits
    vowels = habit[" "].split("|") if habit.get(" ") else ["e"]
    out: list[str] = []
    text = re.sub(r"\bال", habit["ال"], "".join(c for c in text if not unicodedata.combining(c)))
    for at, char in enumerate(text):
        if char not in letters or char == " ":
            out.append(char)
            continue
        out.append(habit[char] if draw.random() < 0.85 else draw.choice(letters[char]))
        follows = text[at + 1] if at + 1 < len(text) else ""
        if char not in "اويىةآأإ" and follows in letters and follows not in " اويىةآأإ" and draw.random() < 0.45:
            out.append(draw.choice(vowels))
    return "".join(out)


@cache
def romanisation() -> dict[str, list[str]]:
    """How each Arabic letter is written in Latin ones; " " holds the vowels that nobody writes in Arabic."""
    found: dict[str, list[str]] = read_yaml(ROMANISED)
    return found
