"""One line per prediction that mattered: what was asked, what was known, what was said, and later what came true."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """`entity`: as "booking:BR-1042"; `features` by name (None: unknown); `propensity`: how probable this action was, 1 without chance.

    `value` in the model's own unit; `low`..`high` its range where it gives one; times are aware.
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
