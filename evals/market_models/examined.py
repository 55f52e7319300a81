"""What measuring a model in one world gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Examined:
    """`losses`: who (model, oracle, and each simple rule by name) -> loss, lower is better, all on the same later rows.

    `figures`: who -> figure -> value, for people; `rows`: how many were judged.
    """

    losses: Mapping[str, float]
    figures: Mapping[str, Mapping[str, float]]
    rows: int


@dataclass(frozen=True)
class Examiner:
    """`examine(world, model, until)` judges the model of a folder on what came after; `rules`: the names in `losses` that are simple rules.

    `trained` False: it learns while it is used, there is no file to train, `model` is None and `metric` names the loss.
    `guardrails`: name -> whether the mean figures (who -> figure -> value) hold it; `latency`: ms of one answer, given the model's folder.
    """

    name: str
    rules: tuple[str, ...]
    examine: Callable[[Path, Any, int], Examined]
    guardrails: Mapping[str, Callable[[Mapping[str, Mapping[str, float]]], bool]]
    latency: Callable[[Any], float]
    trained: bool = True
    metric: str = ""
