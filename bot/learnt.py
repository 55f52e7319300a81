"""The market's trained models: which there are, and those that the settings switch on (`BRICOL_LEARNT`)."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.learning.asof import FeatureSet
    from tools.context import Learnt

ARTIFACTS = Path(__file__).resolve().parents[1] / "finetune" / "artifacts"
#: Name of the artefact and field of `Learnt` -> the module that has its `FEATURES` and `serving(folder)`, read only when asked for.
MODULES = {
    "accept": "domain.matching.acceptance",
    "arrival": "domain.geo.arrival",
    "cost": "domain.pricing.cost_model",
    "match": "domain.matching.ranker",
    "success": "domain.matching.success",
}

#: What learns by trying things on people: only where the settings name it, never with "all".
POLICIES = {"explore": "domain.matching.explore"}


def load(names: Collection[str], folder: Path = ARTIFACTS) -> Learnt:
    """The named models that passed their gate. What did not pass, or is damaged, stays None: its rule serves, and the log says why."""
    from tools.context import Learnt

    found: dict[str, Any] = {name: import_module({**MODULES, **POLICIES}[name]).serving(folder / name) for name in names}
    return Learnt(**found)


def features(name: str) -> FeatureSet | None:
    """What the model reads; None: no model of the market has this name."""
    if name not in MODULES:
        return None
    found: FeatureSet = import_module(MODULES[name]).FEATURES
    return found
