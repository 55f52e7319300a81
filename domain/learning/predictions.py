"""One line per prediction that mattered: what was asked, what was known, what was said, and later what came true."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

#: What a line may hold beside numbers: codes of ours. A name, a phone or a sentence of somebody does not fit.
CODE = re.compile(r"[a-z][a-z0-9_.]{0,59}")
ENTITY = re.compile(r"(?:booking:[A-Z]{2}-[A-Z0-9]{1,9}|(?:proposal|offer|conversation|erased):\d{1,12})")
Z95 = 1.959964
BINS, ROWS_A_BIN = 5, 8


@dataclass(frozen=True)
class Prediction:
    """`entity`: "booking:BR-1042", "proposal:5", "offer:7" or "conversation:3"; `features` by name (None: unknown).

    `propensity`: how probable this action was, 1 without chance; `value` in the model's own unit; `low`..`high` its range where it gives one;
    times are aware; `version` is "rule" where no model serves.
    `extra` holds numbers and our own codes: there is no place for words or details of a person.
    """

    model: str
    version: str
    entity: str
    at: datetime
    features: Mapping[str, float | None]
    value: float
    low: float | None = None
    high: float | None = None
    propensity: float = 1.0
    outcome: float | None = None
    outcome_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at: give a time with its zone")
        if not 0 < self.propensity <= 1:
            raise ValueError(f"propensity {self.propensity}: above 0, at most 1")
        if not math.isfinite(self.value):
            raise ValueError(f"value {self.value}: give a finite number")
        if not ENTITY.fullmatch(self.entity):
            raise ValueError(f'entity {self.entity!r}: write it as "booking:BR-1042", "proposal:5", "offer:7" or "conversation:3"')
        for name, value in self.extra.items():
            if not (value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and CODE.fullmatch(value))):
                raise ValueError(f"extra {name!r}: a number or one of our codes; what people say or are has no place here")

    def came_true(self, outcome: float, at: datetime) -> Prediction:
        """With its outcome. Raises ValueError for a second one, or one before the prediction."""
        if self.outcome is not None:
            raise ValueError(f"{self.entity}: its outcome is known already ({self.outcome:g}); a correction is a new prediction")
        if at < self.at:
            raise ValueError(f"{self.entity}: an outcome at {at:%Y-%m-%d %H:%M} for a prediction of {self.at:%Y-%m-%d %H:%M}; mend the dates")
        return replace(self, outcome=outcome, outcome_at=at)

    @property
    def inside(self) -> bool | None:
        """Whether the outcome fell within the range; None while either is unknown."""
        if self.outcome is None or self.low is None or self.high is None:
            return None
        return self.low <= self.outcome <= self.high


def known(features: Mapping[str, float]) -> dict[str, float | None]:
    """Features as JSON can hold them: nan becomes None."""
    return {name: None if math.isnan(value) else float(value) for name, value in features.items()}


@dataclass(frozen=True)
class Live:
    """What came true of one model's predictions. `told`: how many; `known`: with an outcome; of those `inside` is the share within the range
    (lower, upper 95 %), `off` the median of outcome / value. `reliability`: rows of {said, seen, low, high, rows}, empty for few outcomes.
    """

    model: str
    version: str
    told: int
    known: int
    inside: tuple[float, float, float] | None
    off: float | None
    reliability: tuple[Mapping[str, float], ...]


def live(predictions: Iterable[Prediction]) -> list[Live]:
    """One for each model and version, in their order."""
    kinds: dict[tuple[str, str], list[Prediction]] = {}
    for each in predictions:
        kinds.setdefault((each.model, each.version), []).append(each)
    return [_live(*kind, every) for kind, every in sorted(kinds.items())]


def _live(model: str, version: str, every: Sequence[Prediction]) -> Live:
    done = [each for each in every if each.outcome is not None]
    ranged = [each.inside for each in done if each.inside is not None]
    ratios = [each.outcome / each.value for each in done if each.outcome is not None and each.value > 0]
    off = float(np.median(ratios)) if ratios else None
    return Live(model, version, len(every), len(done), share(ranged) if ranged else None, off, _reliability(done))


def share(held: Sequence[bool]) -> tuple[float, float, float]:
    """(share, lower, upper) 95 % (Wilson 1927)."""
    n, p = len(held), sum(held) / len(held)
    middle, reach = p + Z95**2 / (2 * n), Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return p, (middle - reach) / (1 + Z95**2 / n), (middle + reach) / (1 + Z95**2 / n)


def _reliability(done: Sequence[Prediction]) -> tuple[Mapping[str, float], ...]:
    """By fifths of what was said: shares of what is 0 or 1, else medians, each with its 95 % interval."""
    if len(done) < BINS * ROWS_A_BIN:
        return ()
    said = np.array([each.value for each in done])
    seen = np.array([float(each.outcome or 0) for each in done])
    chance = bool(np.isin(seen, (0, 1)).all() and (said >= 0).all() and (said <= 1).all())
    found = []
    for rows in np.array_split(np.argsort(said, kind="stable"), BINS):
        middle, low, high = share([bool(value) for value in seen[rows]]) if chance else _median(seen[rows])
        found.append({"said": float(said[rows].mean()), "seen": middle, "low": low, "high": high, "rows": len(rows)})
    return tuple(found)


def _median(values: Any) -> tuple[float, float, float]:
    """With its 95 % interval by ranks (Conover 1999, 3.2)."""
    ranked, n = np.sort(values), len(values)
    reach = Z95 * math.sqrt(n) / 2
    return float(np.median(ranked)), float(ranked[max(0, math.floor(n / 2 - reach))]), float(ranked[min(n - 1, math.ceil(n / 2 + reach))])
