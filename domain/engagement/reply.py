"""What the agent says in one turn, before any channel gives it a form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Language = Literal["ary", "fr", "ar", "en"]
Script = Literal["latn", "arab"]
Awaiting = Literal[
    "service", "place", "time", "choice", "confirm", "name", "rating",
    "amount", "reason", "photo", "booking", "code", "language",
]  # fmt: skip

#: The five language-scripts we write, by the name of their folder under `prompts/`.
LOCALES = ("ary-Latn", "ary-Arab", "fr", "ar", "en")


def locale_of(language: str, script: str) -> str:
    """The folder of a language and script: ('ary', 'latn') -> 'ary-Latn'; French and English are Latin, ar Arabic."""
    if language == "ary":
        return "ary-Arab" if script == "arab" else "ary-Latn"
    return language


def language_script_of(locale: str) -> tuple[Language, Script]:
    """The inverse of `locale_of`."""
    if locale.startswith("ary"):
        return "ary", "arab" if locale.endswith("Arab") else "latn"
    if locale not in LOCALES:
        raise ValueError(f"unknown locale {locale!r}; one of {', '.join(LOCALES)}")
    return locale, "arab" if locale == "ar" else "latn"  # type: ignore[return-value]


@dataclass(frozen=True)
class Option:
    """One answer a person can tap: becomes a button, a list row, or a number in plain text."""

    title: str  # what the person reads, <= 20 characters where a channel needs a button
    payload: str  # what comes back when tapped; also understood when typed
    description: str = ""


@dataclass(frozen=True)
class Reply:
    """One turn's words. `awaiting` names what the agent now waits for; null when it waits for nothing."""

    text: str
    language: Language
    script: Script
    awaiting: Awaiting | None = None
    options: tuple[Option, ...] = ()
    key: str = ""  # the entry of prompts/replies it came from; "" when a language model wrote it
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def locale(self) -> str:
        return locale_of(self.language, self.script)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Reply:
        return cls(**{**data, "options": tuple(Option(**o) for o in data.get("options", ()))})
