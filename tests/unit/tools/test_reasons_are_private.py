"""A reason tells of the technician and of the person who asks, never of anybody else, and no score leaves the tool."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from domain.matching.reasons import CODES
from domain.store.tables import Client, Technician
from tests.unit.tools.conftest import Bricol

ASKED = {"service": "plumbing", "city": "casablanca", "district": "maarif"}
TOLD = {"id", "name", "rating", "jobs", "district", "distance_km", "price_mad", "next_slot", "reasons"}


def shown(person: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.ok("find_technicians", **ASKED)["technicians"]
    return found


def test_only_who_had_somebody_before_hears_that_they_had_them(bricol: Bricol) -> None:
    salma = bricol.client()
    with bricol.market.db.transaction() as session:
        hassan = session.scalars(select(Technician.id).where(Technician.name == "hassan")).one()
        session.get_one(Client, salma.context.person_id).last_technician_id = hassan
    assert [one["id"] for one in shown(salma.next_turn()) if "your_last" in one["reasons"]] == [hassan]
    for other in (bricol.client("+212661000199"), bricol.visitor()):
        assert not any("your_last" in one["reasons"] for one in shown(other))


def test_nothing_but_facts_of_the_technician_is_told_and_everybody_has_a_reason(bricol: Bricol) -> None:
    for one in shown(bricol.client()):
        assert set(one) == TOLD and one["reasons"] and set(one["reasons"]) <= set(CODES)
