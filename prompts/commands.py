"""Reads prompts/commands.yaml: what a chat app's /command stands for in the person's own words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from domain.files import read_yaml

FILE = Path(__file__).parent / "commands.yaml"


def words_of(command: str, language: str) -> str | None:
    """The words of a command ("start") for who reads `language` (an IETF tag such as "fr-MA"); None for a command we do not have."""
    known = _read().get(command)
    return None if known is None else known.get(language.partition("-")[0].lower(), known["other"])


@cache
def _read() -> dict[str, dict[str, str]]:
    raw: dict[str, dict[str, str]] = read_yaml(FILE)
    return raw
