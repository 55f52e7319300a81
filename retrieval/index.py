"""Finds the passages that answer a question: one index over all locales, the answer in the asked one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from retrieval.documents import Section
from retrieval.passage import Passage
from retrieval.text import features

ABSTAIN = 0.2  # below this score nothing fits: chosen on tests/unit/retrieval/questions.yaml (the first block)
UNKNOWN = 0.7  # weight of a word no document holds, as a share of the rarest known one
TITLE, SUBJECT = 2.0, 0.5  # a heading says more than a sentence
ASKED, TOLD = 0.6, 0.6  # how much the nearest known question counts, and the section's own words


class Index:
    """TF-IDF over words, sounds and pieces of words. Implements the `Knowledge` of docs/contracts.md.

    A section is found by its own words and by the questions its document lists; a question is nearest to a question.
    """

    def __init__(self, sections: Sequence[Section], abstain: float = ABSTAIN) -> None:
        self._sections = list(sections)
        self._abstain = abstain
        self._by_locale = {(s.topic, s.id, s.locale): s for s in self._sections}
        units = [(row, asked, counted) for row, section in enumerate(self._sections) for asked, counted in _units(section)]
        self._units = [(row, asked) for row, asked, _ in units]
        self._idf = _rarity(self._sections, ((row, counted) for row, _, counted in units))
        self._unknown = UNKNOWN * max(self._idf.values(), default=1.0)
        self._postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for unit, (_, _, counted) in enumerate(units):
            for f, weight in _unit_length({f: _damped(n) * self._idf[f] for f, n in counted.items()}).items():
                self._postings[f].append((unit, weight))

    def search(self, query: str, locale: str, k: int = 3) -> list[Passage]:
        """Best first, at most `k`, each section once, in `locale` (French where a section is missing there); empty when nothing fits."""
        best: dict[tuple[str, str], float] = {}
        for row, score in self._scores(query).items():
            section = self._sections[row]
            key = (section.topic, section.id)
            best[key] = max(best.get(key, 0.0), score)
        ranked = sorted((item for item in best.items() if item[1] >= self._abstain), key=lambda item: (-item[1], item[0]))
        return [self._passage(topic, section, locale, score) for (topic, section), score in ranked[:k]]

    def _scores(self, query: str) -> dict[int, float]:
        """Row of a section -> score in 0..1.2."""
        asked = _count([(query, 1.0)])
        # a word nobody ever wrote still makes the question longer: that is what lets an unrelated question fall below the bar
        wanted = _unit_length({f: n * self._idf.get(f, self._unknown) for f, n in asked.items()})
        near: defaultdict[int, float] = defaultdict(float)
        for f, w in wanted.items():
            for unit, weight in self._postings.get(f, ()):
                near[unit] += weight * w
        question: defaultdict[int, float] = defaultdict(float)
        words: defaultdict[int, float] = defaultdict(float)
        for unit, score in near.items():
            row, is_question = self._units[unit]
            side = question if is_question else words
            side[row] = max(side[row], score)
        return {row: ASKED * question[row] + TOLD * words[row] for row in {*question, *words}}

    def _passage(self, topic: str, section: str, locale: str, score: float) -> Passage:
        found = self._by_locale.get((topic, section, locale)) or self._by_locale[(topic, section, "fr")]
        return Passage(topic, found.title, found.text, found.source, round(min(score, 1.0), 4))


def _units(section: Section) -> Iterable[tuple[bool, Counter[str]]]:
    """(is a question, features): the section's words, then each question people put."""
    yield False, _count([(section.title, TITLE), (section.subject, SUBJECT), (section.text, 1.0)])
    for question in section.asks:
        yield True, _count([(question, 1.0)])


def _count(texts: Iterable[tuple[str, float]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for text, weight in texts:
        for f, w in features(text):
            counted[f] += weight * w  # type: ignore[assignment]
    return counted


def _rarity(sections: Sequence[Section], counted: Iterable[tuple[int, Counter[str]]]) -> dict[str, float]:
    """Inverse document frequency inside the locale where a feature is commonest: "votre" is no rarer for being French only."""
    size = Counter(s.locale for s in sections)
    rows: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row, features_of_unit in counted:
        for f in features_of_unit:
            rows[f][sections[row].locale].add(row)
    return {f: math.log(1 + 1 / max(len(found) / size[locale] for locale, found in by.items())) for f, by in rows.items()}


def _damped(n: float) -> float:
    return 1 + math.log(n) if n > 1 else n


def _unit_length(weights: dict[str, float]) -> dict[str, float]:
    norm = math.sqrt(sum(w * w for w in weights.values())) or 1.0
    return {f: w / norm for f, w in weights.items()}
