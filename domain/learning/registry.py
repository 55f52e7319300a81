"""Reads and writes what a training leaves in finetune/artifacts/<name>/, and lets nothing serve that is damaged, of other features, or not better."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from domain.learning.asof import FeatureSet

Model = TypeVar("Model")
log = logging.getLogger(__name__)
FILE = "model.json"
MOST_BYTES = 100_000_000  # systems.md I05
_told: set[tuple[str, str]] = set()


class ModelRefused(ValueError):
    """A model file that must not serve; the message says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """One model in model.json: first what `bricol models` lists, then what proves it.

    `metric`: a loss, lower is better, with its `value` for the model, its rule (`baseline`) and the truth (`oracle`); None: not measured.
    `features`: {set, version, fingerprint}; `data`: {sha256, rows, sources}; `files`: name -> sha256; `measured`: sizes, seeds and figures.
    """

    name: str
    version: str
    metric: str
    value: float | None = None
    baseline: float | None = None
    oracle: float | None = None
    gap_closed: float | None = None
    ci: tuple[float, float] | None = None
    serving: bool = False
    reason: str = "not measured yet"
    baseline_name: str = ""
    latency_ms: float | None = None
    features: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)


def describe(features: FeatureSet) -> dict[str, Any]:
    """What an entry keeps of its features."""
    return {"set": features.name, "version": features.version, "fingerprint": features.fingerprint, "names": list(features.names)}


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(folder: Path, entry: Entry) -> None:
    """Raises ValueError for a file larger than MOST_BYTES."""
    for name in entry.files:
        if (size := (folder / name).stat().st_size) > MOST_BYTES:
            raise ValueError(f"{folder / name}: {size:,} bytes; at most {MOST_BYTES:,}: use fewer or smaller trees")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(asdict(entry), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(folder: Path) -> Entry:
    """Raises ModelRefused for an entry that is missing or makes no sense."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {name: value for name, value in data.items() if name in Entry.__dataclass_fields__}
        ci = known.get("ci")
        return Entry(**known | {"ci": tuple(ci) if ci else None})
    except FileNotFoundError:
        raise ModelRefused(f"{path} is not there; train it: bricol train {folder.name}") from None
    except (ValueError, TypeError) as fault:
        raise ModelRefused(f"{path}: {fault}; train it again: bricol train {folder.name}") from None


def verified(folder: Path, features: FeatureSet) -> Entry:
    """The entry, if its files are those that were measured and read these very features. Raises ModelRefused."""
    entry = read(folder)
    again = f"train it again: bricol train {folder.name}"
    if entry.features.get("fingerprint") != features.fingerprint:
        trained = f"{entry.features.get('set')} v{entry.features.get('version')}"
        raise ModelRefused(f"{folder.name} {entry.version} reads features {trained}, this code builds {features.name} v{features.version}; {again}")
    for name, expected in entry.files.items():
        if not (folder / name).is_file():
            raise ModelRefused(f"{folder / name} is not there; {again}")
        if file_hash(folder / name) != expected:
            raise ModelRefused(f"{folder / name} is not the file that was measured; {again}")
    return entry


def champion(folder: Path, features: FeatureSet) -> Entry | None:
    """The entry that may serve; None: the rule does, and the log says why, once a process."""
    try:
        entry = verified(folder, features)
        if not entry.serving:
            raise ModelRefused(f"{folder.name} {entry.version} stays off ({entry.reason})")
        return entry
    except ModelRefused as why:
        if (str(folder), str(why)) not in _told:
            _told.add((str(folder), str(why)))
            log.warning("%s: the rule serves", why)
        return None


def serving(folder: Path, features: FeatureSet, file: str, read: Callable[[Path, str], Model]) -> Model | None:
    """The model of `folder` that passed the gate, as `read(path, version)` gives it; None: the rule serves, and the log said why."""
    entry = champion(folder, features)
    return read(folder / file, f"{features.name}-{entry.version}") if entry is not None else None


@contextmanager
def stored(path: Path, name: str) -> Iterator[Any]:
    """The arrays of a model's file. Raises ModelRefused where it cannot be read, or has not what is read out of it meanwhile."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except (OSError, KeyError, ValueError) as fault:
        raise ModelRefused(f"{path}: {fault}; train it again: bricol train {name}") from None
