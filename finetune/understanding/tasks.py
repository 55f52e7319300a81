"""What is asked of a message in training: one task per head, with its labels and what each of our sentences teaches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from bot.brain.understanding.entities import extract
from prompts.sentences import Sentence, names

LANGUAGES = ["ary", "fr", "ar", "en"]


@dataclass(frozen=True)
class Task:
    """One head: its labels, and which (label, weight) pairs each sentence teaches; none leaves the sentence out."""

    name: str
    labels: list[str]
    teach: Callable[[Sentence], list[tuple[str, float]]]
    strength: float = 30.0


@cache
def trade(text: str, role: str) -> str:
    """The service a word of the text names ("fin lplombier"), where its writer did not label one; else "none"."""
    return str(extract(text, role=role, context=None, now=None).get("service", "none"))


def contexts_of_groups(sentences: Sequence[Sentence]) -> dict[str, list[str]]:
    """group -> what was said before each of its sentences: any of it may stand before any of them."""
    found: dict[str, list[str]] = {}
    for s in sentences:
        if s.group and s.context:
            found.setdefault(s.group, []).append(s.context)
    return found


def tasks() -> list[Task]:
    """Every head's task, in the order of the heads."""
    lists = names()

    def intents(role: str) -> Callable[[Sentence], list[tuple[str, float]]]:
        known = set(lists[f"{role}_intents"])

        def teach(s: Sentence) -> list[tuple[str, float]]:
            if s.role != role and not (role == "technician" and set(s.intents) <= known):
                return []
            share = 1.0 if s.role == role else 0.4  # what a client says to greet or agree, a technician says too
            return [(name, share * (1.0 if at == 0 else 0.6) / (1 + 0.6 * (len(s.intents) - 1))) for at, name in enumerate(s.intents)]

        return teach

    return [
        Task("client", lists["client_intents"], intents("client")),
        Task("technician", lists["technician_intents"], intents("technician")),
        Task("urgency", lists["urgency"], lambda s: [(s.urgency, 1.0)]),
        Task("sentiment", lists["sentiment"], lambda s: [(s.sentiment, 1.0)], 10.0),
        Task("danger", ["false", "true"], lambda s: [(str(s.danger).lower(), 1.0)]),
        Task("service", [*lists["services"], "none"], lambda s: [(s.entities.get("service") or trade(s.text, s.role), 1.0)]),
        Task("language", LANGUAGES, lambda s: [] if s.intents[0] == "change_language" else [(s.language, 1.0)]),
    ]
