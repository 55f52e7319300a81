"""Trains the linear half of the reader: logistic heads over hashed n-grams of our sentences and their respellings."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bot.brain.understanding.features import BITS, LANGUAGE_BITS, Blocks, blocks, language_blocks, vector
from bot.brain.understanding.fitting import to_matrix
from finetune.understanding.corpora import texts as corpus_texts
from finetune.understanding.noise import noisy
from finetune.understanding.tasks import LANGUAGES, Task, contexts_of_groups
from prompts.sentences import Sentence

Array = npt.NDArray[np.float32]
COPIES = 2  # respellings of each sentence beside itself
DRAWN = 0.5  # what a message drawn from a pattern counts against one that somebody wrote
SEED = 20
BALANCE = 0.5  # between counting every sentence alike (0) and every label alike (1)


@dataclass
class Rows:
    """Feature rows and where each comes from: `source[i]` is the sentence number of row i."""

    matrix: csr_matrix
    source: npt.NDArray[np.int64]
    original: npt.NDArray[np.bool_]


@dataclass
class Trained:
    """One head over the buckets that training touched."""

    labels: list[str]
    weights: Array  # buckets x labels
    bias: Array  # labels


def build_rows(sentences: Sequence[Sentence], progress: Callable[[int], None] = lambda n: None) -> tuple[Rows, Array]:
    """Every sentence and its respellings as features; and the inverse document frequency of each bucket (0 below three sentences)."""
    found: list[Blocks] = []
    source: list[int] = []
    original: list[bool] = []
    shared = contexts_of_groups(sentences)
    for number, sentence in enumerate(sentences):
        draw = random.Random(f"{SEED}/{sentence.where}/{sentence.text}")
        for copy in range(1 if sentence.drawn else COPIES + 1):
            text, context = sentence.text, sentence.context
            if copy:
                text = noisy(text, sentence.language, draw)
                context = draw.choice(shared.get(sentence.group) or [context])
            found.append(blocks(text, context))
            source.append(number)
            original.append(copy == 0)
        progress(number)
    matrix = to_matrix([vector(f) for f in found], BITS)
    seen = np.asarray((matrix[np.array(original)] > 0).sum(axis=0)).ravel() + np.asarray((matrix > 0).sum(axis=0)).ravel() / (COPIES + 1)
    by_sentence = csr_matrix((np.ones(len(source), dtype=np.float32), (source, np.arange(len(source)))), shape=(len(sentences), len(source)))
    shared_by = np.asarray(((by_sentence @ matrix) != 0).sum(axis=0)).ravel()
    # What one sentence or two have tells little of others, and is most of what there is to store.
    idf = np.where(shared_by > 2, 1 + np.log((1 + 2 * len(sentences)) / (1 + seen)), 0).astype(np.float16).astype(np.float32)
    weighted = to_matrix([vector(f, idf=idf) for f in found], BITS)
    return Rows(weighted, np.array(source), np.array(original)), idf


def fit(matrix: csr_matrix, target: Sequence[str], weight: npt.NDArray[np.float64], labels: list[str], strength: float) -> Trained:
    """Multinomial logistic regression (C = `strength`); labels never seen get a bias nobody reaches."""
    used = np.unique(matrix.indices)
    model = LogisticRegression(C=strength, max_iter=150, tol=1e-3)
    model.fit(matrix[:, used], np.asarray(target), sample_weight=weight)
    weights = np.zeros((matrix.shape[1], len(labels)), dtype=np.float32)
    bias = np.full(len(labels), -30.0, dtype=np.float32)
    if len(model.classes_) == 2:
        both = np.vstack([-model.coef_ / 2, model.coef_ / 2])
        offset = np.array([-model.intercept_[0] / 2, model.intercept_[0] / 2])
    else:
        both, offset = model.coef_, model.intercept_
    for at, name in enumerate(model.classes_):
        weights[used, labels.index(name)] = both[at]
        bias[labels.index(name)] = offset[at]
    return Trained(labels, weights, bias)


def taught(
    rows: Rows, sentences: Sequence[Sentence], task: Task, allowed: npt.NDArray[np.bool_]
) -> tuple[csr_matrix, list[str], npt.NDArray[np.float64]]:
    """The rows of the allowed sentences with their targets and weights; a sentence with two intents appears twice."""
    lessons = [task.teach(s) for s in sentences]
    picked: list[int] = []
    target: list[str] = []
    weight: list[float] = []
    for row, (source, original) in enumerate(zip(rows.source.tolist(), rows.original.tolist(), strict=True)):
        if not allowed[source]:
            continue
        for label, share in lessons[source]:
            picked.append(row)
            target.append(label)
            weight.append(share * (DRAWN if sentences[source].drawn else 1.0 if original else 0.5))
    totals: Counter[str] = Counter()
    for label, share in zip(target, weight, strict=True):
        totals[label] += share  # type: ignore[assignment]
    mean = sum(totals.values()) / len(totals)
    return rows.matrix[picked], target, np.array([w * (mean / totals[t]) ** BALANCE for t, w in zip(target, weight, strict=True)])


def fit_heads(
    rows: Rows, sentences: Sequence[Sentence], known: Sequence[Task], allowed: npt.NDArray[np.bool_], say: Callable[[str], None]
) -> dict[str, Trained]:
    """A head per task, trained on the allowed sentences."""
    heads = {}
    for task in known:
        say(f"linear head: {task.name}")
        matrix, target, weight = taught(rows, sentences, task, allowed)
        heads[task.name] = fit(matrix, target, weight, task.labels, task.strength)
    return heads


def logits_of(rows: Rows, head: Trained, numbers: npt.NDArray[np.int64]) -> Array:
    """(n, labels) of the sentences of these numbers, as they were written."""
    originals = np.flatnonzero(rows.original)
    found: Array = np.asarray(rows.matrix[originals[numbers]] @ head.weights + head.bias, dtype=np.float32)
    return found


@dataclass
class LanguageHead:
    """The language head with its own features; `corpus_texts` of the public corpora taught it beside our sentences."""

    trained: Trained
    idf: Array
    corpus_texts: int

    def logits(self, texts: Sequence[str]) -> Array:
        """(n, languages)"""
        matrix = to_matrix([vector(language_blocks(text), LANGUAGE_BITS, self.idf) for text in texts], LANGUAGE_BITS)
        found: Array = np.asarray(matrix @ self.trained.weights + self.trained.bias, dtype=np.float32)
        return found


def fit_language(sentences: Sequence[Sentence], data: Path) -> LanguageHead:
    """The language head, on our sentences and the public corpora."""
    rows: list[tuple[str, str, float]] = []
    draw = random.Random(SEED)
    for s in sentences:
        if s.drawn or s.intents[0] == "change_language":
            continue
        rows.append((s.text, s.language, 2.0))
        rows.append((noisy(s.text, s.language, draw), s.language, 1.0))
    own = len(rows)
    for text, language in corpus_texts(data):
        rows.append((text[:160], language, 0.35))
    found = [language_blocks(text) for text, _, _ in rows]
    seen = np.asarray((to_matrix([vector(f, LANGUAGE_BITS) for f in found], LANGUAGE_BITS) > 0).sum(axis=0)).ravel()
    idf = np.where(seen > 0, 1 + np.log((1 + len(rows)) / (1 + seen)), 0).astype(np.float16).astype(np.float32)
    matrix = to_matrix([vector(f, LANGUAGE_BITS, idf) for f in found], LANGUAGE_BITS)
    head = fit(matrix, [language for _, language, _ in rows], np.array([weight for _, _, weight in rows]), LANGUAGES, 20.0)
    return LanguageHead(head, idf, len(rows) - own)


def quantised(head: Trained, buckets: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int8], Array]:
    """Weights of the given buckets as int8, and the scale of each label."""
    kept = head.weights[buckets]
    scale = np.maximum(np.abs(kept).max(axis=0), 1e-6) / 127
    whole = np.round(kept / scale).astype(np.int8)
    whole[np.abs(whole) <= 1] = 0  # too small to change an answer, and half of them: what is stored shrinks by a quarter
    return whole, scale.astype(np.float32)
