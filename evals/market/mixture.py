"""A skewed quantity as normals of its log: what final prices and minutes on the way follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """The log of something (final over quoted, minutes on the way) as normals `weight`, `mean`, `sigma`, components on the last axis."""

    weight: Floats
    mean: Floats
    sigma: Floats

    def cdf(self, ratio: Floats) -> Floats:
        """P(the thing itself, not its log, <= ratio)."""
        z = (np.log(np.asarray(ratio))[..., None] - self.mean) / self.sigma
        below: Floats = (self.weight * ndtr(z)).sum(axis=-1)
        return below

    def quantile(self, share: float) -> Floats:
        """The value that a `share` (0..1) of cases stays under; bisection to 1e-9 of the log's range."""
        low, high = (self.mean - 8 * self.sigma).min(axis=-1), (self.mean + 8 * self.sigma).max(axis=-1)
        for _ in range(30):
            middle = (low + high) / 2
            under = self.cdf(np.exp(middle)) < share
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.exp((low + high) / 2)

    def mean_value(self) -> Floats:
        """The expected value of the thing itself."""
        found: Floats = (self.weight * np.exp(self.mean + self.sigma**2 / 2)).sum(axis=-1)
        return found

    def draw(self, rng: np.random.Generator) -> Floats:
        heights = np.cumsum(self.weight, axis=-1)
        part = (rng.random(self.mean.shape[:-1])[..., None] > heights).sum(axis=-1).clip(max=self.mean.shape[-1] - 1)[..., None]
        mean, sigma = np.take_along_axis(self.mean, part, -1)[..., 0], np.take_along_axis(self.sigma, part, -1)[..., 0]
        drawn: Floats = np.exp(mean + sigma * rng.standard_normal(mean.shape))
        return drawn
