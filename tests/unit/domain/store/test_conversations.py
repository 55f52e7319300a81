"""Who a sender is: what the channel proves, and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from domain.store.conversations import conversation_for, conversation_to, phone_of, set_owner, verify
from domain.store.database import Database
from domain.store.migrate import migrate
from domain.store.people import technicians_named
from domain.store.references import next_ref
from domain.store.tables import Client, Conversation, Technician
from tests.support.clock import MONDAY as NOW

CLIENT, TECHNICIAN = "+212661000777", "+212662000777"


@pytest.fixture
def ahmed(db: Database) -> int:
    return _technician(db, "ahmed", TECHNICIAN)


def test_a_new_phone_becomes_one_client_on_all_channels(db: Database) -> None:
    with db.transaction() as session:
        talks = [conversation_for(session, channel, CLIENT, NOW) for channel in ("whatsapp", "sms", "telegram", "whatsapp")]
        assert len({t.id for t in talks}) == 3 and len({t.client_id for t in talks}) == 1
        assert all(t.role == "client" and t.verified and phone_of(t) == CLIENT for t in talks)


def test_a_technicians_phone_is_the_technician(db: Database, ahmed: int) -> None:
    with db.transaction() as session:
        talk = conversation_for(session, "sms", TECHNICIAN, NOW)
        assert (talk.role, talk.technician_id, talk.client_id) == ("technician", ahmed, None)
        assert session.scalar(select(func.count(Client.id))) == 0


def test_somebody_who_only_asked_to_join_is_still_a_client(db: Database) -> None:
    _technician(db, "newcomer", TECHNICIAN, applied=True)
    with db.transaction() as session:
        assert conversation_for(session, "whatsapp", TECHNICIAN, NOW).role == "client"


@pytest.mark.parametrize(("channel", "address"), [("web", "session-1"), ("web", CLIENT), ("telegram", "55512345")])
def test_a_web_visitor_is_nobody_whatever_they_call_themselves(db: Database, channel: str, address: str) -> None:
    with db.transaction() as session:
        talk = conversation_for(session, channel, address, NOW)
        assert (talk.verified, talk.client_id, phone_of(talk)) == (False, None, None)


def test_a_web_visitor_with_a_code_is_the_client_of_that_phone(db: Database) -> None:
    with db.transaction() as session:
        known = conversation_for(session, "whatsapp", CLIENT, NOW)
        visitor = conversation_for(session, "web", "session-1", NOW)
        visitor.claimed_phone = CLIENT
        verify(session, visitor, CLIENT, NOW)
        assert visitor.client_id == known.client_id and visitor.verified and visitor.claimed_phone is None


def test_an_erased_client_who_writes_again_is_a_newcomer(db: Database) -> None:
    with db.transaction() as session:
        talk = conversation_for(session, "whatsapp", CLIENT, NOW)
        assert talk.client is not None
        talk.client.phone, talk.client.erased, before = None, True, talk.client_id
        session.flush()
        again = conversation_for(session, "whatsapp", CLIENT, NOW)
        assert again.client is not None and again.client_id != before and not again.client.erased


def test_deliveries_at_the_same_moment_make_one_client_and_one_conversation(either_url: str) -> None:
    migrate(either_url)
    database = Database(either_url)

    def write(_: int) -> int:
        with database.transaction() as session:
            return conversation_for(session, "whatsapp", CLIENT, NOW).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(write, range(12)))) == 1
    with database.transaction() as session:
        assert session.scalar(select(func.count(Client.id))) == session.scalar(select(func.count(Conversation.id))) == 1
    database.close()


def test_references_taken_at_the_same_moment_differ(either_url: str) -> None:
    migrate(either_url)
    database = Database(either_url)

    def take(_: int) -> str:
        with database.transaction() as session:
            return next_ref(session)

    with ThreadPoolExecutor(6) as pool:
        refs = list(pool.map(take, range(18)))
    assert sorted(refs) == [f"BR-{n}" for n in range(3001, 3019)]
    database.close()


def test_a_notice_goes_where_the_client_wrote_last_and_to_sms_when_they_never_did(db: Database) -> None:
    with db.transaction() as session:
        client = Client(phone=CLIENT, created_at=NOW)
        session.add(client)
        session.flush()
        assert conversation_to(session, client, NOW).channel == "sms"
        talk = conversation_for(session, "whatsapp", CLIENT, NOW)
        talk.last_inbound_at = NOW
        session.flush()
        assert conversation_to(session, client, NOW).id == talk.id


def test_nothing_can_be_sent_to_an_erased_client(db: Database) -> None:
    with db.transaction() as session:
        client = Client(phone=None, erased=True, created_at=NOW)
        session.add(client)
        session.flush()
        with pytest.raises(ValueError, match="erased"):
            conversation_to(session, client, NOW)


def test_each_change_of_owner_ends_the_drafts_before_it(db: Database) -> None:
    with db.transaction() as session:
        talk = conversation_for(session, "whatsapp", CLIENT, NOW)
        epochs = [set_owner(session, talk.id, owner, "karima").owner_epoch for owner in ("human", "human", "bot", "human")]
        assert epochs == [1, 1, 2, 3]
        assert set_owner(session, talk.id, "bot", "karima").desk is None


def test_a_technician_is_found_by_whole_name_before_first_name(db: Database) -> None:
    for number, name in enumerate(["kamal belhaj", "kamal", "kamal ziani", "50% off"]):
        _technician(db, name, f"+21266200070{number}")
    with db.transaction() as session:
        assert [t.name for t in technicians_named(session, " Kamal ")] == ["kamal"]
        assert [t.name for t in technicians_named(session, "kamal ziani")] == ["kamal ziani"]
        assert technicians_named(session, "%") == technicians_named(session, "") == technicians_named(session, "kam") == []


def _technician(db: Database, name: str, phone: str, *, applied: bool = False) -> int:
    with db.transaction() as session:
        row = Technician(name=name, phone=phone, trades=["plumbing"], city="casablanca", district="maarif", rate_mad=Decimal(300), applied=applied)
        session.add(row)
        session.flush()
        return row.id
