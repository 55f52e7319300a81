"""A calibrated probability as plain arrays: a line, trees for what it leaves, and a blend fitted on stretches of time that taught neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.learning.trees import Trees

Floats = NDArray[np.float64]
SURELY = 1e-4  # no answer is nearer to 0 or 1: one surprise must not cost infinitely much


@dataclass(frozen=True)
class Probability:
    """P = 1 / (1 + exp(-(b0 + b1 line + b2 trees))). `line`: intercept and a weight per input; `blend`: b0, b1, b2 (Platt 1999, on both parts).

    What is unknown (nan) counts as 0: declare such a feature as a distance from the usual.
    """

    line: Floats
    trees: Trees
    blend: Floats

    def of(self, inputs: Floats) -> Floats:
        """(n, features) -> (n,), SURELY..1 - SURELY."""
        known = np.nan_to_num(inputs)
        logit = self.blend[0] + self.blend[1] * (self.line[0] + known @ self.line[1:]) + self.blend[2] * self.trees.predict(known)
        return np.asarray(np.clip(1 / (1 + np.exp(-np.clip(logit, -30, 30))), SURELY, 1 - SURELY))

    def contributions(self, inputs: Floats, background: Floats) -> Floats:
        """(n, features): what each input added to the log-odds, against the mean of `background` (m, features); exact (Trees.attribution)."""
        known, usual = np.nan_to_num(inputs), np.nan_to_num(background)
        line = (known - usual.mean(axis=0)) * self.line[1:]
        return np.asarray(self.blend[1] * line + self.blend[2] * self.trees.attribution(known, usual))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What np.savez takes; `read` is the way back."""
        return {"line": self.line, "blend": self.blend} | self.trees.arrays("trees")

    @classmethod
    def read(cls, stored: Any) -> Probability:
        """Raises KeyError when the file holds no such arrays."""
        return cls(stored["line"], Trees.read(stored, "trees"), stored["blend"])


def log_losses(probability: Floats, true: Floats) -> Floats:
    """(n,): -log of what was said of what came true, nats; lower is better, proper. `true` 0 or 1."""
    sure = np.clip(probability, SURELY, 1 - SURELY)
    return np.asarray(-np.where(true > 0.5, np.log(sure), np.log(1 - sure)))


def log_loss(probability: Floats, true: Floats) -> float:
    """The mean of `log_losses`."""
    return float(log_losses(probability, true).mean())


def brier(probability: Floats, true: Floats) -> float:
    """Mean squared error, 0..1; lower is better, proper (Brier 1950)."""
    return float(np.mean((probability - true) ** 2))


def calibration_error(probability: Floats, true: Floats, bins: int = 10) -> float:
    """Expected calibration error, 0..1: |said - came true| over bins of equally many rows (Nixon et al. 2019). Chance alone leaves some."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(part) * abs(probability[part].mean() - true[part].mean()) for part in parts) / len(order))
