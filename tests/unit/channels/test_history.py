"""What a returning page and the demo's phones are told, from a real store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.base import OutMessage
from channels.demo import DemoSms
from channels.web import history_of, recent_sms_of
from domain.engagement.reply import Option, Reply
from domain.store.database import Database
from domain.store.tables import Base, Conversation, InboxRow, OutboxRow, Technician

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


def say(db: Database, channel: str, to: str, text: str, status: str = "sent", technician: Technician | None = None, **reply: object) -> int:
    with db.transaction() as session:
        talk = session.query(Conversation).filter_by(channel=channel, address=to).one_or_none()
        if talk is None:
            role = "technician" if technician else "client"
            talk = Conversation(channel=channel, address=to, role=role, technician=technician, created_at=NOW)
            session.add(talk)
            session.flush()
        words = Reply(text, "ary", "latn", **reply)  # type: ignore[arg-type]
        count = session.query(OutboxRow).count()
        row = OutboxRow(
            key=f"k{count}",
            conversation_id=talk.id,
            channel=channel,
            to=to,
            reply=words.to_dict(),
            status=status,
            created_at=NOW + timedelta(seconds=count),
        )
        session.add(row)
        session.flush()
        return row.id


def test_a_page_gets_its_own_messages_that_left_or_are_leaving_in_order(db: Database) -> None:
    for status in ("sent", "sending", "delivered", "read"):
        say(db, "web", "web-a", status, status)
    for status in ("queued", "dropped", "failed"):
        say(db, "web", "web-a", status, status)
    say(db, "web", "web-b", "of somebody else")
    found = history_of(db)("web-a", 0)
    assert [s.message.text for s in found] == ["sent", "sending", "delivered", "read"]
    assert [s.message.text for s in history_of(db)("web-a", int(found[1].message.id))] == ["delivered", "read"]


def test_a_message_has_the_same_form_when_it_is_read_later(db: Database) -> None:
    row = say(db, "web", "web-a", "Nakked?", awaiting="confirm", options=(Option("Ah", "yes"), Option("La", "no")))
    [said] = history_of(db)("web-a", 0)
    assert (said.message.id, said.message.kind, said.message.awaiting, said.at) == (str(row), "buttons", "confirm", NOW)
    assert [o["payload"] for o in said.message.options] == ["yes", "no"]


def test_the_phones_show_both_ways_newest_first_with_what_it_costs(db: Database) -> None:
    ahmed = Technician(phone="+212662000001", name="Ahmed", trades=["plumbing"], city="casablanca", district="maarif", rate_mad=100)
    say(db, "sms", "+212662000001", "3ndek khdma f Maarif. 1=wakha 2=la", technician=ahmed)
    say(db, "sms", "+212661000001", "الكود ديالك 1234")
    say(db, "whatsapp", "+212661000001", "not an SMS")
    with db.transaction() as session:
        talk = session.query(Conversation).filter_by(address="+212662000001").one()
        later = NOW + timedelta(minutes=1)
        session.add(InboxRow(channel="sms", provider_id="x", conversation_id=talk.id, kind="text", text="1", sent_at=later, received_at=later))
    found = recent_sms_of(db)()
    assert [(m["direction"], m["role"], m["encoding"]) for m in found] == [
        ("from", "technician", "GSM-7"),
        ("to", "client", "UCS-2"),
        ("to", "technician", "GSM-7"),
    ]
    assert (found[0]["name"], found[0]["text"]) == ("Ahmed", "1")


def test_the_demos_sms_go_nowhere_and_are_known_to_have_left() -> None:
    channel = DemoSms()
    message = OutMessage(id="5", channel="sms", to="+212662000001", kind="sms", text="1=oui")
    assert channel.find_sent(message, NOW) is None
    result = channel.send(message)
    assert (result.status, channel.find_sent(message, NOW)) == ("sent", result.provider_id)
    assert [m.text for m in channel.sent] == ["1=oui"]
