"""Judges the blended halves on sentences neither saw, and tunes what is decided by a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bot.brain.understanding.reader import choose

Array = npt.NDArray[np.float32]
Truth = npt.NDArray[np.bool_]
ALIKE = 0.002  # of F1: no difference that a sample of ours shows


def right(chances: Array, gold: Sequence[Sequence[str]], labels: Sequence[str]) -> float:
    """The share of rows whose likeliest label is one of the wanted."""
    return float(np.mean([labels[best] in wanted for best, wanted in zip(chances.argmax(axis=1), gold, strict=True)]))


def second_threshold(chances: Array, gold: Sequence[Sequence[str]], labels: list[str]) -> float:
    """How likely a second intent must be, against the first, to be kept: the highest that costs no more than ALIKE of the best micro-F1 over intents.

    Near its top the curve is so flat that the best alone would be another one after each training.
    """
    named = [dict(zip(labels, row.tolist(), strict=True)) for row in chances]

    def f1(second: float) -> float:
        hit = wrong = missed = 0
        for scores, wanted in zip(named, gold, strict=True):
            chosen = set(choose(scores, second))
            hit += len(chosen & set(wanted))
            wrong += len(chosen - set(wanted))
            missed += len(set(wanted) - chosen)
        return 2 * hit / (2 * hit + wrong + missed)

    found = {second: f1(second) for second in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8)}
    return max(second for second, score in found.items() if score >= max(found.values()) - ALIKE)


def recall_threshold(chance: Array, gold: Truth, ruled: Truth, precision: float = 2 / 3, lowest: float = 0.4) -> float:
    """The lowest threshold at which rules and head together keep `precision`: recall first.

    Our sentences hold far more messages that only look like danger than people send, so precision in service is higher; below `lowest`
    an alarm is more often an ordinary order lost than a danger found.
    """
    for threshold in np.arange(lowest, 0.8, 0.05).round(2):
        if both(chance >= threshold, gold, ruled)[1] >= precision:
            return float(threshold)
    return 0.8


def both(said: Truth, gold: Truth, ruled: Truth) -> tuple[float, float]:
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


def calibration_error(chances: Array, gold: Sequence[Sequence[str]], labels: Sequence[str], bins: int = 10) -> float:
    """Expected calibration error of the likeliest label, in equal bins of confidence."""
    sure = chances.max(axis=1)
    hit = np.array([labels[best] in wanted for best, wanted in zip(chances.argmax(axis=1), gold, strict=True)], dtype=np.float64)
    bucket = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum(abs(sure[bucket == b].mean() - hit[bucket == b].mean()) * (bucket == b).mean() for b in range(bins) if (bucket == b).any()))
