"""Finds danger by rule (gas, fire, current, water near current, someone locked in or hurt, a flood), so that no training accident can lose it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.brain.understanding.normalise import clipped
from domain.files import read_yaml

RULES = Path(__file__).parents[3] / "prompts" / "system" / "danger.yaml"
MARKS = re.compile("[\u064b-\u0652\u0640\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SAME_LETTER = str.maketrans("أإآٱىةؤئگڭ", "اااايهويكك")
ARABIZI = re.compile(r"(?<=[a-z])[7954]|[7954](?=[a-z])")
ARABIZI_LETTER = {"7": "h", "9": "q", "5": "kh", "4": "gh"}
OPENS = r"\b"
DOUBLED = re.compile(r"([a-z])\1+")


@dataclass(frozen=True)
class Rule:
    """Holds when one of `needs` is found and `unless` is not found in the same sentence.

    A need: the word lists it cannot do without, and its pattern.
    """

    name: str
    needs: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    unless: re.Pattern[str] | None


def find_hazard(text: str) -> str | None:
    """The first danger of prompts/system/danger.yaml that a sentence of `text` tells of ("gas"), or None."""
    whole = _Said(folded(clipped(text, "\n")))
    possible = [rule for rule in _data()["rules"] if any(all(map(whole.has, lists)) for lists, _ in rule.needs)]
    for sentence in re.split(r"[.!?؟\n;]+", whole.text) if possible else ():
        said = _Said(sentence, whole)
        for rule in possible:
            if _needed(rule, said) and not (rule.unless and rule.unless.search(sentence)):
                return str(rule.name)
    return None


class _Said:
    """Which word lists have a word in a text, or in a sentence of `whole`: looked up once each, and in no sentence what the whole has not."""

    def __init__(self, text: str, whole: _Said | None = None) -> None:
        self.text = text
        self._whole = whole
        self._has: dict[str, bool] = {}

    def has(self, words: str) -> bool:
        if words not in self._has:
            self._has[words] = (self._whole is None or self._whole.has(words)) and bool(_data()["words"][words].search(self.text))
        return self._has[words]


def _needed(rule: Rule, said: _Said) -> bool:
    """Whether a need of the rule is found; a pattern is only tried where each of its word lists has a word."""
    return any(all(map(said.has, lists)) and pattern.search(said.text) for lists, pattern in rule.needs)


def names_a_number(text: str) -> bool:
    """True when the text tells to call an emergency number: the number alone could be a price or an hour."""
    return bool(_data()["number"].search(folded(text)))


def folded(text: str) -> str:
    """One way of writing: see the head of prompts/system/danger.yaml."""
    text = MARKS.sub("", text.casefold()).translate(SAME_LETTER)
    text = "".join(str(int(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = ARABIZI.sub(lambda m: ARABIZI_LETTER[m[0]], text)
    return DOUBLED.sub(r"\1", text)


@cache
def _data() -> dict[str, Any]:
    raw = read_yaml(RULES)
    words: dict[str, list[str]] = raw["words"]

    def pattern(text: str) -> re.Pattern[str]:
        """`{gas}` stands for any word of that list."""
        return re.compile(re.sub(r"\{([a-z_]+)\}", lambda m: any_of(words[m[1]]), text))

    rules = [
        Rule(r["name"], tuple((_surely(n), pattern(n)) for n in r["need"]), pattern("|".join(r["unless"])) if r.get("unless") else None)
        for r in raw["rules"]
    ]
    number = pattern("|".join(n.replace("{number}", raw["number"]) for n in raw["names_a_number"]))
    return {"rules": rules, "words": {name: pattern("{" + name + "}") for name in words}, "number": number}


def any_of(forms: Sequence[str]) -> str:
    """A pattern of any of the forms. What begins a word is tried where a word begins, once for all of them: four times as fast."""
    opening = [form.removeprefix(OPENS) for form in forms if form.startswith(OPENS)]
    return "(?:" + "|".join([*([rf"{OPENS}(?:{'|'.join(opening)})"] if opening else []), *(f for f in forms if not f.startswith(OPENS))]) + ")"


def _surely(need: str) -> tuple[str, ...]:
    """The word lists a need cannot do without: those outside its choices in brackets, when it is no choice as a whole."""
    outside = need
    while (shorter := re.sub(r"\([^()]*\)[?*]?", "", outside)) != outside:
        outside = shorter
    return () if "|" in outside else tuple(dict.fromkeys(re.findall(r"\{([a-z_]+)\}(?!\?)", outside)))
