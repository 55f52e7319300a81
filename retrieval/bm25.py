"""Scores every section by the words it shares with a question: BM25 over words, consonants and pieces of words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from retrieval.text import terms
from retrieval.units import Key, Unit

K1, B = 1.2, 0.75  # Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), 3.1
UNKNOWN = 0.7  # weight of a term no text holds, as a share of the rarest known one


class Bm25:
    """Answers 0..1 per unit: the share of the question's weight that the unit holds, so that a word nobody ever wrote counts against every unit."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = list(units)
        counted = [_count(unit.text) for unit in self._units]
        lengths = [sum(counts.values()) for counts in counted]
        usual = (sum(lengths) / len(lengths) if lengths else 0.0) or 1.0
        self._rarity = _rarity(self._units, counted)
        self._unknown = UNKNOWN * max(self._rarity.values(), default=1.0)
        self._postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, (counts, length) in enumerate(zip(counted, lengths, strict=True)):
            for term, n in counts.items():
                self._postings[term].append((row, n * (K1 + 1) / (n + K1 * (1 - B + B * length / usual))))

    def nearest(self, query: str) -> list[tuple[Unit, float]]:
        """Every unit that shares a term with `query`, unordered, with its score in 0..1."""
        asked = _count(query)
        if not asked:
            return []
        whole = sum(weight * self._rarity.get(term, self._unknown) for term, weight in asked.items()) * (K1 + 1)
        scores: defaultdict[int, float] = defaultdict(float)
        for term, weight in asked.items():
            for row, saturated in self._postings.get(term, ()):
                scores[row] += weight * self._rarity[term] * saturated
        return [(self._units[row], min(score / whole, 1.0)) for row, score in scores.items()]


def _count(text: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for term, weight in terms(text):
        counted[term] += weight  # type: ignore[assignment]
    return counted


def _rarity(units: Sequence[Unit], counted: Sequence[Counter[str]]) -> dict[str, float]:
    """Inverse document frequency by section, inside the locale where a term is commonest: "votre" is no rarer for being French only."""
    keys: defaultdict[str, set[Key | str]] = defaultdict(set)
    held: defaultdict[str, defaultdict[str, set[Key | str]]] = defaultdict(lambda: defaultdict(set))
    for unit, counts in zip(units, counted, strict=True):
        key = unit.key or unit.id
        keys[unit.locale].add(key)
        for term in counts:
            held[term][unit.locale].add(key)
    return {term: math.log(1 + 1 / max(len(found) / len(keys[locale]) for locale, found in by.items())) for term, by in held.items()}
