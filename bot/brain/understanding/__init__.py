"""The one door to understanding: `load()` gives the trained reader that serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.brain.understanding.base import Role, Understander, Understanding

__all__ = ["Role", "Understander", "Understanding", "load"]


def load(folder: Path | None = None) -> Understander:
    """The trained reader of finetune/artifacts/understanding (or `folder`). Raises NoArtefact with the command that makes it."""
    from bot.brain.understanding.reader import ARTEFACT, Reader

    return Reader(folder or ARTEFACT, _extractor())


def _extractor() -> Callable[..., Mapping[str, Any]]:
    if find_spec("bot.brain.understanding.entities") is None:
        return lambda text, **_: {}
    extract: Callable[..., Mapping[str, Any]] = import_module("bot.brain.understanding.entities").extract
    return extract
