"""Lets the last place of a list be drawn where exploring serves, and writes down who was shown with which probability."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from domain.learning.predictions import Prediction
from domain.matching import explore
from domain.matching.rank import MODEL_VERSION, Slate
from domain.store import predictions, ranking
from tools.quotes import RULE
from tools.turn import Turn

MODEL = "explore"


def drawn(turn: Turn, slate: Slate, k: int, *, emergency: bool) -> Slate:
    """The `k` to show of a wider slate, with a row of `predictions` for each: what it scored and how probable it was at its place."""
    policy = turn.market.learnt.explore
    people = slate.candidates
    if policy is None or not people:
        return replace(slate, candidates=people[:k])
    entity = f"conversation:{turn.context.conversation_id}"
    number = predictions.list_number(turn.session, MODEL, entity, turn.now)
    known = ranking.visits(turn.session, [one.technician_id for one in people])
    tried, done = (np.array([known.get(one.technician_id, (0, 0))[part] for one in people], float) for part in (0, 1))
    scores = np.array([one.score for one in people])
    shown = explore.show(scores, tried, done, k=k, number=number, share=policy.share, seed=policy.seed, emergency=emergency)
    version = RULE if slate.model_version == MODEL_VERSION else slate.model_version
    for place, (row, propensity) in enumerate(zip(shown.places, shown.propensity, strict=True), 1):
        one = people[row]
        extra: dict[str, Any] = {"list": number, "place": place, "technician_id": one.technician_id, "explored": shown.explored}
        said = Prediction(MODEL, version, entity, turn.now, {}, one.score, propensity=float(propensity), extra=extra)
        predictions.record(turn.session, said)
    return replace(slate, candidates=tuple(people[row] for row in shown.places))
