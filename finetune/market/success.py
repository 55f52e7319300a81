"""Fits whether an agreed visit will be done well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from domain.learning.quality import Rows, by_time
from domain.matching.success import FEATURES, FILE, NAME, TABLES, SuccessModel, checked, rows
from finetune.market import observed
from finetune.market.probability import fit as fit_probability
from finetune.market.task import Task

RISING = ("fixed_share", "came_share", "stars", "node_fixed", "service_fixed", "level_over")
FALLING = ("described", "called_off", "notice_log", "second_trade")


def examples(folders: list[Path], until: int | None = None) -> Rows:
    """Checked examples of all folders whose outcome was known before `until` (seconds). Raises BadTrainingData."""
    every = Rows.joined([rows(observed.read(folder, TABLES)) for folder in folders])
    return checked(every if until is None else every.part(every.outcome_at < until))


def fit(found: Rows, folder: Path, say: Callable[[float, str], None]) -> None:
    """Writes the model to `folder`."""
    (found,) = by_time(found, (1.0,))
    SuccessModel(fit_probability(found.inputs, found.target, FEATURES.names, say, rising=RISING, falling=FALLING), "").save(folder / FILE)


TASK = Task(NAME, FEATURES, "log-loss of a visit done well, once it is agreed", (FILE,), examples, fit, "whether agreed visits are done well")
