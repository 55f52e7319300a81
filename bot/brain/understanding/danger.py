"""Finds danger by rule (gas, sparks, water near current, someone locked in), so that no training accident can lose it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.brain.understanding.normalise import normalise

RULES = Path(__file__).parents[3] / "prompts" / "sentences" / "danger.yaml"


@dataclass(frozen=True)
class Rule:
    """Holds when each of `need` is found and none of `unless`."""

    name: str
    need: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]


class DangerRules:
    def __init__(self, path: Path = RULES) -> None:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        words: dict[str, list[str]] = loaded["words"]

        def compiled(names: list[str]) -> tuple[re.Pattern[str], ...]:
            return tuple(re.compile("|".join(rf"(?:{part})" for part in words[name])) for name in names)

        self._rules = [Rule(r["name"], compiled(r["need"]), compiled(r.get("unless", []))) for r in loaded["rules"]]

    def find(self, text: str) -> str | None:
        """The name of the first rule that holds ("gas"), or None."""
        normal = normalise(text)
        for rule in self._rules:
            if all(p.search(normal) for p in rule.need) and not any(p.search(normal) for p in rule.unless):
                return rule.name
        return None
