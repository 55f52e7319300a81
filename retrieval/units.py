"""What is searched: every paragraph, every question known to ask for it, and questions known to ask for something else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from prompts.questions import Question
from retrieval.documents import Section, fingerprint

Kind = Literal["paragraph", "question", "foreign"]
KINDS: tuple[Kind, ...] = ("paragraph", "question", "foreign")
Key = tuple[str, str]  # topic, section: the same in every locale


@dataclass(frozen=True)
class Unit:
    """One text to be found. `id` says where it stands; `key` which section answers it (None for a foreign question)."""

    id: str
    kind: Kind
    key: Key | None
    locale: str
    text: str


def units_of(sections: Iterable[Section], questions: Iterable[Question], foreign: Sequence[tuple[str, str]]) -> list[Unit]:
    """All units, ids unique and stable: a paragraph's is its source, a question's its section and the hash of its words."""
    found = [Unit(s.source, "paragraph", s.key, s.locale, f"{s.title}. {s.text}") for s in sections]
    found += [Unit(f"{q.locale}/{q.topic}#{q.section}?{fingerprint(q.text)}", "question", (q.topic, q.section), q.locale, q.text) for q in questions]
    found += [Unit(f"{locale}/foreign?{fingerprint(text)}", "foreign", None, locale, text) for locale, text in foreign]
    return list({unit.id: unit for unit in found}.values())
