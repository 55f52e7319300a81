"""What measuring a model in one world gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Every judged row, for the model's page (details.py), never for its verdict. Arrays are (n,).

    `kind`: "amount" (`said` a likely value, with `low` and `high` where a range was given) or "probability" (`said` 0..1, `true` 0 or 1).
    `losses`: who -> loss of each row; `groups`: kind of slice -> the slice each row is in (`audience.groups` gives the usual ones);
    `contributions`: input -> mean absolute attribution to what was said.
    """

    kind: Literal["amount", "probability"]
    said: Floats
    true: Floats
    losses: Mapping[str, Floats]
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    low: Floats | None = None
    high: Floats | None = None
    contributions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Examined:
    """`losses`: who (model, oracle, and each simple rule by name) -> loss, lower is better, all on the same later rows.

    `figures`: who -> figure -> value, for people; `rows`: how many were judged; `judged`: those rows, where the examiner keeps them.
    """

    losses: Mapping[str, float]
    figures: Mapping[str, Mapping[str, float]]
    rows: int
    judged: Judged | None = None


@dataclass(frozen=True)
class Examiner:
    """`examine(world, model, until)` judges the model of a folder on what came after; `rules`: the names in `losses` that are simple rules.

    `trained` False: it learns while it is used, there is no file to train, `model` is None and `metric` names the loss.
    `guardrails`: name -> whether the mean figures (who -> figure -> value) hold it; `latency`: ms of one answer, given the model's folder.
    """

    name: str
    rules: tuple[str, ...]
    examine: Callable[[Path, Any, int], Examined]
    guardrails: Mapping[str, Callable[[Mapping[str, Mapping[str, float]]], bool]]
    latency: Callable[[Any], float]
    trained: bool = True
    metric: str = ""


def p95_ms(answer: Callable[[], object], times: int = 300) -> float:
    """The 95th percentile of how long `answer` takes, ms."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer()
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.quantile(taken, 0.95))
