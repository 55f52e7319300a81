"""How hard the client's words make a job: size, reach and age of the thing, never mood, politeness or hurry."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from domain.files import read_yaml
from domain.spelling import clean, fold

MOST = 1.5  # sd units, either way: words alone say no more


def how_hard(words: str | None) -> float | None:
    """-1.5 (much simpler than usual) .. 1.5 (much harder), in sd units of jobs of the same kind; None where nothing is said of it.

    One word counts 1, a further one of the same direction half: whoever says twice that it is large has one large job.
    """
    if not words:
        return None
    text = f" {_folded(words)} "
    found = {side: sum(f" {phrase} " in text for phrase in phrases) for side, phrases in _lists().items()}
    if not any(found.values()):
        return None
    side = {name: 1 + 0.5 * (count - 1) if count else 0.0 for name, count in found.items()}
    return max(-MOST, min(MOST, side["harder"] - side["simpler"]))


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    data = read_yaml(Path(__file__).parent / "described.yaml")
    return {side: tuple(dict.fromkeys(_folded(phrase) for phrases in data[side].values() for phrase in phrases)) for side in ("harder", "simpler")}


def _folded(text: str) -> str:
    return " ".join(fold(word) for word in clean(text).replace("'", " ").split())
