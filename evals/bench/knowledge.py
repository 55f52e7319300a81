"""How well questions find their paragraph across languages and scripts: words, encoders and both together, side by side."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from domain.engagement.reply import LOCALES
from evals.bench.figures import Figure, at_least
from evals.questions import Asked, load
from prompts.questions import load as known_questions
from prompts.questions import off_topic
from retrieval import ENCODER, calibration
from retrieval.calibration import Calibration
from retrieval.documents import read
from retrieval.encoder import Encoder, NoEncoder
from retrieval.fusion import fused
from retrieval.search import WEIGHTS, Ranking, Search
from retrieval.units import Unit, units_of
from retrieval.vectors import Vectors, fingerprint_of

RECALL, ABSTAINS = 0.95, 0.90  # what the figures are held to
ALONE = 0.75  # of the foreign questions refused where there are words alone: held to ABSTAINS they would answer little
MARGIN = 0.02  # the test questions are others than those the bar is learnt on
FIRST = 3
SIGNS = {"words": ("words", "words_ahead"), "vectors": ("vectors", "vectors_ahead"), "both": ("words", "words_ahead", "vectors", "vectors_ahead")}


@dataclass(frozen=True)
class Way:
    """One way to search: what it is called, which sides it goes by, and how it ranks."""

    name: str
    sides: str  # a key of SIGNS
    rank: Callable[[str], Ranking]


@dataclass(frozen=True)
class Result:
    """Shares 0..1 over the test questions. `served`: the right topic is among the first three and was not held back."""

    name: str
    questions: int
    recall: float
    section: float
    served: float
    abstains: float
    by_locale: Mapping[str, float]
    missed: Sequence[Mapping[str, Any]]


def measure() -> list[Figure]:
    """The shipped search's own figures."""
    shipped = results(None)[-1]
    return [
        at_least("knowledge: right topic among three, served", shipped.served, "", RECALL, f"{shipped.questions} questions, {shipped.name}"),
        at_least("knowledge: says nothing to other questions", shipped.abstains, "", ABSTAINS),
    ]


def results(unadapted: Path | None, tune: bool = False) -> list[Result]:
    """Every way there is, the shipped one last. `unadapted`: a folder with the encoder before training. `tune` keeps what was learnt."""
    test, tuning = load("test"), load("tuning")
    with tempfile.TemporaryDirectory(prefix="bricol-knowledge-") as folder:
        ways = _ways(Path(folder), unadapted)
        learnt = {way.name: learn(way, tuning) for way in ways}
        if tune:
            keep(ways, learnt)
        return [_result(way, learnt[way.name], test) for way in ways]


def keep(ways: Sequence[Way], learnt: Mapping[str, Calibration]) -> None:
    """Writes what was learnt for words alone and for the shipped way."""
    found = {"lexical": learnt[ways[0].name]}
    if len(ways) > 1:
        found["hybrid"] = replace(learnt[ways[-1].name], encoder=fingerprint_of(ENCODER))
    else:
        found["hybrid"] = calibration.load("hybrid")
    calibration.save(found)


def _ways(folder: Path, unadapted: Path | None) -> list[Way]:
    sections = read()
    units = units_of(sections, known_questions(), off_topic())
    blank = Calibration({}, 0.0)
    words = Search(sections, units, None, blank)
    ways = [Way("BM25 alone", "words", words.rank)]
    if unadapted is not None:
        ways += [_one_side(_vectors(folder / "unadapted", unadapted, units), sections, units, "unadapted encoder alone")]
    try:
        vectors = _vectors(folder / "shipped", ENCODER, units)
    except NoEncoder:
        return ways
    both = Search(sections, units, vectors, blank)
    return [*ways, _one_side(vectors, sections, units, "encoder alone"), Way("both, fused", "both", both.rank)]


def _vectors(folder: Path, encoder: Path, units: Sequence[Unit]) -> Vectors:
    vectors = Vectors(folder, Encoder.load(encoder), fingerprint_of(encoder))
    vectors.sync(units)
    return vectors


def _one_side(vectors: Vectors, sections: Sequence[Any], units: Sequence[Unit], name: str) -> Way:
    search = Search(sections, units, vectors, Calibration({}, 0.0))

    def rank(query: str) -> Ranking:
        found = search.rank(query)
        return replace(found, keys=fused({"vectors": found.vectors}, WEIGHTS))

    return Way(name, "vectors", rank)


def learn(way: Way, tuning: Sequence[Asked]) -> Calibration:
    """Logistic weights and a bar, from questions that nothing else was made from: right sections against what foreign questions find."""
    names = SIGNS[way.sides]
    rows, labels, best = [], [], []
    for asked in tuning:
        ranking = way.rank(asked.text)
        seen = [(key, [ranking.evidence(key)[name] for name in names]) for key in ranking.keys[:FIRST]]
        for key, signs in seen:
            if asked.topic is None or key[0] == asked.topic:
                rows.append(signs)
                labels.append(asked.topic is not None)
        best.append((asked, [signs for _, signs in seen]))
    *slopes, bias = logistic(np.array(rows), np.array(labels, dtype=float)).tolist()
    found = Calibration({"bias": bias, **dict(zip(names, slopes, strict=True))}, 0.0)
    scores = []
    for asked, top in best:
        chances = [found.probability(dict(zip(names, signs, strict=True))) for signs in top]
        scores.append((asked.topic is not None, max(chances, default=0.0)))
    return replace(found, bar=round(_bar(scores, ALONE if way.sides == "words" else ABSTAINS + MARGIN), 4))


def logistic(rows: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], ridge: float = 0.02, steps: int = 50) -> np.ndarray[Any, Any]:
    """Weights (columns, then the bias) of a ridge-penalised logistic regression, both classes weighing the same, by Newton's method."""
    x = np.hstack([rows, np.ones((len(rows), 1))])
    share = np.where(labels == 1, 0.5 / max(labels.mean(), 1e-9), 0.5 / max(1 - labels.mean(), 1e-9)) / len(labels)
    weights = np.zeros(x.shape[1])
    penalty = np.diag([ridge] * rows.shape[1] + [0.0]) / len(labels)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (share * (p - labels)) + penalty @ weights
        curve = (x * (share * p * (1 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(x.shape[1])
        weights -= np.linalg.solve(curve, gradient)
    return weights


def _bar(scores: Sequence[tuple[bool, float]], silent: float) -> float:
    """The lowest bar that refuses the share `silent` of the foreign questions: as many own ones answered as that allows."""
    levels = sorted({score for _, score in scores})
    other = [score for is_own, score in scores if not is_own]
    places = [(low + high) / 2 for low, high in pairwise(levels)]
    return next((bar for bar in places if sum(s < bar for s in other) / len(other) >= silent), places[-1])


def _result(way: Way, learnt: Calibration, test: Sequence[Asked]) -> Result:
    hits: defaultdict[str, list[bool]] = defaultdict(list)
    ranked, exact, refused, missed = [], [], [], []
    for asked in test:
        ranking = way.rank(asked.text)
        keys = ranking.keys[:FIRST]
        chance = max((learnt.probability(ranking.evidence(key)) for key in keys), default=0.0)
        silent = chance < learnt.bar
        found = [f"{topic}/{section}" for topic, section in keys]
        if asked.topic is None:
            refused.append(silent)
            right = silent
        else:
            ranked.append(any(topic == asked.topic for topic, _ in keys))
            exact.append((asked.topic, asked.section) in keys)
            right = ranked[-1] and not silent
            hits[asked.locale].append(right)
        if not right:
            answer = f"{asked.topic}/{asked.section}" if asked.topic else None
            said = {"answer": answer, "found": found, "chance": round(chance, 3), "held_back": silent}
            missed.append({"q": asked.text, "locale": asked.locale, **said})
    served = [right for some in hits.values() for right in some]
    by_locale = {locale: _share(hits[locale]) for locale in LOCALES}
    return Result(way.name, len(ranked), _share(ranked), _share(exact), _share(served), _share(refused), by_locale, missed)


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 4)


def show(found: Sequence[Result], console: Console, json_file: Path | None) -> None:
    """The ways side by side; what the last one missed."""
    table = Table(title=f"{found[0].questions} questions in five language-scripts, right topic among the first three", title_justify="left")
    for column in ("way", "recall@3", "paragraph@3", "served", "abstains", *LOCALES):
        table.add_column(column, justify="left" if column == "way" else "right")
    for r in found:
        shares = [r.recall, r.section, r.served, r.abstains, *(r.by_locale[locale] for locale in LOCALES)]
        table.add_row(r.name, *(f"{share:.3f}" for share in shares))
    console.print(table)
    for miss in found[-1].missed:
        told = f"{', '.join(miss['found'])} ({miss['chance']}; wanted {miss['answer'] or 'nothing'})"
        console.print(f"  {miss['locale']}: {miss['q']} -> {told}", markup=False, soft_wrap=True)
    if json_file:
        json_file.write_text(json.dumps([vars(r) for r in found], ensure_ascii=False, indent=1), encoding="utf-8")
