"""With a learnt model the tools price with its ranges and the technician's own past; without one, by the rule."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from bot import learnt, settings
from domain.pricing.cost_model import FEATURES
from domain.store.outcomes import technician_past
from domain.store.tables import Technician
from tests.unit.tools.conftest import Bricol
from tools.context import Learnt


class Echo:
    """Says low and high of 0.6 and 1.8, and the technician's own past as the likely ratio."""

    version = "cost-echo"

    def __init__(self) -> None:
        self.asked: list[dict[str, float]] = []

    def ratios(self, inputs: np.ndarray) -> np.ndarray:
        self.asked.append(dict(zip(FEATURES.names, inputs[0], strict=True)))
        return np.array([[0.6, np.exp(self.asked[-1]["technician_ratio"]), 1.8]])


def with_model(bricol: Bricol) -> tuple[Bricol, Any]:
    model: Any = Echo()
    return Bricol(replace(bricol.market, learnt=Learnt(cost=model)), bricol.clock), model


JOB = {"service": "plumbing", "city": "casablanca", "technician_id": 1}


def test_ranges_are_learnt_and_lines_still_add_up(bricol: Bricol) -> None:
    house, model = with_model(bricol)
    told = house.client().ok("estimate_price", **JOB)
    assert (told["min_mad"], told["likely_mad"], told["max_mad"]) == (180, 300, 540)
    assert sum(line["mad"] for line in told["breakdown"]) == told["likely_mad"]
    assert np.isnan(model.asked[0]["described"]) and model.asked[0]["technician_jobs"] == 0


def test_a_technician_whose_jobs_end_dearer_is_said_to_be_dearer_within_bounds(bricol: Bricol) -> None:
    for number in range(8):
        bricol.give_booking(f"BR-9{number}", status="closed", start=f"2026-10-0{number + 1}T10:00", final_mad=Decimal(420))
    bricol.give_booking("BR-98", status="cancelled", start="2026-10-10T10:00")
    house, model = with_model(bricol)
    told = house.client().ok("estimate_price", **JOB)
    assert model.asked[0]["technician_jobs"] == 9
    assert model.asked[0]["technician_ratio"] == pytest.approx(8 * np.log(420 / 300) / 16)
    assert told["likely_mad"] == 355  # 300 x exp(0.168), in coins


def test_the_past_of_somebody_new_is_nobodys(bricol: Bricol) -> None:
    with bricol.market.db.transaction() as session:
        known = technician_past(session, session.query(Technician).filter_by(name="hassan").one().id)
    assert (known.technician_jobs, known.technician_ratio) == (0, 0.0)


def test_the_house_prices_by_rule_while_what_is_there_may_not_serve(tmp_path: Any) -> None:
    assert learnt.load({"cost"}, tmp_path) == Learnt()


def test_a_model_nobody_knows_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_LEARNT", "cost,oracle")
    with pytest.raises(settings.SettingsError, match=r"'oracle' is no model; known: all, accept, arrival, cost, match, success"):
        settings.load()
