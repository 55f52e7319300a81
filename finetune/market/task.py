"""What the training command needs to know of one model: its inputs, its examples, and how it is fitted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.learning import registry
from domain.learning.asof import FeatureSet
from domain.learning.quality import Rows

Say = Callable[[float, str], None]


@dataclass(frozen=True)
class Task:
    """`metric`: the loss by which it is judged; `files`: what `fit` leaves in the folder; `help`: one line for the command."""

    name: str
    features: FeatureSet
    metric: str
    files: tuple[str, ...]
    examples: Callable[[list[Path], int | None], Rows]
    fit: Callable[[Rows, Path, Say], None]
    help: str


def train(task: Task, sources: list[Path], folder: Path, say: Say = lambda share, text: None, until: int | None = None) -> registry.Entry:
    """Fits, writes files and model.json to `folder`, and returns the entry: new, so not serving until it is measured.

    `until` (seconds): nothing that became known from then on may teach. The same data gives the same version and the same bytes.
    Raises BadTrainingData.
    """
    began = time.perf_counter()
    say(0.0, "reading")
    found = task.examples(sources, until)
    folder.mkdir(parents=True, exist_ok=True)
    task.fit(found, folder, say)
    files = {name: registry.file_hash(folder / name) for name in task.files}
    data: dict[str, Any] = {"sha256": found.data_hash(), "rows": len(found), "sources": [_named(source) for source in sources]}
    entry = registry.Entry(
        name=task.name,
        version="-".join(["".join(sorted(files.values()))[:8], data["sha256"][:8]]),
        metric=task.metric,
        features=registry.describe(task.features),
        data=data,
        files=files,
    )
    registry.write(folder, entry)
    say(1.0, f"trained in {time.perf_counter() - began:.0f} s")
    return entry


def _named(source: Path) -> str:
    """A folder as others may read it: what the world says of itself, else its name. Never a path of this machine."""
    import json

    about = (source.parent if source.name == "observed" else source) / "world.json"
    if not about.is_file():
        return source.name
    told = json.loads(about.read_text(encoding="utf-8"))
    size, bookings = told["size"], told["rows"]["observed/bookings"]
    return f"simulated {told['world']} seed {told['seed']}: {size['technicians']} technicians, {bookings} bookings, {size['days']} days"
