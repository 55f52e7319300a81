"""Worlds load once, tell mistakes with their line, and carry what scenarios give on top."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from domain.clock import to_utc
from domain.store import roster
from domain.store.conversations import conversation_for
from domain.store.database import Database
from domain.store.tables import Booking, Client, Offer, Technician
from domain.store.world import WorldError, apply_given, load_world, snapshot
from tests.support.clock import MONDAY as NOW

WORLD = """technicians:
  - {name: ahmed, phone: "+212662000001", trades: [plumbing, water_heater], city: casablanca, district: maarif, rate: 300, rating: 4.9, jobs: 512}
  - {name: nabil, phone: "+212662000014", trades: [plumbing], city: rabat, district: Agdal, hours: "08:00-19:00", days: "mon-sun", rate: 290}
clients:
  - {phone: "+212661000001", name: salma, language: ary, script: latn, city: casablanca, district: maarif, bookings_done: 15, last_technician: ahmed}
rules: {late_cancellation_fee_mad: 60}
"""
BOOKING: dict[str, Any] = {
    "ref": "BR-1042", "client": "+212661000001", "technician": "ahmed", "service": "plumbing", "city": "casablanca", "district": "maarif",
    "start": "2026-11-24T10:00", "status": "confirmed", "price_mad": 320, "paid_mad": 0,
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(WORLD, encoding="utf-8")
    return path


@pytest.fixture
def market(db: Database, world: Path) -> Database:
    with db.transaction() as session:
        load_world(session, world, NOW)
    return db


def give(market: Database, *rows: dict[str, Any], **options: Any) -> dict[str, list[dict[str, Any]]]:
    with market.transaction() as session:
        apply_given(session, rows, NOW, **options)
    with market.transaction() as session:
        return snapshot(session)


def test_a_world_fills_the_store_and_says_its_rules(db: Database, world: Path) -> None:
    with db.transaction() as session:
        rules = load_world(session, world, NOW)
        ahmed, nabil = session.scalars(select(Technician).order_by(Technician.id)).all()
        salma = session.scalars(select(Client)).one()
    assert rules.late_cancellation_fee_mad == 60 and rules.commission == Decimal("0.12")
    assert (ahmed.rate_mad, ahmed.rating, ahmed.jobs, ahmed.simulated) == (300, 4.9, 512, True)
    assert (nabil.district, nabil.hours, nabil.days) == ("agdal", "08:00-19:00", "mon-sun")
    assert (salma.last_technician_id, salma.bookings_before) == (ahmed.id, 15)


def test_loading_twice_adds_nobody_and_keeps_what_life_changed(market: Database, world: Path) -> None:
    with market.transaction() as session:
        ahmed = session.scalars(select(Technician).where(Technician.name == "ahmed")).one()
        ahmed.rating, ahmed.available = 3.1, False
        session.scalars(select(Client)).one().name = "Salma B."
    world.write_text(WORLD.replace("rate: 300", "rate: 350"), encoding="utf-8")
    with market.transaction() as session:
        load_world(session, world, NOW)
    with market.transaction() as session:
        first = session.scalars(select(Technician).order_by(Technician.id)).first()
        assert first is not None and (first.rating, first.available, first.rate_mad) == (3.1, False, 350)
        assert [c.name for c in session.scalars(select(Client))] == ["Salma B."]
        assert len(session.scalars(select(Technician)).all()) == 2


@pytest.mark.parametrize(("was", "becomes", "line", "says"), [
    ('"+212662000014"', "+212662000014", 3, "in quotes"),
    ('"+212662000014"', '"+212662000001"', 3, "twice"),
    ("rate: 290", "rate: cheap", 3, "rate"),
    ("rate: 290", "rates: 290", 3, "no rate"),
    ("rate: 290", "rate: 290, colour: red", 3, "colour"),
    ("[plumbing]", "[plumbing, astrology]", 3, "astrology"),
    ("[plumbing]", "plumbing", 3, "list"),
    ("[plumbing]", "[plumbing], skills: [plumbing.alchemy]", 3, "plumbing.copper_pipe"),
    ("city: rabat", "city: paris", 3, "paris"),
    ("08:00-19:00", "8h-19h", 3, "08:00-20:00"),
    ("mon-sun", "lun-dim", 3, "mon-sat"),
    ("rating: 4.9", "rating: 49", 2, "from 1 to 5"),
    ("language: ary", "language: darija", 5, "ary, fr, ar, en"),
    ("last_technician: ahmed", "last_technician: nobody", 5, "nobody"),
    ("late_cancellation_fee_mad", "late_fee", 6, "late_fee"),
    ("rules:", "rule:", 6, "technicians, clients or rules"),
    ("  - {name: ahmed", "  - [name: ahmed", 2, "not YAML"),
    ("  - {phone", "  - ahmed\n  - {phone", 5, "mapping"),
])  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_nothing_is_written(db: Database, world: Path, was: str, becomes: str, line: int, says: str) -> None:
    assert was in WORLD
    world.write_text(WORLD.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(WorldError) as error, db.transaction() as session:
        load_world(session, world, NOW)
    assert str(error.value).startswith(f"{world}:{line}: ") and says in str(error.value)
    with db.transaction() as session:
        assert snapshot(session)["technicians"] == []


def test_a_world_that_is_not_there_says_which_path_to_give(db: Database, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"demo\.yaml"), db.transaction() as session:
        load_world(session, tmp_path / "none.yaml", NOW)


def test_an_offered_booking_with_a_technician_carries_an_open_offer(market: Database) -> None:
    end = give(market, {"booking": {**BOOKING, "status": "offered"}})
    assert end["offers"] == [{"booking": "BR-1042", "technician": "ahmed", "status": "open"}]
    with market.transaction() as session:
        offer = session.scalars(select(Offer)).one()
        assert NOW < offer.deadline <= NOW + timedelta(minutes=15)


def test_a_confirmed_booking_is_what_was_given_and_nothing_more(market: Database) -> None:
    end = give(market, {"booking": BOOKING})
    (row,) = end["bookings"]
    assert {k: row[k] for k in BOOKING} == {**BOOKING, "price_mad": Decimal(320), "paid_mad": Decimal(0)}
    assert end["offers"] == end["refunds"] == end["messages"] == []


def test_a_start_read_by_yaml_and_one_in_text_are_the_same_local_time(market: Database) -> None:
    give(market, {"booking": {**BOOKING, "start": datetime.fromisoformat("2027-02-10T09:30")}})  # in Ramadan: +0
    with market.transaction() as session:
        row = session.scalars(select(Booking)).one()
        assert row.start_local == "2027-02-10T09:30" and row.start == to_utc(datetime.fromisoformat("2027-02-10T09:30"))


def test_an_unknown_phone_becomes_a_client_who_is_the_sender_later(market: Database) -> None:
    speaks = {"phone": "+212661000452", "language": "en", "script": "latn"}
    end = give(market, {"booking": {**BOOKING, "client": "+212661000452"}}, {"client": speaks})
    assert [c["language"] for c in end["clients"] if c["phone"] == "+212661000452"] == ["en"]
    with market.transaction() as session:
        talk = conversation_for(session, "whatsapp", "+212661000452", NOW)
        assert talk.client_id == session.scalars(select(Booking.client_id)).one()


def test_who_came_last_time_is_remembered_from_a_given_visit(market: Database) -> None:
    give(market, {"booking": {**BOOKING, "client": "+212661000452", "status": "done", "start": "2026-11-20T10:00"}})
    with market.transaction() as session:
        client = session.scalars(select(Client).where(Client.phone == "+212661000452")).one()
        assert client.last_technician_id == session.scalars(select(Technician.id).where(Technician.name == "ahmed")).one()


def test_rows_may_stand_in_any_order(market: Database) -> None:
    end = give(
        market,
        {"refund": {"booking": "BR-1042", "amount_mad": 100, "status": "paid"}},
        {"offer": {"booking": "BR-1042", "technician": "nabil", "status": "declined"}},
        {"booking": {**BOOKING, "status": "offered", "paid_mad": 100}},
        {"technician": {"name": "ahmed", "available": False}},
    )
    assert [(r["booking"], r["amount_mad"], r["status"]) for r in end["refunds"]] == [("BR-1042", 100, "paid")]
    assert [(o["technician"], o["status"]) for o in end["offers"]] == [("ahmed", "open"), ("nabil", "declined")]
    assert [t["available"] for t in end["technicians"]] == [False, True]


def test_a_named_open_offer_takes_the_place_of_the_first(market: Database) -> None:
    end = give(market, {"booking": {**BOOKING, "status": "offered"}}, {"offer": {"booking": "BR-1042", "technician": "nabil", "status": "open"}})
    assert [(o["technician"], o["status"]) for o in end["offers"]] == [("ahmed", "withdrawn"), ("nabil", "open")]
    assert end["bookings"][0]["technician"] == "nabil"


def test_a_given_conversation_is_the_writers(market: Database) -> None:
    give(market, {"conversation": {"owner": "human", "desk": "karima"}}, writer=("telegram", "+212661000001"))
    with market.transaction() as session:
        talk = conversation_for(session, "telegram", "+212661000001", NOW)
        assert (talk.owner, talk.desk, talk.owner_epoch) == ("human", "karima", 1)


@pytest.mark.parametrize(("row", "says"), [
    ({"booking": {**BOOKING, "technician": "nobody"}}, "nobody"),
    ({"booking": {**BOOKING, "status": "lost"}}, "offered, confirmed"),
    ({"booking": {**BOOKING, "start": "tomorrow"}}, "start"),
    ({"booking": {**BOOKING, "colour": "red"}}, "colour"),
    ({"booking": {k: v for k, v in BOOKING.items() if k != "ref"}}, "no ref"),
    ({"booking": {**BOOKING, "paid_mad": -5}}, "0 or more"),
    ({"refund": {"booking": "BR-9", "amount_mad": 5}}, "BR-9"),
    ({"conversation": {"owner": "human"}}, "whose"),
    ({"weather": {}}, "weather"),
])  # fmt: skip
def test_a_given_row_that_cannot_be_is_refused_with_its_place(market: Database, row: dict[str, Any], says: str) -> None:
    with pytest.raises(WorldError, match=r"given\[0\]") as error:
        give(market, row)
    assert says in str(error.value)


def test_two_given_visits_of_one_technician_may_not_overlap(market: Database) -> None:
    with pytest.raises(WorldError, match=r"given\[1\].booking: the technician has promised another visit then"):
        give(market, {"booking": BOOKING}, {"booking": {**BOOKING, "ref": "BR-1043", "start": "2026-11-24T10:45"}})


def test_skills_of_a_world_are_known_to_the_roster_and_none_is_the_default(db: Database, world: Path) -> None:
    world.write_text(WORLD.replace("trades: [plumbing]", "trades: [plumbing], skills: [plumbing.copper_pipe]"), encoding="utf-8")
    with db.transaction() as session:
        load_world(session, world, NOW)
        assert sorted(map(sorted, roster.read(session).skilled.values())) == [["plumbing.copper_pipe"]]
        assert sorted(t.skills for t in session.scalars(select(Technician))) == [[], ["plumbing.copper_pipe"]]


def test_the_snapshot_has_every_table_and_column_that_scenarios_may_name(market: Database) -> None:
    from evals.scenario import TABLES

    end = give(
        market,
        {"booking": {**BOOKING, "status": "offered", "paid_mad": 50}},
        {"refund": {"booking": "BR-1042", "amount_mad": 50}},
    )
    assert set(end) == set(TABLES)
    for table in ("bookings", "offers", "refunds", "clients", "technicians"):
        assert set(end[table][0]) >= TABLES[table]
