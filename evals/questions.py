"""Reads the questions that measure the search: evals/questions/test.yaml and tuning.yaml, never trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.files import read_yaml

FOLDER = Path(__file__).parent / "questions"


@dataclass(frozen=True)
class Asked:
    """A question of a test; `topic` and `section` are None where no document answers."""

    text: str
    locale: str
    topic: str | None = None
    section: str | None = None


def load(name: str, folder: Path = FOLDER) -> list[Asked]:
    """`name`: "test" or "tuning"."""
    data: dict[str, Any] = read_yaml(folder / f"{name}.yaml")
    foreign: dict[str, list[str]] = data.pop("off_topic")
    found = [Asked(text, locale, *answer.split("/")) for locale, entries in data.items() for answer, text in entries]
    return found + [Asked(text, locale) for locale, texts in foreign.items() for text in texts]
