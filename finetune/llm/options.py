"""What a fine-tuning run is told: read from the command line, kept beside its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from finetune.llm.encode import Encoded


@dataclass(frozen=True)
class Options:
    """`rate` is the highest learning rate; `batch` lessons make one step; `save_every` steps a run can be taken up from."""

    base: str
    out: Path
    template: str = "auto"
    epochs: float = 2.0
    rate: float = 2e-4
    batch: int = 8
    most_tokens: int = 12_288
    rank: int = 32
    alpha: int = 64
    dropout: float = 0.05
    warmup: float = 0.03  # share of the steps
    held_out: float = 0.05  # share of the lessons, by a hash of their id
    save_every: int = 50
    seed: int = 7
    merge: bool = True

    def fingerprint(self, lessons: Sequence[Encoded]) -> str:
        """The same for a run of the same data and the same choices: only such a run is taken up again."""
        told = {k: str(v) for k, v in asdict(self).items() if k not in ("out", "save_every", "merge")}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for lesson in lessons:
            digest.update(repr((lesson.id, lesson.ids, lesson.labels)).encode())
        return digest.hexdigest()[:16]


def split(lessons: Sequence[Encoded], share: float) -> tuple[list[Encoded], list[Encoded]]:
    """(to learn, held out): by a hash of the id, so that a lesson stays where it is when others come. At least one is learnt."""
    held = [x for x in lessons if int(hashlib.sha256(x.id.encode()).hexdigest()[:8], 16) / 2**32 < share]
    if len(held) == len(lessons):
        held = held[1:]
    kept = {x.id for x in held}
    return [x for x in lessons if x.id not in kept], held
