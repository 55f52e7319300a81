"""Reads parameters.yaml and hands each world its own numbers; everything the simulator assumes comes from here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from domain.files import read_yaml

FILE = Path(__file__).parent / "parameters.yaml"
WORLDS = ("W1", "W2", "W3")


@dataclass(frozen=True)
class Drift:
    """From simulated day `day` on, every number under `path` is multiplied by `factor`. `kind`: concept, covariate or prior."""

    path: str
    day: int
    factor: float
    kind: str
    why: str


class Numbers:
    """The numbers of one world: `numbers("choice.price.planned")`; with a day (or an array of them) drifts are applied.

    An unknown name raises KeyError that names it.
    """

    def __init__(self, values: Mapping[str, Any], drifts: tuple[Drift, ...], version: int) -> None:
        self.values, self.drifts, self.version = values, drifts, version

    def __call__(self, path: str, day: Any = None) -> Any:
        found: Any = self.values
        for part in path.split("."):
            try:
                found = found[part]
            except (KeyError, TypeError):
                raise KeyError(f"{FILE.name}: no number {path!r}; add it there and raise `version`") from None
        return found if day is None else found * self.drifted(path, day)

    def drifted(self, path: str, day: Any) -> Any:
        """By how much the world has moved from its first day: 1 without drift. Shape of `day`."""
        factor: Any = 1.0
        for drift in self.drifts:
            if path == drift.path or path.startswith(drift.path + "."):
                factor = factor * np.where(np.asarray(day) >= drift.day, drift.factor, 1.0)
        return factor


@cache
def document() -> Mapping[str, Any]:
    """The whole file, as written."""
    read: Mapping[str, Any] = read_yaml(FILE)
    return read


def fingerprint() -> str:
    """SHA-256 of parameters.yaml: written into every world, so that nobody compares figures of two versions."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()


def numbers_of(world: str, days: int) -> Numbers:
    """The numbers of W1, W2 or W3 over a horizon of `days`. Raises ValueError for another name."""
    if world not in WORLDS:
        raise ValueError(f"no world {world!r}; one of {', '.join(WORLDS)}")
    values = _copied({k: v for k, v in document().items() if k != "worlds"})
    chosen = document()["worlds"][world]
    for path, value in (chosen.get("set") or {}).items():
        *folders, leaf = path.split(".")
        place = values
        for folder in folders:
            place = place[folder]
        if leaf not in place:
            raise ValueError(f"{FILE}: world {world} sets {path!r}, which is no number of the file")
        place[leaf] = value
    drifts = tuple(Drift(d["path"], round(d["after"] * days), float(d["factor"]), d["kind"], d["why"]) for d in chosen.get("drifts") or ())
    return Numbers(values, drifts, int(document()["version"]))


class Streams:
    """One independent random stream per component: a change in one never shifts the draws of another."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._open: dict[str, np.random.Generator] = {}

    def __call__(self, component: str) -> np.random.Generator:
        if component not in self._open:
            spawned = np.random.SeedSequence(self.seed, spawn_key=(crc32(component.encode()),))
            self._open[component] = np.random.Generator(np.random.PCG64(spawned))
        return self._open[component]


def _copied(value: Any) -> Any:
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, Mapping) else value
