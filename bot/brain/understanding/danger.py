"""Finds danger by rule (gas, fire, current, water near current, someone locked in or hurt, a flood), so that no training accident can lose it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[3] / "prompts" / "system" / "danger.yaml"
MARKS = re.compile("[\u064b-\u0652\u0640\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SAME_LETTER = str.maketrans("أإآٱىةؤئگڭ", "اااايهويكك")
ARABIZI = re.compile(r"(?<=[a-z])[7954]|[7954](?=[a-z])")
ARABIZI_LETTER = {"7": "h", "9": "q", "5": "kh", "4": "gh"}
DOUBLED = re.compile(r"([a-z])\1+")


@dataclass(frozen=True)
class Rule:
    """Holds when `need` is found and `unless` is not found in the same sentence."""

    name: str
    need: re.Pattern[str]
    unless: re.Pattern[str] | None


def find_hazard(text: str) -> str | None:
    """The first danger of prompts/system/danger.yaml that a sentence of `text` tells of ("gas"), or None."""
    for sentence in re.split(r"[.!?؟\n;]+", folded(text)):
        for rule in _data()["rules"]:
            if rule.need.search(sentence) and not (rule.unless and rule.unless.search(sentence)):
                return str(rule.name)
    return None


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
    raw = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    words: dict[str, list[str]] = raw["words"]

    def pattern(text: str) -> re.Pattern[str]:
        """`{gas}` stands for any word of that list."""
        return re.compile(re.sub(r"\{([a-z_]+)\}", lambda m: "(?:" + "|".join(words[m[1]]) + ")", text))

    rules = [
        Rule(r["name"], re.compile("|".join(pattern(n).pattern for n in r["need"])), pattern("|".join(r["unless"])) if r.get("unless") else None)
        for r in raw["rules"]
    ]
    return {"rules": rules, "number": pattern("|".join(n.replace("{number}", raw["number"]) for n in raw["names_a_number"]))}
