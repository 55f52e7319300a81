"""With a learnt ranking the tools show three people in its order with its reasons; without one, or with one that did not pass, the rule ranks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import learnt
from domain.matching.ranker import MatchModel
from domain.store import ranking
from domain.store.tables import Rating
from tests.unit.domain.matching.test_ranker import model
from tests.unit.tools.conftest import Bricol
from tools.context import Learnt

ASKED = {"service": "plumbing", "city": "casablanca", "district": "maarif"}


def with_model(bricol: Bricol, found: MatchModel) -> Bricol:
    return Bricol(replace(bricol.market, learnt=Learnt(match=found)), bricol.clock)


def names(told: dict[str, Any]) -> list[str]:
    return [one["name"] for one in told["technicians"]]


def test_three_are_shown_in_the_learnt_order_with_what_speaks_for_them(bricol: Bricol) -> None:
    by_rule = bricol.client().ok("find_technicians", **ASKED)
    assert names(by_rule)[0] == "ahmed" and len(by_rule["technicians"]) == 3
    thrifty = with_model(bricol, model(price=-4.0)).client().ok("find_technicians", **ASKED)
    assert names(thrifty) == ["mohamed", "hassan", "ahmed"]
    assert thrifty["technicians"][0]["reasons"] == ["cheapest"] and "cheapest" not in thrifty["technicians"][2]["reasons"]
    near = with_model(bricol, model(km=-0.4)).client().ok("find_technicians", **ASKED)
    assert names(near)[0] == "ahmed" and near["technicians"][0]["reasons"] == ["same_district"]


def test_a_booking_that_names_nobody_goes_to_whom_the_ranking_puts_first(bricol: Bricol) -> None:
    house = with_model(bricol, model(price=-4.0))
    told = house.client().ok("propose_booking", start="2026-11-24T10:00", **ASKED)
    assert told["summary"]["technician"] == "mohamed"
    told = bricol.client("+212661000199").ok("propose_booking", start="2026-11-24T10:00", **ASKED)
    assert told["summary"]["technician"] == "ahmed"


def test_who_is_busy_then_is_never_shown_whatever_is_kept(bricol: Bricol) -> None:
    house = with_model(bricol, model(price=-4.0))
    assert names(house.client().ok("find_technicians", start="2026-11-24T10:00", **ASKED))[0] == "mohamed"
    bricol.give_booking("BR-77", technician="mohamed", start="2026-11-24T10:00")
    assert "mohamed" not in names(house.client().ok("find_technicians", start="2026-11-24T10:00", **ASKED))


def test_a_technicians_past_is_read_from_our_own_tables_as_in_training(bricol: Bricol) -> None:
    for number in range(6):
        status = "disputed" if number == 5 else "closed"
        bricol.give_booking(f"BR-8{number}", status=status, start=f"2026-11-0{number + 1}T10:00", technician="hassan")
    bricol.give_booking("BR-86", status="cancelled", cancelled_by="technician", start="2026-11-08T10:00", technician="hassan")
    bricol.give_booking("BR-87", status="cancelled", cancelled_by="client", start="2026-11-09T10:00", technician="hassan")
    with bricol.market.db.transaction() as session:
        session.add(Rating(booking_id=1, stars=5, created_at=bricol.clock.now()))
        session.flush()
        (past,) = ranking.pasts(session, bricol.clock.now()).values()
    assert past["fixes"] == pytest.approx((5 + 0.87 * 12) / (6 + 12)) and past["keeps"] == pytest.approx((6 + 0.94 * 15) / (7 + 15))
    assert past["lately"] == pytest.approx((5 + 4.3 * 5) / 6) and past["popular"] == 8


def test_the_bound_ranking_is_kept_for_minutes_and_then_read_anew(bricol: Bricol) -> None:
    some, now = model(price=-1.0), bricol.clock.now()
    with bricol.market.db.transaction() as session:
        assert ranking.order(session, None, now) is None
        first = ranking.order(session, some, now)
        assert ranking.order(session, some, now + timedelta(minutes=9)) is first
        assert ranking.order(session, some, now + timedelta(minutes=11)) is not first


def test_the_rule_ranks_while_what_is_there_may_not_serve(tmp_path: Any) -> None:
    assert learnt.load({"match"}, tmp_path) == Learnt()
