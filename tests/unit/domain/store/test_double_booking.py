"""Many people at once want one technician: the store lets exactly those through who do not touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from domain.scheduling.slots import TRAVEL_BUFFER, local
from domain.store import agenda
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.people import get_or_create_client
from domain.store.references import next_ref
from domain.store.sql import locked
from domain.store.tables import Booking, Technician
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


def test_even_who_does_not_look_cannot_promise_the_same_minute_twice(market: Database) -> None:
    assert _promise(market, 0, look=False)
    with pytest.raises(IntegrityError):
        _promise(market, 12, look=False)
    market.close()
