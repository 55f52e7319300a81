"""A told price is written down with what it rested on, meets its outcome when the visit is over, and outlives an erased client namelessly."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.errors import DomainError
from domain.learning.predictions import live
from domain.pricing.cost_model import FEATURES
from domain.pricing.quote import held, restored
from domain.store import predictions
from domain.store.tables import PredictionRow, Proposal
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH, booked

URGENT = {**WISH, "start": "2026-11-23T10:30", "urgency": "emergency"}


def finished(bricol: Bricol, amount: float | None) -> str:
    ref = booked(bricol)
    ahmed = bricol.technician("ahmed")
    ahmed.ok("answer_offer", answer="accept")
    bricol.at("2026-11-24T10:00")
    ahmed.next_turn().ok("update_job", state="arrived", ref=ref)
    bricol.later(hours=1)
    ahmed.next_turn().ok("update_job", state="done", ref=ref, **({"amount_mad": amount} if amount else {}))
    bricol.client().ok("rate_booking", ref=ref, stars=5)
    return ref


def test_the_rules_price_is_kept_as_the_rules_and_meets_its_outcome(bricol: Bricol) -> None:
    ref = finished(bricol, 350)
    (row,) = bricol.rows(PredictionRow, model="cost")
    assert (row.version, row.entity, row.value, row.outcome, row.propensity) == ("rule", f"booking:{ref}", 300, 350, 1)
    assert row.low <= row.value <= row.high and tuple(row.features) == FEATURES.names and row.features["described"] is None
    with bricol.market.db.reading() as session:
        (figures,) = live(predictions.newest(session))
    assert (figures.told, figures.known) == (1, 1) and figures.inside is not None and figures.inside[0] == 1


def test_without_an_amount_the_outcome_stays_unknown(bricol: Bricol) -> None:
    finished(bricol, None)
    assert [row.outcome for row in bricol.rows(PredictionRow)] == [None]


def test_a_question_of_price_is_kept_once_however_often_its_turn_is_played(bricol: Bricol) -> None:
    person = bricol.client()
    asked = {"service": "plumbing", "issue": "robinet à changer dans toute la maison"}
    assert person.ok("estimate_price", **asked) == person.ok("estimate_price", **asked)
    (row,) = bricol.rows(PredictionRow)
    assert row.entity.startswith("conversation:") and row.features["described"] == 1


def test_an_answer_to_an_offer_is_an_outcome_that_counts_once(bricol: Bricol) -> None:
    with bricol.market.db.transaction() as session:
        told = predictions.Prediction("accept", "rule", "offer:1", bricol.clock.now(), {"km": 2.0}, 0.7)
        assert predictions.record(session, told) and not predictions.record(session, told)
    booked(bricol)
    bricol.technician("ahmed").ok("answer_offer", answer="accept")
    with bricol.market.db.transaction() as session:
        assert predictions.came_true(session, "accept", "offer:1", 0.0, bricol.clock.now()) == 0
    assert [row.outcome for row in bricol.rows(PredictionRow, model="accept")] == [1.0]


def test_an_erased_clients_prices_point_to_nobody(bricol: Bricol) -> None:
    finished(bricol, 350)
    client = bricol.client().next_turn()
    client.ok("estimate_price", service="plumbing")
    proposal = client.next_turn().ok("request_data_deletion")["proposal_id"]
    client.next_turn().ok("confirm_proposal", proposal_id=proposal)
    rows = bricol.rows(PredictionRow)
    assert len(rows) == 2 and all(row.entity == f"erased:{row.id}" for row in rows) and rows[0].outcome == 350


def test_a_proposal_is_a_quote_that_adds_up_and_holds_until_it_says(bricol: Bricol) -> None:
    made = bricol.client().ok("propose_booking", **URGENT)
    summary = made["summary"]
    assert sum(line["mad"] for line in summary["breakdown"]) == summary["price_mad"]
    assert 0 < summary["uplift_pct"] <= 30 and summary["without_hurry_mad"] < summary["price_mad"]
    assert summary["valid_until"] == "2026-11-23T11:00"
    (row,) = bricol.rows(Proposal)
    quote = restored(row.args["quote"])
    assert quote.mad == Decimal(str(summary["price_mad"])) and held(quote, bricol.clock.now()) == quote and row.expires_at == quote.valid_until
    with pytest.raises(DomainError, match="proposal_gone"):
        held(quote, quote.valid_until)


def test_the_same_job_in_five_languages_costs_the_same_to_the_coin(bricol: Bricol) -> None:
    leaks = ("robinet li kaysil", "الروبيني كيقطر", "fuite de robinet", "صنبور يقطر", "leaking tap")
    told = [bricol.client().ok("propose_booking", **URGENT | {"issue": issue})["summary"] for issue in leaks]
    amounts = {tuple(each[name] for name in ("price_mad", "price_min_mad", "price_max_mad", "uplift_pct")) for each in told}
    assert len(amounts) == 1
