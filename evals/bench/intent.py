"""`bricol bench intent`: how well a head on the shipped encoder learns somebody else's labels, from any labelled JSONL."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from bot.brain.understanding.features import BITS, blocks, vector
from bot.brain.understanding.fitting import blend_weights, to_matrix
from retrieval.encoder import Encoder

HELD = 0.1  # of the training lines, weighs the two halves
RESAMPLES = 1000
SEED = 17
#: kind -> (strength of the n-gram half, of the encoder half): moods are told by few words, intents by many
STRENGTH = {"intent": (30.0, 10.0), "sentiment": (3.0, 0.5)}
Array = npt.NDArray[np.float64]


class BadLine(ValueError):
    """A line that cannot be learnt from; the message says where and how to mend it."""


@dataclass(frozen=True)
class Score:
    """One figure with the middle 95 % of its bootstrap."""

    name: str
    value: float
    low: float
    high: float


def read(path: Path) -> tuple[list[str], list[str]]:
    """(texts, labels) of a JSONL of {"text", "label"}. Raises BadLine with path:line."""
    texts, labels = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise BadLine(f"{path}:{number}: not JSON ({error}); write one record a line") from None
        if not isinstance(row, dict) or not str(row.get("text") or "").strip() or row.get("label") in (None, ""):
            raise BadLine(f'{path}:{number}: a line needs "text" and "label"')
        texts.append(str(row["text"]))
        labels.append(str(row["label"]))
    if not texts:
        raise BadLine(f'{path}: holds no line; write one {{"text": ..., "label": ...}} a line')
    return texts, labels


def measure(train: Path, test: Path, kind: str = "intent", encoder: Encoder | None = None) -> dict[str, list[Score]]:
    """{"n-grams": scores, "encoder": scores, "both": scores} on `test` of heads fitted on `train`. Raises BadLine."""
    texts, labels = read(train)
    asked, gold = read(test)
    names = sorted(set(labels))
    if len(names) < 2:
        raise BadLine(f"{train}: has the single label {names[0]!r}; there is nothing to tell apart")
    encoder = encoder or Encoder.load()
    grams = [to_matrix([vector(blocks(text)) for text in some], BITS) for some in (texts, asked)]
    rows = {"n-grams": grams, "encoder": scaled(encoder.embed(texts), encoder.embed(asked))}
    held = np.random.default_rng(SEED).random(len(texts)) < HELD
    y = np.array([names.index(label) for label in labels])
    chances, weighing = {}, {}
    for at, (name, (learnt, tested)) in enumerate(rows.items()):
        strength = STRENGTH[kind][at]
        weighing[name] = fitted(learnt[~held], y[~held], strength, len(names))(learnt[held])
        chances[name] = fitted(learnt, y, strength, len(names))(tested)
    share = blend_weights(weighing["n-grams"], weighing["encoder"], y[held])
    chances["both"] = share[0] * chances["n-grams"] + share[1] * chances["encoder"]
    truth = np.array([names.index(label) if label in names else -1 for label in gold])
    return {name: scores(truth, logs.argmax(axis=1)) for name, logs in chances.items()}


def scaled(learnt: Any, tested: Any) -> tuple[Any, Any]:
    """Each direction brought to unit spread over the training texts."""
    mean, spread = learnt.mean(axis=0), learnt.std(axis=0) + 1e-6
    size = np.sqrt(learnt.shape[1])
    return (learnt - mean) / spread / size, (tested - mean) / spread / size


def fitted(rows: Any, y: npt.NDArray[np.int64], strength: float, labels: int) -> Any:
    """A function from rows to log-chances (n, labels)."""
    used = np.unique(rows.indices) if isinstance(rows, csr_matrix) else slice(None)
    head = LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit(rows[:, used], y)

    def logs(asked: Any) -> Array:
        out = np.full((asked.shape[0], labels), -30.0)
        out[:, head.classes_] = head.predict_log_proba(asked[:, used]).clip(min=-30.0)
        return out

    return logs


def scores(truth: npt.NDArray[np.int64], said: npt.NDArray[np.int64]) -> list[Score]:
    """Accuracy, micro-F1 (the same where each text has one label) and weighted F1, each with its bootstrap interval."""
    measures = {
        "accuracy": lambda t, s: float((t == s).mean()),
        "micro-F1": lambda t, s: float(f1_score(t, s, average="micro")),
        "weighted F1": lambda t, s: float(f1_score(t, s, average="weighted", zero_division=0)),
    }
    draw = np.random.default_rng(SEED)
    samples = [draw.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    found: list[Score] = []
    for name, measured in measures.items():
        again = sorted(measured(truth[s], said[s]) for s in samples) if name != "micro-F1" else []
        low, high = (again[int(0.025 * RESAMPLES)], again[int(0.975 * RESAMPLES)]) if again else (found[0].low, found[0].high)
        found.append(Score(name, measured(truth, said), low, high))
    return found


def show(found: dict[str, list[Score]], console: Console, json_file: Path | None) -> None:
    table = Table("head on", *(score.name for score in found["both"]))
    for name, row in found.items():
        table.add_row(name, *(f"{score.value:.3f} ({score.low:.3f}-{score.high:.3f})" for score in row))
    console.print(table)
    if json_file:
        json_file.write_text(json.dumps({name: [asdict(score) for score in row] for name, row in found.items()}, indent=1) + "\n", encoding="utf-8")
