"""The learnt order of candidates: how likely a client takes this one and the visit ends well, for all in reach at once, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.clock import to_local
from domain.learning import registry
from domain.learning.forest import Forest, Singles
from domain.learning.trees import save
from domain.matching.features import EVENING, FEATURES, NAME
from domain.matching.index import Floats, Index, Ints
from domain.matching.rank import Request, shrunk_rating

FILE = "trees.npz"
COLUMN = {name: number for number, name in enumerate(FEATURES.names)}
#: Inputs that speak for the same reason. Their names are reason codes; "record" is what no reason tells.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "your_last": ("known",),
    "near": ("km",),
    "top_rated": ("rating", "lately"),
    "experienced": ("reviews", "popular", "level", "verified", "second_trade"),
    "good_price": ("price", "price_emergency", "price_big"),
    "record": ("fixes", "keeps", "accepts", "reply", "speaks", "jobs_that_day"),
}


@dataclass(frozen=True)
class Head:
    """A probability's logit: a line through the inputs and trees for what it leaves. `line`: intercept, then a weight per input."""

    line: Floats
    trees: Forest

    def logit(self, columns: Singles) -> Floats:
        return np.asarray(self.line[0] + self.line[1:].astype(np.float32) @ columns + self.trees.predict(columns))


@dataclass(frozen=True)
class MatchModel:
    """`take`: the client takes this one, shown alone and first, rather than nobody; `done`: a visit of theirs is then done at once.

    `usual` (features,): what an unknown input counts as. `version` goes with every slate.
    """

    usual: Singles
    take: Head
    done: Head
    version: str

    def values(self, columns: Singles) -> Floats:
        """(features, n) without nan -> (n,) 0..1: the probability that showing this one ends in a job done."""
        return _sigmoid(self.take.logit(columns)) * _sigmoid(self.done.logit(columns))

    def columns(self, inputs: Floats) -> Singles:
        """(n, features) as FEATURES builds them -> (features, n), with what is unknown counted as usual."""
        return np.ascontiguousarray(np.where(np.isnan(inputs), self.usual, inputs).T, np.float32)

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {"usual": self.usual}
        for name, head in (("take", self.take), ("done", self.done)):
            arrays |= {f"{name}.line": head.line} | head.trees.arrays(name)
        save(path, arrays)

    @classmethod
    def read(cls, path: Path, version: str) -> MatchModel:
        """Raises ModelRefused for a file that holds no such model."""
        with registry.stored(path, NAME) as stored:
            take, done = (Head(stored[f"{name}.line"], Forest.read(stored, name)) for name in ("take", "done"))
            return cls(stored["usual"], take, done, version)


@lru_cache(maxsize=4)
def serving(folder: Path) -> MatchModel | None:
    """The model that passed the gate; None: the rule serves, and the log said why."""
    return registry.serving(folder, FEATURES, FILE, MatchModel.read)


class Ranking:
    """A model bound to an index: what stays the same between requests is kept as columns, so that a request is one pass over its candidates."""

    def __init__(self, model: MatchModel, index: Index, past: Mapping[int, Mapping[str, float]] | None = None) -> None:
        """`past`: technician -> values of the features that look back; who is not in it has the past of nobody."""
        self.version, self._model, self._index = model.version, model, index
        self._table = np.repeat(model.usual[:, None], len(index), axis=1)
        for feature in FEATURES.features:
            if feature.source:
                self._table[COLUMN[feature.name]] = feature.prior
        self._table[COLUMN["rating"]] = shrunk_rating(index.rating, index.jobs)
        self._table[COLUMN["reviews"]] = np.log1p(index.jobs)
        for row, number in enumerate(index.ids.tolist() if past else ()):
            for name, value in past.get(number, {}).items() if past else ():
                self._table[COLUMN[name], row] = value

    @property
    def bytes(self) -> int:
        """What the kept columns weigh."""
        return int(self._table.nbytes)

    def scores(self, request: Request, rows: Ints, km: Floats) -> Floats:
        """(n,) 0..1: the probability that this one is taken and the job gets done; unknown distances count as usual."""
        return self._model.values(self._columns(request, rows, km))

    def reasons(self, request: Request, rows: Ints, km: Floats, shown: Ints) -> list[dict[str, float]]:
        """`contributions` of the places `shown` in `rows`."""
        return contributions(self._model, self._columns(request, rows, km), shown)

    def _columns(self, request: Request, rows: Ints, km: Floats) -> Singles:
        index, columns = self._index, self._table[:, rows]
        hour = to_local(request.start or request.now).hour
        price = np.clip(np.log(index.rate[rows] / max(1.0, float(np.median(index.rate[rows])))), -3, 3) if len(rows) else np.zeros(0)
        emergency, big = request.urgency == "emergency", request.big
        given = {
            "emergency": emergency,
            "big": big,
            "evening": hour >= EVENING[0] or hour < EVENING[1],
            "price": price,
            "price_emergency": price * emergency,
            "price_big": price * big,
            "known": index.ids[rows] == (request.last_technician_id if request.last_technician_id is not None else -1),
            "second_trade": ~index.main_trade(rows, request.service),
        }
        if request.exact:  # a city's centre says nothing of how near somebody is to this client
            given["km"] = km
        for name, values in given.items():
            columns[COLUMN[name]] = values
        return columns


def contributions(model: MatchModel, columns: Singles, shown: Ints) -> list[dict[str, float]]:
    """For each shown column: group of GROUPS -> how much it moves the log of the score away from the average candidate's.

    Exact Shapley values over the groups, with the mean of all columns for what is left out (baseline Shapley, Sundararajan and Najmi 2020):
    they add up to log(score) - log(score of the average candidate).
    """
    kept, weights = _coalitions()
    typical = columns.mean(axis=1)
    asked = np.where(kept[:, :, None], columns[:, None, shown], typical[:, None, None])  # (features, coalitions, shown)
    logs = np.log(model.values(asked.reshape(len(asked), -1))).reshape(asked.shape[1:])
    found = weights @ logs
    return [dict(zip(GROUPS, found[:, place].tolist(), strict=True)) for place in range(len(shown))]


@cache
def _coalitions() -> tuple[NDArray[np.bool_], Floats]:
    """(features, coalitions): whether an input keeps its own value; (groups, coalitions): what each log score counts for each group."""
    every, count = np.array(list(product((False, True), repeat=len(GROUPS)))), len(GROUPS)
    member: NDArray[np.bool_] = np.array([[name in names for names in GROUPS.values()] for name in COLUMN])
    own: NDArray[np.bool_] = np.logical_not(member.any(axis=1))  # the job is the same for everybody
    size = every.sum(axis=1)
    joined = np.array([factorial(max(0, s - 1)) * factorial(count - s) / factorial(count) for s in size])
    without = np.array([factorial(s) * factorial(max(0, count - s - 1)) / factorial(count) for s in size])
    return (member @ every.T) | own[:, None], np.where(every, joined[:, None], -without[:, None]).T


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
