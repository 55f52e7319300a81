"""Sentences no training file holds, by the intent a person would give them; known failures are listed and cannot rot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.brain.understanding import Understander, load
from domain.engagement.reply import LOCALES
from prompts.sentences import load as training
from prompts.sentences import plain

HERE = Path(__file__).parent


def expected() -> list[tuple[str, str, str, str | None, str]]:
    """(locale, role, text, context, intent) of every <locale>/<role>.yaml."""
    found = []
    for locale in LOCALES:
        for role in ("client", "technician"):
            path = HERE / locale / f"{role}.yaml"
            if path.is_file():
                for intent, entries in yaml.safe_load(path.read_text(encoding="utf-8")).items():
                    for entry in entries:
                        said: dict[str, Any] = entry if isinstance(entry, dict) else {"text": str(entry)}
                        found.append((locale, role, said["text"], said.get("context"), intent))
    return found


def known_failures() -> set[str]:
    return {text for path in HERE.glob("*/_known_failures.yaml") for text in yaml.safe_load(path.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def reader() -> Understander:
    return load()


@pytest.mark.parametrize(("locale", "role", "text", "context", "intent"), expected())
def test_a_sentence_nobody_trained_on_is_understood(
    reader: Understander, locale: str, role: Any, text: str, context: str | None, intent: str
) -> None:
    read = reader.understand(text, role=role, context=context)
    right = intent in read.intents
    if text in known_failures():
        assert not right, f"{text!r} is read right now: strike it from tests/sentences/{locale}/_known_failures.yaml"
    else:
        assert right, f"read as {read.intents} ({read.confidence:.2f})"


def test_these_sentences_are_not_in_the_training_files() -> None:
    trained = {plain(s.text) for s in training() if len(plain(s.text).split()) > 3}
    assert not [text for _, _, text, _, _ in expected() if plain(text) in trained]
