"""Makes the artefact that serves: trains every head, calibrates it out of fold, tunes thresholds, writes weights and their story."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.reader import ARTEFACT, choose
from finetune.understanding.corpora import licences
from finetune.understanding.linear import Array, build_rows, fit, fit_language, out_of_fold, probabilities, quantised, taught, temperature
from finetune.understanding.tasks import tasks
from prompts.sentences import Sentence, fingerprint

Say = Callable[[str], None]


def build(sentences: Sequence[Sentence], data: Path, folder: Path = ARTEFACT, say: Say = lambda text: None) -> dict[str, Any]:
    """Trains on `sentences` (and on the corpora under `data` for the language head), writes weights.npz and meta.json; gives meta."""
    say(f"features of {len(sentences)} sentences and their respellings")
    rows, idf = build_rows(sentences)
    stored: dict[str, npt.NDArray[Any]] = {}
    heads: dict[str, dict[str, Any]] = {}
    figures: dict[str, float] = {}
    thresholds: dict[str, float] = {}
    touched = np.unique(rows.matrix.indices).astype(np.int64)
    hazard = np.array([find_hazard(s.text) is not None for s in sentences])
    everything = np.ones(len(sentences), dtype=np.bool_)
    for task in tasks():
        kept, logits = out_of_fold(rows, sentences, task, say)
        gold = [[label for label, _ in task.teach(sentences[number])] for number in kept]
        target = np.array([task.labels.index(labels[0]) for labels in gold])
        heat = temperature(logits, target)
        chances = probabilities(logits, heat)
        right = [task.labels[best] in labels for best, labels in zip(chances.argmax(axis=1), gold, strict=True)]
        figures[task.name] = round(float(np.mean(right)), 4)
        if task.name == "client":
            thresholds["second"] = second_threshold(chances, gold, task.labels)
        if task.name == "danger":
            thresholds["danger"] = recall_threshold(chances[:, 1], target == 1, hazard[kept])
        if task.name == "urgency":
            thresholds["emergency"] = recall_threshold(chances[:, 2], target == 2, hazard[kept])
            figures["emergency recall"], figures["emergency precision"] = both(chances[:, 2] >= thresholds["emergency"], target == 2, hazard[kept])
        if task.name == "service":
            thresholds["service"] = service_threshold(chances, target, task.labels)
        say(f"{task.name}: {figures[task.name]:.3f} out of fold; training on everything")
        matrix, wanted, weight = taught(rows, sentences, task, everything)
        head = fit(matrix, wanted, weight, task.labels, task.strength)
        stored[f"{task.name}.weights"], stored[f"{task.name}.scale"] = quantised(head, touched)
        stored[f"{task.name}.bias"] = head.bias
        heads[task.name] = {"labels": task.labels, "temperature": round(heat, 4)}
    stored["text.buckets"] = touched.astype(np.uint32)
    stored["text.idf"] = idf.astype(np.float16)
    say("the language head, with the public corpora")
    language, language_idf, corpus_texts = fit_language(sentences, data)
    language_buckets = np.flatnonzero(np.abs(language.weights).sum(axis=1) > 0)
    stored["language.weights"], stored["language.scale"] = quantised(language, language_buckets)
    stored["language.bias"] = language.bias
    stored["language.buckets"] = language_buckets.astype(np.uint32)
    stored["language.idf"] = language_idf.astype(np.float16)
    heads["language"] = {"labels": language.labels, "temperature": 1.0}
    meta = {
        "name": "understanding",
        "version": f"linear-{fingerprint()}",
        "sentences": len(sentences),
        "sentences_hash": fingerprint(),
        "corpus_texts": corpus_texts,
        "heads": heads,
        "thresholds": thresholds,
        "out_of_fold": figures,
        "licences": licences(data),
        "notice": "This software includes data sourced from Darija Open Dataset. https://github.com/darija-open-dataset/dataset",
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "weights.npz", **stored)  # type: ignore[arg-type]
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return meta


def second_threshold(chances: Array, gold: Sequence[Sequence[str]], labels: list[str]) -> float:
    """How likely a second intent must be, against the first, to be kept: the best micro-F1 over intents."""
    named = [dict(zip(labels, row.tolist(), strict=True)) for row in chances]

    def f1(second: float) -> float:
        hit = wrong = missed = 0
        for scores, wanted in zip(named, gold, strict=True):
            chosen = set(choose(scores, second))
            hit += len(chosen & set(wanted))
            wrong += len(chosen - set(wanted))
            missed += len(set(wanted) - chosen)
        return 2 * hit / (2 * hit + wrong + missed)

    return max((0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8), key=f1)


def recall_threshold(chance: Array, gold: npt.NDArray[np.bool_], ruled: npt.NDArray[np.bool_], floor: float = 2 / 3) -> float:
    """The lowest threshold at which rules and head together keep a precision of `floor`: recall first.

    Our sentences hold far more messages that only look like danger than people send, so precision in service is higher.
    """
    for threshold in np.arange(0.1, 0.75, 0.05).round(2):
        if both(chance >= threshold, gold, ruled)[1] >= floor:
            return float(threshold)
    return 0.75


def both(said: npt.NDArray[np.bool_], gold: npt.NDArray[np.bool_], ruled: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Recall and precision of what the head or a rule says."""
    together = said | ruled
    hit = float((together & gold).sum())
    return round(hit / max(1.0, float(gold.sum())), 4), round(hit / max(1.0, float(together.sum())), 4)


def service_threshold(chances: Array, target: npt.NDArray[np.int64], labels: list[str]) -> float:
    """How sure the head must be to name a service that no word of the lexicon names: the best F1."""
    none = labels.index("none")
    best = chances[:, :none].argmax(axis=1)
    sure = chances[:, :none].max(axis=1)

    def f1(threshold: float) -> float:
        said = (sure >= threshold) & (chances.argmax(axis=1) != none)
        hit = float((said & (best == target)).sum())
        return 2 * hit / (float(said.sum()) + float((target != none).sum()) + 1e-9)

    return float(max(np.arange(0.2, 0.85, 0.05).round(2), key=f1))
