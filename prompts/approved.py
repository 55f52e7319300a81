"""The notices that are registered as templates at a provider: their names, languages and variables, read from prompts/templates/."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from domain.engagement.reply import LOCALES
from domain.files import read_yaml
from prompts import replies

FILE = Path(__file__).parent / "templates" / "whatsapp.yaml"
FOLDER_OF_WORDS = "notices"
LONGEST_BODY, LONGEST_VALUE = 1024, 300  # characters; Meta counts the body with its values


@dataclass(frozen=True)
class Template:
    """One template in one language. `body` has `{name}` where a value goes; `buttons` are titles."""

    name: str
    language: str
    body: str
    buttons: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """In the order of the body."""
        return tuple(dict.fromkeys(re.findall(r"\{(\w+)\}", self.body)))

    def values(self, given: Mapping[str, Any]) -> dict[str, str] | None:
        """The body's variables with their values as a provider takes them: one line, never empty. None where one is missing."""
        found = {name: re.sub(r"\s*\n\s*", " / ", str(given.get(name) or "").strip())[:LONGEST_VALUE] for name in self.variables}
        found = {name: re.sub(r"\s+", " ", value) for name, value in found.items()}
        return found if all(found.values()) else None

    def definition(self) -> dict[str, Any]:
        """What Meta's message_templates endpoint takes to register it."""
        named = [{"param_name": name, "example": example(name)} for name in self.variables]
        body: dict[str, Any] = {"type": "BODY", "text": re.sub(r"\{(\w+)\}", r"{{\1}}", self.body)}
        if named:
            body["example"] = {"body_text_named_params": named}
        buttons = [{"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": title} for title in self.buttons]}] if self.buttons else []
        kind = {"category": "UTILITY", "parameter_format": "NAMED"}
        return {"name": self.name, "language": self.language, **kind, "components": [body, *buttons]}


def find(key: str, locale: str) -> Template | None:
    """The template of an entry of the replies ("notices.reminder"); None where it is not registered."""
    file, _, entry = key.partition(".")
    return _all().get((entry, locale)) if file == FOLDER_OF_WORDS else None


def language(locale: str) -> str:
    """The provider's code of one of our locales."""
    return str(_read()["languages"][locale]["code"])


def everything() -> list[Template]:
    """Every template of every language."""
    return list(_all().values())


def example(variable: str) -> str:
    """A value for the provider's reviewer."""
    return str(_read()["examples"].get(variable, variable))


@cache
def _read() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(FILE)
    return raw


@cache
def _all() -> dict[tuple[str, str], Template]:
    return {(entry, locale): _template(entry, locale, spec or {}) for entry, spec in _read()["templates"].items() for locale in LOCALES}


def _template(entry: str, locale: str, spec: Mapping[str, Any]) -> Template:
    about, words = _read()["languages"][locale], replies.entries(locale)
    body = about["prefix"] + (spec.get("words", {}).get(locale) or words[f"{FOLDER_OF_WORDS}.{entry}"][0])
    buttons = tuple(words[f"{FOLDER_OF_WORDS}.{button}"][0] for button in spec.get("buttons", ()))
    return Template(f"bricol_{entry}{about['suffix']}", about["code"], body, buttons)
