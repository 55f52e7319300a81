"""Exploring is off unless it is named; then it draws at most a fifth of the lists, writes down its probabilities, and learns who was taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot import learnt
from bot.settings import Settings
from domain.matching.explore import CAP, Exploring
from domain.store.tables import PredictionRow, Technician
from tests.unit.tools.conftest import Bricol
from tools.context import Learnt

ASKED = {"service": "plumbing", "city": "casablanca", "district": "maarif"}


def exploring(bricol: Bricol) -> Bricol:
    return Bricol(replace(bricol.market, learnt=Learnt(explore=Exploring(seed=3))), bricol.clock)


def add_plumbers(bricol: Bricol, count: int) -> None:
    with bricol.market.db.transaction() as session:
        ahmed = session.scalars(select(Technician).where(Technician.name == "ahmed")).one()
        same = {name: getattr(ahmed, name) for name in ("trades", "city", "district", "hours", "days", "rate_mad", "radius_km")}
        session.add_all(Technician(phone=f"+2126620009{n:02d}", name=f"new {n}", rating=4.6, jobs=20 + n, **same) for n in range(count))


def lists(bricol: Bricol) -> dict[int, list[PredictionRow]]:
    found: dict[int, list[PredictionRow]] = {}
    for row in bricol.rows(PredictionRow, model="explore"):
        found.setdefault(int(row.extra["list"]), []).append(row)
    return found


def test_it_serves_only_when_it_is_named_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for named, serves in (("", False), ("all", False), ("explore", True), ("all,explore", True)):
        monkeypatch.setenv("BRICOL_LEARNT", named)
        chosen = Settings().learnt.split(",")
        assert ("explore" in chosen) == serves and "all" not in chosen
    assert learnt.load(["explore"]).explore == Exploring() and learnt.load([]).explore is None


def test_without_it_nothing_is_drawn_and_nothing_written(bricol: Bricol) -> None:
    bricol.client().ok("find_technicians", **ASKED)
    assert not lists(bricol)


def test_at_most_a_fifth_of_the_lists_are_drawn_and_each_place_has_its_probability(bricol: Bricol) -> None:
    add_plumbers(bricol, 4)
    usual = [one["id"] for one in bricol.client().ok("find_technicians", **ASKED)["technicians"]]
    house, drawn = exploring(bricol), 0
    for number in range(30):
        house.clock.advance(minutes=1)
        shown = [one["id"] for one in house.client(f"+2126610002{number:02d}").ok("find_technicians", **ASKED)["technicians"]]
        rows = lists(house)[number]
        assert [row.extra["technician_id"] for row in rows] == shown and shown[:2] == usual[:2]
        assert all(0 < row.propensity <= 1 for row in rows) and [row.propensity for row in rows[:2]] == [1, 1]
        assert rows[-1].propensity >= 1 - CAP or shown != usual
        drawn += rows[-1].extra["explored"]
        assert drawn <= CAP * (number + 1) + 1
    assert drawn >= 1


def test_a_list_that_is_asked_for_again_in_the_same_turn_is_the_same_list(bricol: Bricol) -> None:
    house = exploring(bricol)
    person = house.client()
    assert person.ok("find_technicians", **ASKED) == person.ok("find_technicians", **ASKED)
    assert list(lists(house)) == [0]


def test_whoever_has_an_hour_a_name_or_an_emergency_is_no_experiment(bricol: Bricol) -> None:
    house = exploring(bricol)
    house.client().ok("find_technicians", start="2026-11-24T10:00", **ASKED)
    house.client().ok("find_technicians", technician="ahmed", **ASKED)
    assert not lists(house)
    for _ in range(8):
        house.client().next_turn().ok("find_technicians", urgency="emergency", **ASKED)
    assert not any(row.extra["explored"] for row in house.rows(PredictionRow, model="explore"))


def test_the_one_who_was_booked_is_the_outcome_of_the_list(bricol: Bricol) -> None:
    house = exploring(bricol)
    person = house.client()
    chosen = person.ok("find_technicians", **ASKED)["technicians"][1]["id"]
    made = person.next_turn().ok("propose_booking", start="2026-11-24T10:00", technician_id=chosen, **ASKED)
    person.next_turn().ok("confirm_proposal", proposal_id=made["proposal_id"])
    assert [row.outcome for row in lists(house)[0]] == [float(row.extra["technician_id"] == chosen) for row in lists(house)[0]]
    assert sum(row.outcome for row in lists(house)[0]) == 1
