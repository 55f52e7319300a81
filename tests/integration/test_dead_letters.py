"""What failed for good is seen, reaches people another way, and is sent again once when somebody says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot import outbox
from bot.cli import app
from bot.inline import InlineWorker
from bot.wiring import House
from channels.base import Capabilities, SendResult
from domain.engagement.reply import Reply
from domain.store.conversations import conversation_for, verify
from domain.store.dead_letters import NotDead, dead, resend
from domain.store.erasure import erase_client
from domain.store.tables import Client, Conversation, OutboxRow
from tests.support.builders import build_house
from tests.support.fake_channel import FakeChannel

SALMA = "+212661000001"
REFUSED = SendResult("failed", error="131026 not_on_whatsapp")


class Unaskable(FakeChannel):
    """A provider that takes messages and cannot say which."""

    def find_sent(self, message: object, since: object) -> str | None:
        raise ConnectionError


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    channels = [FakeChannel("whatsapp"), FakeChannel("telegram", Capabilities(max_text=4096)), FakeChannel("sms", Capabilities(max_text=1530))]
    house = build_house(tmp_path, channels=channels)
    with house.db.transaction() as session:
        conversation_for(session, "whatsapp", SALMA, house.clock.now()).last_inbound_at = house.clock.now()
    yield house
    house.close()


def queue(house: House, key: str = "n1", category: str = "notice") -> int:
    with house.db.transaction() as session:
        talk = session.scalars(select(Conversation).where(Conversation.channel == "whatsapp")).one()
        reply = Reply("Ahmed jay 10:00", "ary", "latn").to_dict()
        row = OutboxRow(
            key=key, conversation_id=talk.id, channel="whatsapp", to=SALMA, reply=reply, category=category, created_at=house.clock.now()
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def fake(house: House, name: str) -> FakeChannel:
    return house.channels[name]  # type: ignore[return-value]


def states(house: House) -> list[tuple[str, str]]:
    with house.db.reading() as session:
        return [(row.channel, row.status) for row in session.scalars(select(OutboxRow).order_by(OutboxRow.id))]


def on_telegram(house: House) -> None:
    """Salma has shown her phone on Telegram too."""
    with house.db.transaction() as session:
        chat = conversation_for(session, "telegram", "7001", house.clock.now())
        session.flush()
        verify(session, chat, SALMA, house.clock.now())


def test_a_notice_that_cannot_leave_takes_the_cheapest_other_way_then_an_sms_and_no_further(house: House) -> None:
    on_telegram(house)
    fake(house, "whatsapp").refusals = [REFUSED]
    fake(house, "telegram").refusals = [REFUSED]
    fake(house, "sms").refusals = [REFUSED]
    queue(house)
    InlineWorker(house).settle()
    assert states(house) == [("whatsapp", "failed"), ("telegram", "failed"), ("sms", "failed")]
    with house.db.reading() as session:
        assert [one.moved_to for one in dead(session)] == [None, 3, 2]
        assert [one.channel for one in dead(session, open_only=True)] == ["sms"]


def test_one_that_reached_them_another_way_is_no_open_case(house: House) -> None:
    fake(house, "whatsapp").refusals = [REFUSED]
    queue(house)
    InlineWorker(house).settle()
    assert states(house) == [("whatsapp", "failed"), ("sms", "sent")]
    with house.db.reading() as session:
        assert dead(session, open_only=True) == []


def test_a_reply_that_failed_is_sent_again_once_and_under_todays_owner(house: House) -> None:
    fake(house, "whatsapp").refusals = [REFUSED]
    row = queue(house, category="reply")
    worker = InlineWorker(house)
    worker.settle()
    with house.db.transaction() as session:
        session.scalars(select(Conversation)).one().owner_epoch += 1
        again = resend(session, row, house.clock.now())
    with house.db.transaction() as session:
        assert resend(session, row, house.clock.now()) == again
    worker.settle()
    assert states(house) == [("whatsapp", "failed"), ("whatsapp", "sent")]
    assert fake(house, "whatsapp").texts() == ["Ahmed jay 10:00"]
    with house.db.transaction() as session:
        assert (dead(session)[0].resent_as, dead(session, open_only=True)) == (again, [])
        with pytest.raises(NotDead, match="is sent"):
            resend(session, again, house.clock.now())
        with pytest.raises(NotDead, match="no outbox row 99"):
            resend(session, 99, house.clock.now())


def test_what_is_sent_again_still_keeps_silent_for_who_said_stop(house: House) -> None:
    fake(house, "whatsapp").refusals = [REFUSED]
    row = queue(house, category="promo")
    worker = InlineWorker(house)
    worker.settle()
    with house.db.transaction() as session:
        session.scalars(select(Client)).one().opted_out = True
        resend(session, row, house.clock.now())
    worker.settle()
    assert states(house)[-1] == ("whatsapp", "dropped")


def test_nobody_is_written_to_after_their_erasure(house: House) -> None:
    fake(house, "whatsapp").refusals = [REFUSED]
    row = queue(house, category="reply")
    InlineWorker(house).settle()
    with house.db.transaction() as session:
        erase_client(session, session.scalars(select(Client.id)).one())
        assert dead(session) == []
        with pytest.raises(NotDead, match="erased"):
            resend(session, row, house.clock.now())


def test_where_the_provider_cannot_be_asked_nothing_is_sent_twice_and_somebody_is_told(tmp_path: Path) -> None:
    house = build_house(tmp_path, channels=[Unaskable("whatsapp"), FakeChannel("sms")])
    with house.db.transaction() as session:
        conversation_for(session, "whatsapp", SALMA, house.clock.now()).last_inbound_at = house.clock.now()
    row = queue(house)
    with house.db.transaction() as session:  # as a crash in the middle of sending leaves it
        session.get_one(OutboxRow, row).status = "sending"
    for _ in range(outbox.ATTEMPTS_AT_MOST):
        assert states(house) == [("whatsapp", "sending")]
        outbox.deliver(house, 1)
    assert states(house) == [("whatsapp", "failed")], "and no SMS: it may have reached them"
    assert fake(house, "whatsapp").sent == []
    with house.db.reading() as session:
        assert "unknown whether it left" in dead(session)[0].error
    house.close()


def test_limits_of_the_provider_cost_no_attempt_and_keep_the_order(house: House) -> None:
    seconds = [5.0]
    fake(house, "whatsapp").wait = lambda to: seconds[0]  # type: ignore[attr-defined]
    rows = [queue(house, f"n{n}") for n in range(3)]
    worker = InlineWorker(house)
    worker.settle()
    assert fake(house, "whatsapp").sent == []
    seconds[0] = 0.0
    house.clock.advance(seconds=6)  # type: ignore[attr-defined]
    worker.settle()
    assert [m.id for m in fake(house, "whatsapp").sent] == [str(row) for row in rows]
    with house.db.reading() as session:
        assert {row.attempts for row in session.scalars(select(OutboxRow))} == {1}


def test_the_command_lists_them_without_anybodys_phone_and_sends_one_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(house, "whatsapp").refusals = [REFUSED]
    row = queue(house, category="reply")
    InlineWorker(house).settle()
    monkeypatch.chdir(house.settings.data_dir)
    monkeypatch.setenv("BRICOL_DATA_DIR", str(house.settings.data_dir))
    run = CliRunner().invoke
    shown = run(app, ["outbox", "dead"]).stdout
    assert "131026 not_on_whatsapp" in shown and "Ahmed jay" in shown and SALMA not in shown
    [told] = json.loads(run(app, ["outbox", "dead", "--json"]).stdout)
    assert (told["row_id"], told["channel"], told["attempts"]) == (row, "whatsapp", 1)
    assert run(app, ["outbox", "resend", str(row)]).exit_code == 0
    assert states(house)[-1] == ("whatsapp", "queued")
    assert "nothing failed" in run(app, ["outbox", "dead"]).stdout
    refused = run(app, ["outbox", "resend", "77"])
    assert refused.exit_code == 1 and "no outbox row 77" in refused.output
