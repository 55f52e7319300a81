"""Many people at once want one technician: the store lets exactly those through who do not touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from domain.catalog import services
from domain.scheduling.slots import QUARTER, TRAVEL_BUFFER, local, quarters
from domain.store import agenda
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.people import get_or_create_client
from domain.store.promises import DoubleBooked
from domain.store.references import next_ref
from domain.store.sql import locked
from domain.store.tables import Booking, PromisedQuarter, Technician
from tests.support.clock import MONDAY as NOW


@pytest.fixture
def market(either_url: str) -> Database:
    migrate(either_url)
    database = Database(either_url)
    with database.transaction() as session:
        session.add(Technician(name="ahmed", phone="+212662000777", trades=["plumbing"], city="casablanca", district="maarif", rate_mad=Decimal(300)))
    return database


def _promise(market: Database, number: int, *, look: bool = True) -> bool:
    """One client's try for a start that overlaps its neighbours'."""
    start = NOW + timedelta(days=1, minutes=15 * (number % 12))
    with market.transaction() as session:
        technician = locked(session, Technician, 1)
        assert technician is not None
        if look and agenda.promised_clash(session, technician.id, start, 60):
            return False
        client = get_or_create_client(session, f"+2126610007{number:02d}", NOW)
        row = Booking(
            ref=next_ref(session), client_id=client.id, technician_id=technician.id, service="plumbing", city="casablanca",
            start=start, start_local=local(start), minutes=60, status="confirmed", created_at=NOW,
        )  # fmt: skip
        session.add(row)
    return True


def test_promises_made_at_the_same_moment_never_touch(market: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(lambda number: _promise(market, number), range(24)))
    with market.transaction() as session:
        starts = session.scalars(select(Booking.start).order_by(Booking.start)).all()
    assert 1 <= kept == len(starts)
    assert all(one + timedelta(minutes=60) + TRAVEL_BUFFER <= following for one, following in pairwise(starts))
    market.close()


def test_even_who_does_not_look_cannot_promise_an_overlap(market: Database) -> None:
    assert _promise(market, 0, look=False)
    for overlapping in (12, 1, 3):
        with pytest.raises(DoubleBooked):
            _promise(market, overlapping, look=False)
    assert _promise(market, 4, look=False)  # the next one begins when the first ends
    market.close()


def test_promises_made_blindly_at_the_same_moment_never_overlap(market: Database) -> None:
    def blind(number: int) -> bool:
        try:
            return _promise(market, number, look=False)
        except (DoubleBooked, OperationalError):  # a deadlock of two, which tools try again
            return False

    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(blind, range(24)))
    with market.transaction() as session:
        starts = session.scalars(select(Booking.start).order_by(Booking.start)).all()
    assert 1 <= kept == len(starts)
    assert all(one + timedelta(minutes=60) <= following for one, following in pairwise(starts))
    market.close()


def test_what_ends_or_moves_is_free_again_and_two_visits_may_change_places(market: Database) -> None:
    assert _promise(market, 0) and _promise(market, 6)
    with market.transaction() as session:
        first, second = session.scalars(select(Booking).order_by(Booking.start)).all()
        first.start, second.start = second.start, first.start
    assert not _promise(market, 7)
    with market.transaction() as session:
        session.scalars(select(Booking).order_by(Booking.start.desc()).limit(1)).one().status = "cancelled"
    assert _promise(market, 7)
    with market.transaction() as session:
        held = {row.booking_id: 0 for row in session.scalars(select(PromisedQuarter))}
    assert len(held) == 2
    market.close()


def test_visits_that_the_rule_lets_stand_side_by_side_share_no_quarter() -> None:
    assert QUARTER <= TRAVEL_BUFFER
    for early in range(0, 60, 7):
        start = NOW + timedelta(minutes=early)
        following = start + timedelta(minutes=45) + TRAVEL_BUFFER
        assert not set(quarters(start, 45)) & set(quarters(following, 30))


def test_no_usual_job_is_longer_than_the_agenda_looks_back() -> None:
    assert max(node.minutes[1] for service in services().values() for node in service.nodes.values()) <= agenda.LONGEST.total_seconds() / 60
