"""Chooses what a person should label next: what the model is least sure of, and not the same thing over and over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def uncertainty(probabilities: Floats) -> Floats:
    """(n, classes) -> (n,): 1 minus the lead of the best over the second; 1 = a coin's toss (margin sampling, Scheffer et al. 2001)."""
    if probabilities.ndim != 2 or probabilities.shape[1] < 2:
        raise ValueError("probabilities: one row an item, two classes at least")
    top = np.partition(probabilities, -2, axis=1)
    return np.asarray(1 - (top[:, -1] - top[:, -2]))


def choose(doubt: Floats, vectors: Floats, count: int, *, spread: float = 0.5) -> NDArray[np.int64]:
    """`count` rows, best first, each once. `doubt` (n) 0..1; `vectors` (n, d) say what is alike; `spread` 0 = doubt alone, 1 = variety alone.

    Greedy: doubt, and the cosine distance to the nearest row chosen so far (farthest-first; Sener and Savarese 2018). Ties go to the lower row.
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"spread {spread}: 0..1")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(norms > 0, norms, 1)
    far, left, chosen = np.ones(len(doubt)), np.ones(len(doubt), bool), []
    for _ in range(min(count, len(doubt))):
        best = int(np.where(left, (1 - spread) * doubt + spread * far, -np.inf).argmax())
        chosen.append(best)
        left[best] = False
        far = np.minimum(far, (1 - unit @ unit[best]) / 2)
    return np.array(chosen, np.int64)
