"""The one door to understanding: `load()` gives the trained reader that serves."""

from __future__ import annotations

import json
from pathlib import Path

from bot.brain.understanding.base import Role, Understander, Understanding
from bot.brain.understanding.entities import extract
from bot.brain.understanding.reader import ARTEFACT, NoArtefact, Reader
from prompts.sentences import fingerprint

__all__ = ["NoArtefact", "Role", "Understander", "Understanding", "is_stale", "load"]


def load(folder: Path = ARTEFACT) -> Understander:
    """The trained reader of `folder`. Raises NoArtefact with the command that makes it."""
    return Reader(folder, extract)


def is_stale(folder: Path = ARTEFACT) -> bool:
    """True when sentences were written since the artefact was trained: it serves, and `bricol train understanding` would know more."""
    trained: str = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["sentences_hash"]
    return trained != fingerprint()
