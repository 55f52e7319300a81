"""What a model's data is: each input in words, the tables that a marketplace must hold for it, and what only the simulator knows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from domain.learning.asof import Feature
from evals.market_models.examined import Examiner, Judged

HOW = {"count": "how many", "total": "total", "mean": "mean", "days_since": "days since the last"}
GIVEN = "given when the question is asked"
Row = dict[str, Any]


def inputs(features: Iterable[Feature]) -> list[Row]:
    """name, meaning, family, unit, range and since (from when it counts) of each, as text."""
    told = ("name", "meaning", "family", "unit")
    return [{name: getattr(each, name) for name in told} | {"range": _range(each), "since": _since(each)} for each in features]


def data(judge: Examiner, parts: Sequence[Judged]) -> Row:
    """`tables` with the columns read and the rows of all worlds together, `hidden` columns, `inputs` where no FeatureSet has them."""
    from evals.market.files import columns

    every, named = columns(), [part.data.get("rows", {}) for part in parts]
    tables = [
        {
            "name": table,
            "rows": sum(int(rows.get(f"observed/{table}", 0)) for rows in named),
            "columns": {name: every["observed"][table][name][1] for name in names},
        }
        for table, names in judge.tables.items()
    ]
    places = [tuple(place.split(".")) for place in judge.hidden]
    hidden = {f"{table}.{name}": every["oracle"][table][name][1] for table, name in places}
    return {"tables": tables, "hidden": hidden, "inputs": inputs(judge.inputs)}


def _range(feature: Feature) -> str:
    low, high = (None if math.isinf(end) else f"{end:,g}" for end in (feature.low, feature.high))
    span = f"{low} to {high}" if low and high else f"{low} and more" if low else "any"
    return span + ", may be unknown" * feature.empty


def _since(feature: Feature) -> str:
    if not feature.source:
        return GIVEN
    span = "" if feature.days is None else f" of the last {feature.days:g} days"
    drawn = f", drawn to {feature.prior:g} as by {feature.weight:g} more" if feature.weight else ""
    return f"{HOW[feature.how]}{span} of this {feature.entity.removesuffix('_id')}, known before the question{drawn}"
