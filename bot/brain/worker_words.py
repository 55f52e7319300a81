"""Finds in a technician's words what settles their meaning, where the trained reader may take it for something else."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.brain import answers

DATA = Path(__file__).parents[2] / "prompts" / "technicians.yaml"


@lru_cache(maxsize=8192)
def worker_says(name: str, text: str) -> bool:
    """Whether a phrase of a list of prompts/technicians.yaml occurs in the text."""
    return answers.mentions(text, answers.phrases_of(DATA)[name])
