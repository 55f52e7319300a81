"""A job that asks for a special skill goes to who has it; when they are busy the client is told so and offered somebody of the trade."""

from __future__ import annotations

import pytest

from domain.store.tables import Booking, Technician
from prompts import replies
from tests.unit.tools.conftest import Bricol
from tests.unit.tools.test_booking_flow import WISH

COPPER = {**WISH, "issue": "tiyo d n7as kaysil"}
SEARCH = {key: COPPER[key] for key in ("service", "city", "district", "start", "issue")}


def teach(bricol: Bricol, name: str, *skills: str) -> None:
    with bricol.market.db.transaction() as session:
        row = session.query(Technician).filter_by(name=name).one()
        row.skills = list(skills)


def test_without_recorded_skills_the_trade_decides_as_ever(bricol: Bricol) -> None:
    found = bricol.client().ok("find_technicians", **SEARCH)
    assert [t["name"] for t in found["technicians"]] == ["ahmed", "hassan", "mohamed"] and "no_specialist" not in found
    assert "no_specialist" not in bricol.client().ok("propose_booking", **COPPER)["summary"]


def test_who_has_the_skill_comes_first_and_is_proposed(bricol: Bricol) -> None:
    client = bricol.client()
    client.ok("find_technicians", **SEARCH)  # the roster is known before the skill is told
    teach(bricol, "mohamed", "plumbing.copper_pipe")
    found = client.ok("find_technicians", **SEARCH)
    assert found["technicians"][0]["name"] == "mohamed" and len(found["technicians"]) == 3
    assert client.ok("propose_booking", **COPPER)["summary"]["technician"] == "mohamed"
    assert client.next_turn().ok("propose_booking", **WISH)["summary"]["technician"] == "ahmed"  # a leak asks for no special skill
    slots = client.ok("find_slots", service="plumbing", city="casablanca", district="maarif", issue=COPPER["issue"])
    assert {slot["technician"] for slot in slots["slots"]} == {"mohamed"}


def test_when_who_has_the_skill_is_busy_the_client_is_told(bricol: Bricol) -> None:
    teach(bricol, "mohamed", "plumbing.copper_pipe")
    bricol.give_booking("BR-7", technician="mohamed", phone="+212661000107")
    client = bricol.client()
    lacking = {"skill": "plumbing.copper_pipe", "keeps": 0.7}
    found = client.ok("find_technicians", **SEARCH)
    assert found["no_specialist"] == lacking and found["technicians"][0]["name"] == "ahmed"
    assert client.ok("propose_booking", **COPPER)["summary"]["no_specialist"] == lacking
    booked = client.next_turn().ok("propose_booking", **{**COPPER, "technician_id": 1})
    assert "no_specialist" not in booked["summary"]  # they chose ahmed themselves
    assert len(bricol.rows(Booking)) == 1


def test_a_dangerous_fault_says_what_to_mind_until_somebody_comes(bricol: Bricol) -> None:
    client = bricol.client()
    proposed = client.ok("propose_booking", **{**WISH, "issue": "tuyau eclate"})
    assert client.next_turn().ok("confirm_proposal", proposal_id=proposed["proposal_id"])["careful"] == "water_near_current"


@pytest.mark.parametrize("locale", ["ary-Latn", "ary-Arab", "fr", "ar", "en"])
def test_the_words_for_it_are_there_in_every_language(locale: str) -> None:
    for hazard in ("gas", "sparks", "water_near_current"):
        assert replies.render(f"booking.until_{hazard}", locale)
