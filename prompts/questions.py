"""Reads how people ask for each section of the knowledge documents (prompts/questions/<locale>.yaml), for the search and for training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from domain.engagement.reply import LOCALES, language_script_of
from domain.files import read_yaml

FOLDER = Path(__file__).parent / "questions"


class BadQuestions(ValueError):
    """A question file that cannot be used; the message says where and how to mend it."""


@dataclass(frozen=True)
class Question:
    """One question as a person wrote it. `topic` names a document, `section` one of its headings."""

    text: str
    language: str
    script: str
    topic: str
    section: str
    locale: str


def load(folder: Path = FOLDER) -> list[Question]:
    """All questions, by locale and in file order. Raises BadQuestions, naming file and question, for an entry that is no text or stands twice."""
    found: list[Question] = []
    for locale in LOCALES:
        seen: dict[str, str] = {}
        path = folder / f"{locale}.yaml"
        if not path.exists():
            raise BadQuestions(f"{path} is missing; write it as topic -> section -> list of questions")
        language, script = language_script_of(locale)
        for topic, section, text in _entries(path):
            where = f"{path.name}: {topic}: {section}"
            if text.casefold() in seen:
                raise BadQuestions(f"{where}: {text!r} stands already under {seen[text.casefold()]}; keep one of them")
            seen[text.casefold()] = where
            found.append(Question(text, language, script, topic, section, locale))
    return found


def off_topic(folder: Path = FOLDER) -> list[tuple[str, str]]:
    """(locale, question) that no document answers: the search weighs them against those that it can answer."""
    data: dict[str, list[str]] = read_yaml(folder / "off_topic.yaml")
    if unknown := set(data) - set(LOCALES):
        raise BadQuestions(f"off_topic.yaml: unknown locale {min(unknown)!r}; one of {', '.join(LOCALES)}")
    return [(locale, text) for locale, texts in data.items() for text in texts]


def _entries(path: Path) -> list[tuple[str, str, str]]:
    """(topic, section, question) of one file."""
    try:
        data: Any = read_yaml(path) or {}
    except yaml.YAMLError as error:
        raise BadQuestions(f"{path.name}: cannot be read: {error}; put each question between quotes") from None
    if not isinstance(data, dict):
        raise BadQuestions(f"{path.name}: must be topic -> section -> list of questions")
    entries = []
    for topic, sections in data.items():
        if not isinstance(sections, dict):
            raise BadQuestions(f"{path.name}: {topic}: name the sections of the document below it")
        for section, questions in sections.items():
            if not isinstance(questions, list):
                raise BadQuestions(f"{path.name}: {topic}: {section}: must be a list of questions")
            for text in questions:
                if not isinstance(text, str) or not text.strip():
                    raise BadQuestions(f"{path.name}: {topic}: {section}: {text!r} is no question; put it between quotes")
                entries.append((topic, section, text.strip()))
    return entries
