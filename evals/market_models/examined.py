"""What measuring a model in one world gives."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import Feature
from domain.learning.quality import Rows

Floats = NDArray[np.float64]
Kind = Literal["amount", "minutes", "probability", "value"]
EXPLAINED, USUAL = 240, 80  # rows whose answers are taken apart in each world, and rows that say what is usual


@dataclass(frozen=True)
class Explained:
    """Some answers taken apart: `inputs` and `moves` (n, names), what went in and how far each moved the answer from the usual one, in `unit`."""

    names: tuple[str, ...]
    inputs: Floats
    moves: Floats
    unit: str


@dataclass(frozen=True)
class Curve:
    """`x` (k,); `lines`: who -> y (k,)."""

    x: Sequence[float]
    lines: Mapping[str, Floats]


@dataclass(frozen=True)
class Judged:
    """Every judged row, for the model's page (details.py), never for its verdict. Arrays are (n,).

    `kind`: "probability" (`said` 0..1, `true` 0 or 1), "amount" (`said` a likely value above 0 that is right by its factor), "minutes" (right by its
    difference) or "value" (`said` and `true` are means). `low` and `high`: a range that claims to hold `coverage` of the outcomes.
    `losses`: who -> loss of each row; `groups`: kind of slice -> the slice each row is in (`audience.groups` gives the usual ones; "": in none).
    `unit`: rows with one number are one case asked about several times, so that intervals are not too narrow. `whole`: rows that count for the whole
    (default: all); `enough`: rows below which a slice says more of chance than of the model.
    `quantiles`: who -> (n, levels) told quantiles of `true`; `curves`: a name of pages.yaml -> what is drawn under it; `explained`: what was
    asked -> attributions; `data`: what was judged (`facts`).
    """

    kind: Kind
    said: Floats
    true: Floats
    losses: Mapping[str, Floats]
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    low: Floats | None = None
    high: Floats | None = None
    coverage: float = 0.95
    unit: NDArray[np.int64] | None = None
    whole: NDArray[np.bool_] | None = None
    enough: int = 60
    quantiles: Mapping[str, Floats] = field(default_factory=dict)
    levels: tuple[float, ...] = ()
    curves: Mapping[str, Curve] = field(default_factory=dict)
    explained: Mapping[str, Explained] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counted(self) -> NDArray[np.int64]:
        """Places of the rows that count for the whole."""
        return np.arange(len(self.true)) if self.whole is None else np.flatnonzero(self.whole)


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
    `tables`: what a marketplace must hold for it (table -> columns); `hidden`: "table.column" of what only the simulator knows and judging asks;
    `inputs`: what it looks at, where no `FeatureSet` says so.
    """

    name: str
    rules: tuple[str, ...]
    examine: Callable[[Path, Any, int], Examined]
    guardrails: Mapping[str, Callable[[Mapping[str, Mapping[str, float]]], bool]]
    latency: Callable[[Any], float]
    trained: bool = True
    metric: str = ""
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    inputs: tuple[Feature, ...] = ()


def facts(world: Path, taught_at: NDArray[np.int64], judged_at: NDArray[np.int64], *judged: NDArray[Any]) -> dict[str, Any]:
    """Of one world: rows that could teach and rows judged with the span of their decisions (seconds), the latter's hash, and rows of all tables."""
    about = json.loads((world / "world.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in (judged_at, *judged))).hexdigest()
    spans = {"taught": _span(taught_at), "judged": _span(judged_at)}
    return {"world": about["world"], "seed": about["seed"], **spans, "sha256": digest[:12], "rows": about["rows"]}


def facts_of(world: Path, past: Rows, later: Rows) -> dict[str, Any]:
    """`facts` of examples."""
    return facts(world, past.decided_at, later.decided_at, later.inputs, later.target)


def _span(at: NDArray[np.int64]) -> dict[str, Any]:
    first, last = (datetime.fromtimestamp(int(each), UTC).date().isoformat() for each in (at.min(), at.max())) if len(at) else ("", "")
    return {"rows": len(at), "from": first, "to": last}


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most `most` places of `count`, evenly apart."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)


def p95_ms(answer: Callable[[], object], times: int = 300) -> float:
    """The 95th percentile of how long `answer` takes, ms."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer()
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.quantile(taken, 0.95))
