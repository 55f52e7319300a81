"""Finds the paragraphs that answer a question in any of our languages: words and vectors side by side, the answer in the asked locale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from retrieval.bm25 import Bm25
from retrieval.calibration import Calibration
from retrieval.documents import Section
from retrieval.fusion import fused
from retrieval.passage import Passage
from retrieval.units import Key, Kind, Unit
from retrieval.vectors import Vectors

# chosen on evals/questions/tuning.yaml
ASKED = 0.8  # share of the nearest known questions in a section's score; the rest is its own paragraph's
QUESTIONS = 3  # how many of its questions must lie near: one alone may be chance
SEARCHED: tuple[Kind, ...] = ("question", "paragraph")
WEIGHTS = {"words": 0.5, "vectors": 1.0}  # in the fusion: a vector crosses languages, a word seldom does


@dataclass(frozen=True)
class Ranking:
    """What one question found: keys best first, and each side's score of each key."""

    keys: list[Key] = field(default_factory=list)
    words: dict[Key, float] = field(default_factory=dict)  # 0..1
    vectors: dict[Key, float] = field(default_factory=dict)  # -1..1
    foreign: dict[str, float] = field(default_factory=dict)  # side -> score of the nearest question that asks for something else

    def share(self, key: Key) -> float:
        """0..1: how near `key` is beside the nearest, on the side that sees it best."""
        sides = [side for side in (self.words, self.vectors) if side and max(side.values()) > 0]
        return max((max(side.get(key, 0.0), 0.0) / max(side.values()) for side in sides), default=0.0)

    def evidence(self, key: Key) -> dict[str, float]:
        """The signs that `key` answers: how near it is, and how much nearer than any foreign question."""
        signs = {"words": self.words.get(key, 0.0)}
        signs["words_ahead"] = signs["words"] - self.foreign.get("words", 0.0)
        if self.vectors:
            signs["vectors"] = self.vectors.get(key, min(self.vectors.values()))
            signs["vectors_ahead"] = signs["vectors"] - self.foreign.get("vectors", 0.0)
        return signs


class Search:
    """Implements the `Knowledge` of docs/contracts.md. Without `vectors` it goes by words alone. Safe to call from several threads."""

    def __init__(self, sections: Sequence[Section], units: Sequence[Unit], vectors: Vectors | None, calibration: Calibration) -> None:
        """`sections` are what is shown, in any locale; `units` what is searched (already in `vectors`, when there are some)."""
        self._shown = {(*s.key, s.locale): s for s in sections}
        self._words = Bm25(units)
        self._vectors = vectors
        self._calibration = calibration
        self._size = len(units)

    @property
    def by_words_alone(self) -> bool:
        return self._vectors is None

    def count(self) -> int:
        """How many texts are searched."""
        return self._size

    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        """Best first, at most `k`, each section once, in `locale` (French where a section is missing there); empty when nothing fits."""
        ranking = self.rank(query)
        passages: list[Passage] = []
        score = 1.0
        if not ranking.keys or max(self._calibration.probability(ranking.evidence(key)) for key in ranking.keys[:3]) < self._calibration.bar:
            return []
        for key in ranking.keys[:k]:
            score = min(score, self._calibration.probability(ranking.evidence(key)) * ranking.share(key))
            shown = self._shown.get((*key, locale)) or self._shown[(*key, "fr")]
            passages.append(Passage(key[0], shown.title, shown.text, shown.source, round(score, 4)))
        return passages

    def rank(self, query: str) -> Ranking:
        """Every section either side saw, before anything is held too far; empty for a text without a word."""
        foreign: dict[str, float] = {}
        words = self._words.nearest(query)
        by_words = _by_key(words)
        foreign["words"] = max((score for unit, score in words if unit.key is None), default=0.0)
        if self._vectors is None:
            return Ranking(fused({"words": by_words}, WEIGHTS), by_words, {}, foreign)
        if not any(c.isalnum() for c in query):
            return Ranking()
        vector = self._vectors.embed(query)
        near = [pair for kind in SEARCHED for pair in self._vectors.nearest(vector, kind)]
        by_vectors = _by_key(near)
        foreign["vectors"] = max((score for _, score in self._vectors.nearest(vector, "foreign", 1)), default=0.0)
        return Ranking(fused({"words": by_words, "vectors": by_vectors}, WEIGHTS), by_words, by_vectors, foreign)


def _by_key(near: Iterable[tuple[Unit, float]]) -> dict[Key, float]:
    """Each section's score: its nearest questions and its nearest paragraph, in whatever locale."""
    seen: dict[str, defaultdict[Key, list[float]]] = {"question": defaultdict(list), "paragraph": defaultdict(list)}
    for unit, score in near:
        if unit.key is not None:
            seen[unit.kind][unit.key].append(score)
    # what was not seen lies no nearer than the farthest that was
    floor = {kind: min((score for scores in by.values() for score in scores), default=0.0) for kind, by in seen.items()}
    found = {}
    for key in {*seen["question"], *seen["paragraph"]}:
        best = sorted(seen["question"][key], reverse=True)[:QUESTIONS]
        asked = sum(best + [floor["question"]] * (QUESTIONS - len(best))) / QUESTIONS
        found[key] = ASKED * asked + (1 - ASKED) * max(seen["paragraph"][key], default=floor["paragraph"])
    return found
