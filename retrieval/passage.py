"""What a search gives: one section of a knowledge document, in the asked locale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """One piece of a knowledge document. `score` in 0..1; `source` names the file and heading."""

    topic: str
    title: str
    text: str
    source: str
    score: float
