"""Finds a threat to hurt somebody by its words, so that a person always hears of it, whatever the trained reader makes of the message."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import yaml

from bot.brain import answers

DATA = Path(__file__).parents[2] / "prompts" / "threats.yaml"


@lru_cache(maxsize=8192)
def threatens(text: str) -> bool:
    """Whether a phrase of prompts/threats.yaml occurs in the text, and nothing that makes it harmless."""
    folded = f" {answers.fold(text)} "
    lists = _lists()
    return any(f" {phrase} " in folded for phrase in lists["threats"]) and not any(f" {phrase} " in folded for phrase in lists["unless"])


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    raw: dict[str, list[object]] = yaml.load(DATA.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {name: tuple(dict.fromkeys(answers.fold(str(p)) for p in phrases)) for name, phrases in raw.items()}
