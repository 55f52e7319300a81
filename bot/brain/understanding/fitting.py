"""Fits and weighs halves like the reader's, on its own features: what training and measuring share, and serving never loads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from bot.brain.understanding.features import Features
from bot.brain.understanding.reader import softmax

Array = npt.NDArray[np.float32]


def to_matrix(vectors: Sequence[Features], bits: int) -> csr_matrix:
    """(n, 2**bits) of the features of n texts; n is at least 1."""
    pointers = np.cumsum([0, *(len(index) for index, _ in vectors)])
    index = np.concatenate([index for index, _ in vectors])
    values = np.concatenate([values for _, values in vectors])
    matrix = csr_matrix((values, index, pointers), shape=(len(vectors), 1 << bits))
    matrix.sum_duplicates()  # two blocks may share a bucket, which counts as one
    return matrix


def blend_weights(linear: Array, encoder: Array, target: npt.NDArray[np.int64]) -> tuple[float, float]:
    """(a, b) so that softmax(a * linear + b * encoder) gives `target` the greatest likelihood: blend and calibration in one.

    `linear`, `encoder`: logits (n, labels); `target` (n,) label numbers.
    """

    def loss(ab: npt.NDArray[np.float64]) -> float:
        p = softmax(ab[0] * linear + ab[1] * encoder)
        return float(-np.log(p[np.arange(len(target)), target] + 1e-9).mean())

    found = minimize(loss, np.array([0.7, 0.5]), method="Nelder-Mead", bounds=[(0.0, 5.0), (0.0, 5.0)], options={"xatol": 1e-3, "fatol": 1e-5})
    return round(float(found.x[0]), 4), round(float(found.x[1]), 4)
