"""Finds a threat to hurt somebody by its words, so that a person always hears of it, whatever the trained reader makes of the message."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.brain import answers

DATA = Path(__file__).parents[2] / "prompts" / "threats.yaml"


@lru_cache(maxsize=8192)
def threatens(text: str) -> bool:
    """Whether a phrase of prompts/threats.yaml occurs in the text, and nothing that makes it harmless."""
    lists = answers.phrases_of(DATA)
    return answers.mentions(text, lists["threats"]) and not answers.mentions(text, lists["unless"])
