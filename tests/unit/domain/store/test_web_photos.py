"""Photos of the chat page: kept once, gone with their person, and after a day where no message claims them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from domain.store import web_photos
from domain.store.database import Database
from domain.store.erasure import erase_client
from domain.store.migrate import migrate
from domain.store.tables import Client, Conversation, WebPhoto

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def db(either_url: str) -> Iterator[Database]:
    migrate(either_url)
    database = Database(either_url)
    yield database
    database.close()


def keep(db: Database, owner: str, key: str, content: bytes = b"photo") -> None:
    with db.transaction() as session:
        web_photos.keep(session, owner, key, "image/png", content, NOW)


def kept(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count(WebPhoto.id))) or 0


def claim(db: Database, owner: str, key: str) -> int | None:
    with db.transaction() as session:
        found = web_photos.claim(session, owner, key)
        return found.id if found else None


def test_a_photo_that_comes_twice_is_kept_once_and_only_its_own_session_claims_it(db: Database) -> None:
    keep(db, "web-a", "p1", b"first")
    keep(db, "web-a", "p1", b"second")
    found = claim(db, "web-a", "p1")
    assert kept(db) == 1 and found is not None and claim(db, "web-b", "p1") is None
    with db.reading() as session:
        row = web_photos.read(session, found)
        assert row is not None and row.content == b"first"


def test_an_erased_persons_photos_are_gone_and_no_one_elses(db: Database) -> None:
    with db.transaction() as session:
        client = Client(phone="+212661000001", created_at=NOW)
        session.add(client)
        session.flush()
        session.add(Conversation(channel="web", address="web-a", role="client", client_id=client.id, created_at=NOW))
    keep(db, "web-a", "p1")
    keep(db, "web-b", "p1")
    with db.transaction() as session:
        erase_client(session, session.scalars(select(Client.id)).one())
    assert claim(db, "web-a", "p1") is None and claim(db, "web-b", "p1") is not None


def test_a_photo_whose_message_never_came_goes_after_a_day(db: Database) -> None:
    keep(db, "web-a", "told")
    keep(db, "web-a", "stray")
    claim(db, "web-a", "told")
    for moment, left in ((NOW + timedelta(hours=23), 2), (NOW + timedelta(hours=25), 1), (NOW + timedelta(days=900), 1)):
        with db.transaction() as session:
            web_photos.drop_stray(session, moment)
        assert kept(db) == left
