"""Looks at training data before anything is fitted on it, and refuses with every reason at once what would teach nonsense."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.asof import NEVER, FeatureSet

Array = NDArray[Any]
Columns = Mapping[str, Array]


class BadTrainingData(ValueError):
    """`faults`: one line each, the place, what is wrong and the cure."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Rows:
    """Examples of one model: `inputs` (n, features), `target` (n), seconds of decision, outcome, and newest fact that the inputs rest on."""

    inputs: NDArray[np.float64]
    target: NDArray[np.float64]
    decided_at: NDArray[np.int64]
    outcome_at: NDArray[np.int64]
    seen_at: NDArray[np.int64]
    extra: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.target)

    def part(self, where: Array) -> Rows:
        extra = {name: values[where] for name, values in self.extra.items()}
        return Rows(self.inputs[where], self.target[where], self.decided_at[where], self.outcome_at[where], self.seen_at[where], extra)

    @classmethod
    def joined(cls, several: list[Rows]) -> Rows:
        """Examples of several sources as one table."""

        def joined(of: Callable[[Rows], Array]) -> Array:
            return np.concatenate([of(rows) for rows in several])

        extra = {name: np.concatenate([rows.extra[name] for rows in several]) for name in several[0].extra}
        times = joined(lambda r: r.decided_at), joined(lambda r: r.outcome_at), joined(lambda r: r.seen_at)
        return cls(joined(lambda r: r.inputs), joined(lambda r: r.target), *times, extra)

    def data_hash(self) -> str:
        """sha256 of inputs, target and times: the same data gives the same hash."""
        parts = (self.inputs, self.target, self.decided_at, self.outcome_at)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def require(tables: Mapping[str, Columns], wanted: Mapping[str, tuple[str, ...]]) -> None:
    """Every table with every column. Raises BadTrainingData that lists all that are missing, and columns of unequal length."""
    faults = []
    for table, names in wanted.items():
        if table not in tables:
            faults.append(f"{table}: the table is missing; give a folder that holds {table}.parquet")
            continue
        faults += [f"{table}.{name}: the column is missing; export it, or leave the table out" for name in names if name not in tables[table]]
        if len({len(values) for values in tables[table].values()}) > 1:
            faults.append(f"{table}: its columns differ in length; export it again")
    if faults:
        raise BadTrainingData(tuple(faults))


def places(ids: Array, wanted: Array) -> NDArray[np.int64]:
    """Where each of `wanted` stands in `ids`. Raises BadTrainingData for one that is not there."""
    order = np.argsort(ids, kind="stable")
    place = np.searchsorted(ids[order], wanted).clip(max=max(0, len(ids) - 1))
    found: NDArray[np.int64] = order[place] if len(ids) else np.zeros(0, np.int64)
    if lost := int((ids[found] != wanted).sum()) if len(ids) else len(wanted):
        raise BadTrainingData((f"{lost} rows point to ids that are not there; export the tables of one moment together",))
    return found


def check(rows: Rows, features: FeatureSet, *, target: tuple[float, float], rows_at_least: int, classes: bool = False) -> None:
    """Raises BadTrainingData with every fault: too few rows, impossible values, one class or value only, and dates by which the answer leaks.

    `target`: (lowest, highest) that can be true; `classes`: the target is 0 or 1.
    """
    faults = []
    if len(rows) < rows_at_least:
        faults.append(f"{len(rows)} rows: too few, at least {rows_at_least} are needed; wait for more outcomes or add a folder")
    for number, feature in enumerate(features.features):
        values = rows.inputs[:, number]
        unknown = np.isnan(values)
        wrong = ~unknown & ~((values >= feature.low) & (values <= feature.high))
        if wrong.any():
            first = values[wrong][0]
            faults.append(f"{feature.name}: {int(wrong.sum())} impossible values such as {first:g}; {feature.low:g}..{feature.high:g} can be true")
        if unknown.any() and not feature.empty:
            faults.append(f"{feature.name}: empty in {int(unknown.sum())} rows; fill it or drop them")
    wrong = ~((rows.target >= target[0]) & (rows.target <= target[1]))
    if wrong.any():
        faults.append(f"target: {int(wrong.sum())} impossible values such as {rows.target[wrong][0]:g}; {target[0]:g}..{target[1]:g} can be true")
    if len(rows) and len(np.unique(rows.target)) < 2:
        kind = "a single class" if classes else "a single value"
        faults.append(f"target: {kind} ({rows.target[0]:g}); there is nothing to learn from, add rows of the other kind")
    leaks = (rows.seen_at != NEVER) & (rows.seen_at >= rows.decided_at)
    if leaks.any():
        faults.append(f"{int(leaks.sum())} rows rest on facts that came after their decision: build features as of the decision")
    late = rows.outcome_at < rows.decided_at
    if late.any():
        faults.append(f"{int(late.sum())} rows have an outcome before their decision; mend the dates")
    if faults:
        raise BadTrainingData(tuple(faults))


def by_time(rows: Rows, shares: tuple[float, ...]) -> list[Rows]:
    """Consecutive parts by decision, never shuffled: what was decided later never teaches what came before. `shares` add up to at most 1.

    A row whose outcome was not yet known when the next part begins is left out: in real life it could not have taught.
    """
    order = np.argsort(rows.decided_at, kind="stable")
    ends = (np.cumsum(shares) * len(rows)).round().astype(int)
    parts = []
    for start, end in zip((0, *ends[:-1]), ends, strict=True):
        where = order[start:end]
        if end < len(order):
            where = where[rows.outcome_at[where] < rows.decided_at[order[end]]]
        parts.append(rows.part(where))
    return parts
