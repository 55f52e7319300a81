"""With trained chances the cascade asks first whoever is worth most, and a client hears it where nobody may say yes; without them nothing changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.brain.asking import question
from domain.matching import acceptance, success
from domain.matching.acceptance import AcceptModel
from domain.matching.success import SuccessModel
from domain.store.tables import Booking, Offer, Technician
from finetune.market.task import train
from finetune.market.tasks import task
from tests.support.offers import tables
from tests.support.visits import write
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH, booked
from tools.context import Learnt

LOCALES = ("ary-Latn", "ary-Arab", "fr", "ar", "en")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """Both models, trained on a small market where silence and refusals are habits."""
    place = tmp_path_factory.mktemp("models")
    data = write(place / "observed", tables(2000))
    for name in ("accept", "success"):
        train(task(name), [data], place / name)
    return Learnt(
        accept=AcceptModel.read(place / "accept" / acceptance.FILE, "accept-tiny"),
        success=SuccessModel.read(place / "success" / success.FILE, "success-tiny"),
    )


@pytest.fixture
def house(bricol: Bricol, learnt: Learnt) -> Bricol:
    return Bricol(replace(bricol.market, learnt=learnt), bricol.clock)


def refused(bricol: Bricol, name: str, times: int = 60) -> None:
    """Gives a technician a past of offers that he let pass or refused."""
    now = bricol.clock.now()
    with bricol.market.db.transaction() as session:
        who = session.query(Technician).filter_by(name=name).one()
        booking = session.query(Booking).first()
        assert booking is not None
        for number in range(times):
            sent = now - timedelta(days=70 - number)
            silent = number % 2 == 0
            session.add(Offer(
                booking_id=booking.id, technician_id=who.id, status="expired" if silent else "declined", start=sent + timedelta(hours=1),
                sent_at=sent, deadline=sent + timedelta(minutes=15), answered_at=None if silent else sent + timedelta(minutes=9),
            ))  # fmt: skip


def test_who_never_says_yes_is_asked_after_those_who_do(bricol: Bricol, house: Bricol) -> None:
    bricol.give_booking(status="closed", start="2026-10-01T10:00")
    soon = {**WISH, "start": "2026-11-23T10:40"}  # time for one offer
    assert house.client().ok("propose_booking", **soon)["summary"]["technician"] == "ahmed"
    refused(bricol, "ahmed")
    assert bricol.client().ok("propose_booking", **soon)["summary"]["technician"] == "ahmed"  # the rule knows nothing of it
    assert house.client().ok("propose_booking", **soon)["summary"]["technician"] != "ahmed"


def test_the_cascade_goes_on_to_a_yes_and_asks_everybody_once(bricol: Bricol, house: Bricol) -> None:
    bricol.give_booking(status="closed", start="2026-10-01T10:00")
    refused(bricol, "ahmed")
    client = house.client()
    ref, names = booked(house, client), []
    for answer in ("decline", "decline", "accept"):
        names.append(next(o for o in house.rows(Offer) if o.status == "open").technician.name)
        house.technician(names[-1]).ok("answer_offer", answer=answer)
    assert sorted(names) == ["ahmed", "hassan", "mohamed"]
    assert house.booking(ref).status == "confirmed" and house.booking(ref).technician.name == names[-1]  # type: ignore[union-attr]


def test_a_technician_whom_the_client_chose_is_asked_first_whatever_was_learnt(bricol: Bricol, house: Bricol) -> None:
    bricol.give_booking(status="closed", start="2026-10-01T10:00")
    refused(bricol, "ahmed")
    summary = house.client().ok("propose_booking", **{**WISH, "start": "2026-11-23T10:40"}, technician_id=1)["summary"]
    assert summary["technician"] == "ahmed" and summary["no_response_pct"] >= 50


def test_a_high_risk_is_said_before_the_yes_in_every_language(bricol: Bricol, house: Bricol) -> None:
    bricol.give_booking(status="closed", start="2026-10-01T10:00")
    for name in ("ahmed", "hassan", "mohamed"):
        refused(bricol, name)
    made = house.client().ok("propose_booking", **WISH)
    risk = made["summary"]["no_response_pct"]
    assert risk % 5 == 0 and 30 <= risk <= 100
    for locale in LOCALES:
        reply = question("propose_booking", made, {"now": "2026-11-23T10:00+01:00"}, locale)
        assert reply.key == "booking.propose_unsure" and str(risk) in reply.text and reply.awaiting == "confirm"
        assert "{" not in reply.text


def test_where_a_yes_is_likely_or_no_model_serves_nothing_of_it_is_said(bricol: Bricol, house: Bricol) -> None:
    for market in (bricol, house):
        made = market.client().ok("propose_booking", **WISH)
        assert "no_response_pct" not in made["summary"]
        assert question("propose_booking", made, {"now": "2026-11-23T10:00+01:00"}, "fr").key == "booking.propose"
