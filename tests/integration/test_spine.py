"""From a delivered message to a sent reply, through the real inbox, turn and outbox, with a provider and an agent in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from bot import inbox, outbox, turn
from bot.inline import InlineWorker
from bot.wiring import House
from channels.base import MAX_TEXT, InboundMessage, SendResult, StatusUpdate, StoreUnavailable
from domain.engagement.reply import Option, Reply
from domain.store.tables import Client, Conversation, InboxRow, OutboxRow, Turn
from tests.support.builders import ScriptedAgent, build_house
from tests.support.clock import MONDAY, monday_clock
from tests.support.fake_channel import FakeChannel, burst, inbound

SALMA = "+212661000001"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = build_house(tmp_path, database_url=url)
    yield house
    house.close()


def phone_of(house: House) -> FakeChannel:
    return house.channels["whatsapp"]  # type: ignore[return-value]


def count(house: House, table: type[Any], *where: Any) -> int:
    with house.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def rows(house: House) -> list[OutboxRow]:
    with house.db.transaction() as session:
        return list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))


def test_a_message_gets_one_reply(house: House) -> None:
    played = InlineWorker(house).deliver([inbound("m1", "slm")])
    assert [t.reply.text for t in played if t.reply] == ["you said: slm"]
    assert phone_of(house).texts(SALMA) == ["you said: slm"]
    assert [(r.status, r.attempts) for r in rows(house)] == [("sent", 1)]
    assert count(house, InboxRow, InboxRow.turn_id.is_(None)) == 0


def test_second_delivery_of_the_same_message_is_ignored(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver(burst("slm", "bghit plombier"))
    assert worker.deliver(burst("slm", "bghit plombier")) == []
    assert len(phone_of(house).sent) == 1
    assert count(house, InboxRow) == 2


def test_the_same_provider_id_on_another_channel_is_another_message(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "slm")])
    assert len(worker.deliver([inbound("m1", "slm", channel="sms")])) == 1


def test_a_burst_is_one_turn_in_the_order_it_was_written(house: House) -> None:
    parts = [
        inbound("c", "f maarif", sent_at="2026-11-23T09:59:59+01:00"),
        inbound("a", "slm", sent_at="2026-11-23T09:59:57+01:00"),
        inbound("b", "bghit plombier", sent_at="2026-11-23T09:59:58+01:00"),
    ]
    played = InlineWorker(house).deliver(parts)
    assert len(played) == 1
    assert phone_of(house).texts() == ["you said: slm\nbghit plombier\nf maarif"]


def test_parts_of_a_burst_are_given_with_their_kind_and_payload(tmp_path: Path) -> None:
    agent = ScriptedAgent()
    house = build_house(tmp_path, agent=agent)
    pin = inbound("p", kind="location", payload={"lat": 33.58, "lon": -7.63})
    InlineWorker(house).deliver([inbound("a", "hna"), pin])
    human = house.agent.pasts and agent.heard
    assert human == ["hna"]
    with house.db.transaction() as session:
        stored = session.scalars(select(Turn)).one().messages[0]["data"]["additional_kwargs"]["parts"]
    assert [(p["kind"], p["payload"]) for p in stored] == [("text", {}), ("location", {"lat": 33.58, "lon": -7.63})]


def test_a_burst_waits_until_the_person_stops_typing(tmp_path: Path) -> None:
    clock = monday_clock()
    house = build_house(tmp_path, clock=clock, burst_seconds=1.2)
    arrival = inbox.accept(house, [inbound("m1", "slm")])[0]
    assert turn.gather(house, arrival.conversation_id) is None
    clock.advance(seconds=1)
    inbox.accept(house, [inbound("m2", "bghit plombier")])
    clock.advance(seconds=1)
    assert turn.gather(house, arrival.conversation_id) is None, "the second message is only a second old"
    clock.advance(seconds=0.3)
    found = turn.gather(house, arrival.conversation_id)
    assert found is not None
    assert len(found.rows) == 2


def test_who_never_stops_typing_is_answered_all_the_same(tmp_path: Path) -> None:
    clock = monday_clock()
    house = build_house(tmp_path, clock=clock, burst_seconds=1.0)
    for n in range(12):
        arrival = inbox.accept(house, [inbound(f"m{n}", "w zid")])[0]
        clock.advance(seconds=0.9)
    assert turn.gather(house, arrival.conversation_id) is not None


def test_a_sender_whose_clock_runs_ahead_is_not_put_after_what_comes_later(tmp_path: Path) -> None:
    clock = monday_clock()
    house = build_house(tmp_path, clock=clock)
    inbox.accept(house, [inbound("m1", "first", sent_at="2026-11-23T18:00:00+01:00")])
    clock.advance(seconds=5)
    InlineWorker(house, begun={1}).deliver([inbound("m2", "second")])
    assert phone_of(house).texts() == ["you said: first\nsecond"]


def test_a_failing_agent_gets_one_apology_and_no_second_try(house: House) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError("a bug")

    house.agent.say = broken  # type: ignore[attr-defined]
    worker = InlineWorker(house)
    played = worker.deliver([inbound("m1", "slm")])
    assert [t.model for t in played] == ["apology"]
    assert played[0].reply is not None
    assert "Traceback" not in played[0].reply.text
    assert worker.settle() == []
    assert count(house, InboxRow, InboxRow.turn_id.is_(None)) == 0


def test_an_agent_that_says_nothing_sends_nothing(tmp_path: Path) -> None:
    house = build_house(tmp_path, agent=ScriptedAgent(lambda text, context: None))
    assert len(InlineWorker(house).deliver([inbound("m1", "merci")])) == 1
    assert rows(house) == []


def test_a_conversation_owned_by_a_person_is_written_down_and_not_answered(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "slm")])
    with house.db.transaction() as session:
        session.scalars(select(Conversation)).one().owner = "human"
    played = worker.deliver([inbound("m2", "bghit nhder m3a chi wahed")])
    assert [t.reply for t in played] == [None]
    assert len(phone_of(house).sent) == 1
    assert house.agent.heard == ["slm"]  # type: ignore[attr-defined]
    with house.db.transaction() as session:
        last = session.scalars(select(Turn).order_by(Turn.id.desc())).first()
        assert last is not None
        assert last.messages[0]["data"]["content"] == "bghit nhder m3a chi wahed"
        session.scalars(select(Conversation)).one().owner = "bot"
    worker.deliver([inbound("m3", "ok")])
    assert "bghit nhder m3a chi wahed" in [m.content for m in house.agent.pasts[-1]]  # type: ignore[attr-defined]


def test_a_draft_is_dropped_when_a_person_took_over_meanwhile(house: House) -> None:
    def taken_over_while_thinking(said: str, context: Any) -> str:
        with house.db.transaction() as session:
            talk = session.get_one(Conversation, context.conversation_id)
            talk.owner, talk.owner_epoch = "human", talk.owner_epoch + 1
        return "a draft"

    house.agent.say = taken_over_while_thinking  # type: ignore[attr-defined]
    InlineWorker(house).deliver([inbound("m1", "slm")])
    assert phone_of(house).sent == []
    assert [r.status for r in rows(house)] == ["dropped"]


def test_history_holds_earlier_turns_and_the_notices_between_them(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    notice(house, "n1", "lplombier f tri9")
    worker.deliver([inbound("m2", "two")])
    notice(house, "n2", "lplombier wsel")
    worker.deliver([inbound("m3", "three")])
    past = house.agent.pasts[-1]  # type: ignore[attr-defined]
    assert [m.content for m in past] == ["one", "you said: one", "lplombier f tri9", "two", "you said: two", "lplombier wsel"]
    assert past[2].additional_kwargs["notice"] is True
    assert past[4].additional_kwargs["reply"]["text"] == "you said: two"


def test_a_turn_played_again_sees_the_same_messages_past_and_time(house: House) -> None:
    """After a crash between the tools and the commit: what came in meanwhile must not change the second run."""
    arrival = inbox.accept(house, [inbound("m1", "slm")])[0]
    found = turn.gather(house, arrival.conversation_id)
    assert found is not None
    inbox.accept(house, [inbound("m2", "w zid hadi", sent_at="2026-11-23T09:00:00+01:00")])
    notice(house, "n1", "chi haja")
    house.clock.advance(minutes=3)  # type: ignore[attr-defined]
    again = turn.Gathered.from_dict(found.to_dict())
    turn.play(house, again)
    agent: ScriptedAgent = house.agent  # type: ignore[assignment]
    assert agent.heard == ["slm"]
    assert agent.pasts == [[]]
    assert agent.contexts[0].now == MONDAY
    assert agent.contexts[0].turn_key == "whatsapp:m1"
    assert turn.play(house, again) is None, "played once, it stays played"
    assert count(house, OutboxRow, OutboxRow.turn_id.is_not(None)) == 1


def test_a_passing_failure_of_the_provider_is_tried_again_later_and_in_order(house: House) -> None:
    phone = phone_of(house)
    phone.refusals = [SendResult("failed", error="503", retry=True), ConnectionResetError()]
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    worker.deliver([inbound("m2", "two")])
    assert phone.sent == []
    for _ in range(4):
        house.clock.advance(seconds=30)  # type: ignore[attr-defined]
        worker.settle()
    assert phone.texts() == ["you said: one", "you said: two"]


def test_a_final_failure_is_not_tried_again(house: House) -> None:
    phone = phone_of(house)
    phone.refusals = [SendResult("failed", error="21610")]
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    house.clock.advance(hours=1)  # type: ignore[attr-defined]
    worker.settle()
    assert phone.sent == []
    assert [(r.status, r.error) for r in rows(house)] == [("failed", "21610")]


def test_a_provider_that_stays_down_is_given_up(house: House) -> None:
    phone = phone_of(house)
    phone.refusals = [SendResult("failed", error="down", retry=True)] * 50
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    for _ in range(20):
        house.clock.advance(minutes=11)  # type: ignore[attr-defined]
        worker.settle()
    assert [(r.status, r.attempts) for r in rows(house)] == [("failed", outbox.ATTEMPTS_AT_MOST)]


@pytest.mark.parametrize("left", [True, False])
def test_after_a_crash_while_sending_the_provider_is_asked_first(house: House, left: bool) -> None:
    phone = phone_of(house)
    InlineWorker(house).deliver([inbound("m1", "one")])
    with house.db.transaction() as session:
        row = session.scalars(select(OutboxRow)).one()
        row.status, row.provider_id = "sending", None
    if not left:
        phone.accepted.clear()
    outbox.deliver(house, 1)
    assert len(phone.sent) == (1 if left else 2)
    assert [(r.status, r.provider_id) for r in rows(house)] == [("sent", "whatsapp-out-1")]


def test_free_text_does_not_leave_after_the_session_has_closed(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    house.clock.advance(hours=25)  # type: ignore[attr-defined]
    notice(house, "n1", "rappel")
    worker.settle()
    assert phone_of(house).texts() == ["you said: one"]
    failed, by_sms = rows(house)[-2:]
    assert "template" in (failed.error or "") and (by_sms.channel, by_sms.status) == ("sms", "sent")


def test_a_promotion_waits_for_the_morning_and_never_reaches_who_said_stop(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    house.clock.advance(hours=12)  # type: ignore[attr-defined]
    notice(house, "promo1", "-20%", category="promo")
    notice(house, "live", "jay f tri9")
    worker.settle()
    assert phone_of(house).texts()[1:] == ["jay f tri9"]
    house.clock.advance(hours=11)  # type: ignore[attr-defined]
    worker.settle()
    assert phone_of(house).texts()[2:] == ["-20%"]
    with house.db.transaction() as session:
        session.scalars(select(Client)).one().opted_out = True
    notice(house, "promo2", "-30%", category="promo")
    worker.settle()
    assert rows(house)[-1].status == "dropped"


def test_statuses_only_move_forward(house: House) -> None:
    InlineWorker(house).deliver([inbound("m1", "one")])
    for status in ("read", "delivered", "sent", "failed"):
        outbox.on_status(house, [StatusUpdate("whatsapp-out-1", status)])  # type: ignore[arg-type]
    outbox.on_status(house, [StatusUpdate("somebody-elses", "delivered")])
    assert rows(house)[0].status == "read"


def test_a_long_text_is_cut_and_marked(house: House) -> None:
    InlineWorker(house).deliver([inbound("m1", "a" * 10_000)])
    with house.db.transaction() as session:
        row = session.scalars(select(InboxRow)).one()
    assert len(row.text) == MAX_TEXT
    assert row.payload == {"truncated": True}


@pytest.mark.parametrize("said", ["", " ", "\x00\x01\x02", "\u202egnp.exe\u202c", "😀" * 300, "\ud800", "\u200f\u200e", "ﷺ" * 50])
def test_odd_messages_are_answered_not_thrown(house: House, said: str) -> None:
    played = InlineWorker(house).deliver([inbound("m1", said, payload={"note": said, "deep": [said]})])
    assert len(played) == 1
    assert [r.status for r in rows(house)] == ["sent"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=5), min_size=1, max_size=8), data=st.data())
def test_any_repetition_and_order_of_deliveries_answers_every_message_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[int]], data: st.DataObject
) -> None:
    agent = ScriptedAgent()
    house = build_house(tmp_path_factory.mktemp("any"), agent=agent)
    worker = InlineWorker(house)
    for delivery in deliveries:
        worker.deliver([inbound(f"m{n}", f"<{n}>", sent_at=f"2026-11-23T09:00:0{n}+01:00") for n in delivery])
    heard = "\n".join(agent.heard).split("\n")
    assert sorted(heard) == sorted({f"<{n}>" for delivery in deliveries for n in delivery})
    assert all(part == sorted(part) for part in (said.split("\n") for said in agent.heard))
    assert len(phone_of(house).sent) == len(agent.heard)
    house.close()


def test_a_database_that_is_down_writes_nothing_and_says_so(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    with house.db.transaction() as session:
        session.execute(text("ALTER TABLE inbox RENAME TO away"))
    with pytest.raises(StoreUnavailable):
        inbox.accept(house, burst("slm", "bghit plombier"))
    with house.db.transaction() as session:
        session.execute(text("ALTER TABLE away RENAME TO inbox"))
    assert count(house, InboxRow) == 0
    assert count(house, Conversation) == 0, "nothing half-written"


def test_buttons_leave_as_buttons_and_as_numbers_by_sms(tmp_path: Path) -> None:
    choice = Reply("Ach bghiti?", "ary", "latn", "choice", (Option("Ahmed", "technician:1"), Option("Hassan", "technician:2")))
    house = build_house(tmp_path, agent=ScriptedAgent(lambda text, context: choice))
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "slm")])
    worker.deliver([inbound("m1", "slm", channel="sms")])
    sms: FakeChannel = house.channels["sms"]  # type: ignore[assignment]
    assert [o["payload"] for o in phone_of(house).sent[0].options] == ["technician:1", "technician:2"]
    assert phone_of(house).sent[0].kind == "buttons"
    assert "1. Ahmed" in sms.sent[0].text
    assert sms.sent[0].options == ()


def notice(house: House, key: str, words: str, category: str = "notice") -> None:
    """A notice as tools write them, to the only conversation."""
    with house.db.transaction() as session:
        talk = session.scalars(select(Conversation)).one()
        session.add(
            OutboxRow(
                key=key,
                conversation_id=talk.id,
                channel=talk.channel,
                to=talk.address,
                reply=Reply(words, "ary", "latn").to_dict(),
                category=category,
                created_at=house.clock.now(),
            )
        )


def test_gathering_leaves_what_is_answered_alone(house: House) -> None:
    worker = InlineWorker(house)
    worker.deliver([inbound("m1", "one")])
    assert turn.gather(house, 1, window=0) is None


def test_the_turn_key_is_the_first_message_and_names_it_on_its_channel(house: House) -> None:
    message = InboundMessage("whatsapp", "wamid." + "x" * 300, SALMA, "text", "slm")
    InlineWorker(house).deliver([message])
    key = house.agent.contexts[0].turn_key  # type: ignore[attr-defined]
    assert key.startswith("whatsapp:sha256:")
    assert timedelta(0) == house.clock.now() - MONDAY
