"""Turns the encoder's vectors so that what tells languages and wordings apart counts little, and what tells questions apart much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.units import Key

Array = npt.NDArray[np.float32]
KEEP = 1.0  # share of the mean variance added in every direction: with few texts a section the rarest directions are chance


@dataclass(frozen=True)
class Space:
    """A centre and a matrix: within-class covariance normalisation (Hatch, Kajarekar & Stolcke, 2006); a class is a section in all languages."""

    centre: Array
    turn: Array

    @classmethod
    def fit(cls, vectors: Array, keys: Sequence[Key | None]) -> Space:
        """From unit vectors (n, width) and the section each belongs to; texts of no section only help to find the centre."""
        centre = vectors.mean(axis=0)
        moved = vectors - centre
        within = np.zeros((vectors.shape[1],) * 2)
        counted = 0
        for key in {key for key in keys if key is not None}:
            rows = moved[[at for at, other in enumerate(keys) if other == key]]
            spread = rows - rows.mean(axis=0)
            within += spread.T @ spread
            counted += len(rows)
        within /= max(counted, 1)
        within += (KEEP * np.trace(within) / len(within) + 1e-9) * np.eye(len(within))
        size, axes = np.linalg.eigh(within)
        return cls(centre.astype(np.float32), (axes / np.sqrt(size)).astype(np.float32))

    def place(self, vectors: Array) -> Array:
        """Unit vectors (n, width) of this space."""
        placed = (vectors - self.centre) @ self.turn
        found: Array = (placed / np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), 1e-9)).astype(np.float32)
        return found

    def save(self, path: Path) -> None:
        np.savez(path, centre=self.centre, turn=self.turn)

    @classmethod
    def load(cls, path: Path) -> Space:
        with np.load(path) as file:
            return cls(file["centre"], file["turn"])
