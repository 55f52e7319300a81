"""What was known of an entity at a moment, not a second later: every feature that looks back is built here, for training and serving alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY = 86_400
NEVER = -(2**63)  # a time that never came: such a row is known to nobody
How = Literal["count", "total", "mean", "days_since"]


class Past:
    """Values about entities, each from the second it became known. `entity`: integers or texts; `known_at`: seconds since 1970; one value a row."""

    def __init__(self, entity: Array, known_at: Array, value: Array) -> None:
        came = np.asarray(known_at, np.int64) != NEVER
        entity, known_at, value = np.asarray(entity)[came], np.asarray(known_at, np.int64)[came], np.asarray(value, np.float64)[came]
        self._names, code = np.unique(entity, return_inverse=True)
        self._first = int(known_at.min()) if len(known_at) else 0
        self._span = int(known_at.max()) - self._first + 2 if len(known_at) else 2
        key = code * self._span + (known_at - self._first)
        order = np.argsort(key, kind="stable")
        self._key, self._at = key[order], known_at[order]
        # each entity is summed on its own: in one running sum, another's later rows would move the last bits of what this one knew
        ends = np.searchsorted(code[order], np.arange(len(self._names) + 1))
        sums = [np.concatenate([[0.0], np.cumsum(value[order[a:b]])]) for a, b in pairwise(ends)]
        self._sum = np.concatenate(sums) if sums else np.zeros(1)

    def _between(self, entity: Array, at: Array, days: float | None) -> tuple[Ints, Ints, Ints]:
        """(from, to, entity's number): rows [from, to) of each question, known strictly before `at` and, with `days`, not longer ago than that."""
        entity, at = np.asarray(entity), np.asarray(at, np.int64)
        if not len(self._names):
            return np.zeros(len(at), np.int64), np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
        code = np.searchsorted(self._names, entity).clip(max=len(self._names) - 1)
        known = self._names[code] == entity
        to = np.searchsorted(self._key, code * self._span + np.clip(at - self._first, 0, self._span - 1), side="left")
        since = self._first if days is None else at - int(days * DAY)
        start = np.searchsorted(self._key, code * self._span + np.clip(since - self._first, 0, self._span - 1), side="left")
        return np.where(known, start, 0), np.where(known, np.maximum(start, to), 0), np.where(known, code, 0)

    def ask(self, how: How, entity: Array, at: Array, *, days: float | None = None, prior: float = 0.0, weight: float = 0.0) -> Floats:
        """One number per (entity, moment). `mean` is drawn to `prior` as by `weight` further rows; nan where there is nothing to say."""
        start, to, code = self._between(entity, at, days)
        count = (to - start).astype(np.float64)
        total = self._sum[to + code] - self._sum[start + code]  # every entity's sums begin with a 0 of their own
        if how == "count":
            return count
        if how == "total":
            return total
        with np.errstate(invalid="ignore", divide="ignore"):
            if how == "mean":
                return np.asarray((total + prior * weight) / (count + weight))
            last = self._at[np.maximum(to - 1, 0)] if len(self._at) else np.zeros(len(to), np.int64)
            return np.where(count > 0, (np.asarray(at, np.int64) - last) / DAY, np.nan)

    def seen_at(self, entity: Array, at: Array) -> NDArray[np.int64]:
        """When the newest row that an answer rests on became known; NEVER where it rests on none. Always below `at`: quality.check asks."""
        start, to, _ = self._between(entity, at, None)
        newest = self._at[np.maximum(to - 1, 0)] if len(self._at) else np.full(len(to), NEVER)
        return np.where(to > start, newest, NEVER)


@dataclass(frozen=True)
class Feature:
    """One input of a model. Without `source` it is given as known at the decision; with it, it is asked of that Past about `entity`.

    `low`..`high`: what can be true; `empty`: it may be unknown (nan). `unit` is for readers alone: no fingerprint holds it.
    """

    name: str
    meaning: str
    family: str
    low: float = -np.inf
    high: float = np.inf
    empty: bool = False
    source: str = ""
    entity: str = ""
    how: How = "mean"
    days: float | None = None
    prior: float = 0.0
    weight: float = 0.0
    unit: str = field(default="", repr=False)


@dataclass(frozen=True)
class FeatureSet:
    """The inputs of a model in their order. Whoever changes one raises `version`: a file trained on another version is refused."""

    name: str
    version: int
    features: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def fingerprint(self) -> str:
        """sha256 over every feature's definition: what tells two versions apart even if nobody raised the number."""
        return hashlib.sha256(repr((self.name, self.version, self.features)).encode()).hexdigest()

    def build(self, given: Mapping[str, Array], past: Mapping[str, Past], at: Array) -> tuple[Floats, NDArray[np.int64]]:
        """((n, features), seen_at): inputs as of `at` (seconds, n). `given` holds the features without source and the entities asked about.

        Raises KeyError that names what is missing.
        """
        columns, seen = [], np.full(len(at), NEVER, np.int64)
        for feature in self.features:
            if not feature.source:
                columns.append(np.asarray(given[feature.name], np.float64))
                continue
            log, entity = past[feature.source], given[feature.entity]
            columns.append(log.ask(feature.how, entity, at, days=feature.days, prior=feature.prior, weight=feature.weight))
            seen = np.maximum(seen, log.seen_at(entity, at))
        return np.column_stack(columns), seen
