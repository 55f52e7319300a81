"""Meta's WhatsApp and Telegram through the whole house: recorded webhooks in any order, real clients, providers of our own over real HTTP."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot import outbox
from bot.app import create_app
from bot.checkpoints import on_reached
from bot.inline import InlineWorker
from bot.logs import configure
from bot.voice.transcriber import Transcript
from bot.wiring import House, configured_channels
from channels.base import Capabilities, StatusUpdate
from channels.telegram import Telegram, TelegramSettings
from channels.whatsapp_cloud import WhatsAppCloud, WhatsAppCloudSettings
from domain.clock import SettableClock
from domain.engagement.reply import Reply
from domain.store.erasure import ERASED
from domain.store.tables import Conversation, InboxRow, OutboxRow
from evals.providers import meta as fake_meta
from evals.providers import telegram as fake_telegram
from evals.providers.http import File
from evals.providers.meta import FakeMeta, signed, updates
from evals.providers.telegram import FakeTelegram
from tests.support.builders import ScriptedAgent, add_technicians, build_house, settings_in
from tests.support.clock import monday_clock
from tests.support.fake_channel import FakeChannel
from tests.support.sound import ogg_opus
from tests.support.woken import Woken

FIXTURES = Path(__file__).parents[1] / "fixtures" / "webhooks"
CHANNELS = ("whatsapp_cloud", "telegram")
SALMA = "+212661000001"


def recorded(channel: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text())["body"] for path in sorted((FIXTURES / channel).glob("*.json"))]


@dataclass
class Stage:
    house: House
    clock: SettableClock
    agent: ScriptedAgent
    meta: FakeMeta
    telegram: FakeTelegram
    web: TestClient
    worker: InlineWorker

    def receive(self, channel: str, body: dict[str, Any]) -> int:
        if channel == "telegram":
            return self.web.post(fake_telegram.PATH, content=json.dumps(body), headers=fake_telegram.HEADERS).status_code
        raw, headers = signed(body)
        return self.web.post(fake_meta.PATH, content=raw, headers=headers).status_code

    def says(self, text: str, number: int = 1, sender: str = SALMA) -> None:
        one = {"from": sender[1:], "id": f"wamid.IN{number}", "timestamp": "1795420800", "type": "text", "text": {"body": text}}
        assert self.receive("whatsapp", updates(messages=[one])) == 200

    def rows(self, table: Any) -> list[Any]:
        with self.house.db.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))


def build(folder: Path, meta: FakeMeta, telegram: FakeTelegram, agent: Any = None, transcriber: Any = None, **settings: Any) -> Stage:
    agent, clock = agent or ScriptedAgent(), monday_clock()
    cloud = WhatsAppCloudSettings(
        fake_meta.PHONE_ID, fake_meta.TOKEN, fake_meta.APP_SECRET, fake_meta.VERIFY, base_url=meta.url, timeout_seconds=5, evidence_seconds=0
    )  # fmt: skip
    bot = TelegramSettings(fake_telegram.TOKEN, fake_telegram.SECRET, base_url=telegram.url, timeout_seconds=5)
    channels = [WhatsAppCloud(cloud), Telegram(bot), FakeChannel("sms", Capabilities(max_text=1530))]
    house = build_house(folder, agent=agent, clock=clock, channels=channels, transcriber=transcriber, **settings)
    if house.ears:
        object.__setattr__(house.ears, "sleep", lambda seconds: None)
    worker, woken = InlineWorker(house), Woken()
    worker.begun = woken.begun
    return Stage(house, clock, agent, meta, telegram, TestClient(create_app(house, worker=woken), raise_server_exceptions=False), worker)


@pytest.fixture
def meta() -> Iterator[FakeMeta]:
    with fake_meta.running() as provider:
        yield provider


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with fake_telegram.running() as provider:
        yield provider


@pytest.fixture
def stage(tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram) -> Iterator[Stage]:
    stage = build(tmp_path, meta, telegram)
    yield stage
    stage.house.close()


# --- the same end, whatever the order -----------------------------------------------------------------------------------


def end_of(stage: Stage) -> dict[str, Any]:
    """Everything the webhooks are responsible for, without ids that only count arrivals."""
    talks = {t.id: t for t in stage.rows(Conversation)}
    return {
        "messages": sorted(
            [r.channel, r.provider_id, talks[r.conversation_id].address, r.kind, r.text, json.dumps(r.payload, sort_keys=True)]
            for r in stage.rows(InboxRow)
        ),
        "people": sorted([t.channel, t.address, t.role, t.verified, t.client.phone if t.client else None] for t in talks.values()),
        "sent": sorted([r.channel, str(r.provider_id), r.status] for r in stage.rows(OutboxRow)),
    }


def five_sent(stage: Stage) -> None:
    """Messages wamid.0001 to wamid.0005, which the recorded statuses speak of."""
    stage.says("slm")
    with stage.house.db.transaction() as session:
        [talk] = session.scalars(select(Conversation))
        for number in range(5):
            row = OutboxRow(
                key=f"n{number}", conversation_id=talk.id, channel="whatsapp", to=SALMA, reply=Reply("Salam", "ary", "latn").to_dict(),
                category="notice", created_at=stage.clock.now(),
            )  # fmt: skip
            session.add(row)
        number_of = talk.id
    outbox.deliver(stage.house, number_of)


def orders(bodies: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield bodies
    for seed in (1, 2):
        dice = random.Random(seed)
        yield dice.sample(bodies, len(bodies))
        yield dice.sample(bodies * 2, 2 * len(bodies))


@pytest.mark.parametrize("channel", CHANNELS)
def test_recorded_webhooks_in_order_shuffled_and_doubled_end_the_same(tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram, channel: str) -> None:
    ends, heard = [], []
    for number, bodies in enumerate(orders(recorded(channel))):
        meta.sent.clear()
        folder = tmp_path / str(number)
        folder.mkdir()
        stage = build(folder, meta, telegram)
        five_sent(stage)
        assert {stage.receive(channel, body) for body in bodies} == {200}
        ends.append(end_of(stage))
        stage.worker.settle()
        heard.append(sorted(line for said in stage.agent.heard for line in said.split("\n")))
        stage.house.close()
    assert ends[0]["messages"] and all(end == ends[0] for end in ends)
    assert all(lines == heard[0] for lines in heard)
    if channel == "whatsapp_cloud":
        by_meta = [("wamid.0001", "read"), ("wamid.0002", "read"), ("wamid.0003", "failed"), ("wamid.0004", "failed"), ("wamid.0005", "queued")]
        assert [tuple(one[1:]) for one in ends[0]["sent"] if one[0] == "whatsapp"] == by_meta
        assert [one for one in ends[0]["sent"] if one[0] == "sms"] == [["sms", "None", "queued"]] * 2, "the two that failed go by SMS, once each"


def test_what_one_person_said_is_read_in_the_order_they_said_it(stage: Stage) -> None:
    said = [fake_telegram.message(n, f"word {n}") for n in range(1, 6)]
    for body in random.Random(3).sample(said, 5):
        stage.receive("telegram", body)
    stage.worker.settle()
    assert stage.agent.heard == ["\n".join(f"word {n}" for n in range(1, 6))]
    assert [sent["chat_id"] for sent in stage.telegram.sent] == [7001]


def test_a_thousand_messages_in_one_request_pass_the_servers_own_limit(stage: Stage) -> None:
    many = [{"from": "212661000001", "id": f"wamid.{n}", "timestamp": "1795420800", "type": "text", "text": {"body": "x" * 300}} for n in range(1000)]
    assert stage.receive("whatsapp", updates(messages=many)) == 200
    assert len(stage.rows(InboxRow)) == 1000
    assert stage.web.post("/channels/telegram", content=b"x" * 300_000, headers=fake_telegram.HEADERS).status_code == 413


# --- who writes ---------------------------------------------------------------------------------------------------------


def share(phone: str, number: int = 2) -> dict[str, Any]:
    return fake_telegram.message(number, None, contact={"phone_number": phone, "first_name": "Salma", "user_id": 7001})


def test_a_shared_phone_makes_the_conversation_theirs_and_joins_it_to_what_is_known_of_them(stage: Stage) -> None:
    stage.says("slm")
    stage.receive("telegram", fake_telegram.message(1))
    _, chat = stage.rows(Conversation)
    assert (chat.verified, chat.client_id) == (False, None)
    stage.receive("telegram", share("212661000001"))
    stage.receive("telegram", share("212661000001"))
    whatsapp, chat = stage.rows(Conversation)
    assert (chat.verified, chat.client_id) == (True, whatsapp.client_id)
    stage.worker.settle()
    assert stage.agent.contexts[-1].phone == SALMA


def test_somebody_elses_contact_card_changes_nothing(stage: Stage) -> None:
    stage.receive("telegram", fake_telegram.message(1, None, contact={"phone_number": "+212661000001", "first_name": "S", "user_id": 7009}))
    [chat] = stage.rows(Conversation)
    assert (chat.verified, chat.client_id, chat.role) == (False, None, "client")


def test_a_technician_who_shares_their_phone_is_one_on_telegram_too(stage: Stage) -> None:
    add_technicians(stage.house.settings.store_url)
    stage.receive("telegram", share("+212662000001"))
    [chat] = stage.rows(Conversation)
    assert (chat.role, chat.verified) == ("technician", True)


def test_who_shows_whatsapp_a_user_name_is_a_stranger_until_their_phone_is_shared(stage: Stage) -> None:
    who = {"from_user_id": "MA.13491208655302741918", "timestamp": "1795420800"}
    stage.receive("whatsapp", updates(messages=[{**who, "id": "wamid.1", "type": "text", "text": {"body": "slm"}}]))
    stage.worker.settle()
    assert stage.agent.contexts[-1].verified is False
    assert stage.meta.sent[-1]["recipient"] == "MA.13491208655302741918"
    card = {"phones": [{"phone": "+212 661-000-001"}], "origin": "contact_request"}
    stage.receive("whatsapp", updates(messages=[{**who, "id": "wamid.2", "type": "contacts", "contacts": [card]}]))
    stage.worker.settle()
    assert (stage.agent.contexts[-1].verified, stage.agent.contexts[-1].phone) == (True, SALMA)


def test_a_known_phone_is_not_changed_by_a_card(stage: Stage) -> None:
    stage.says("slm")
    card = {"phones": [{"phone": "+212661000099"}], "origin": "contact_request"}
    stage.receive("whatsapp", updates(messages=[{"from": SALMA[1:], "id": "wamid.2", "type": "contacts", "contacts": [card]}]))
    [talk] = stage.rows(Conversation)
    assert talk.client.phone == SALMA
    assert stage.rows(InboxRow)[-1].kind == "unsupported"


def test_the_server_asks_telegram_for_updates_and_stops_asking_with_it(tmp_path: Path, telegram: FakeTelegram) -> None:
    bot = TelegramSettings(fake_telegram.TOKEN, fake_telegram.SECRET, mode="polling", base_url=telegram.url, poll_seconds=0)
    house = build_house(tmp_path, channels=[Telegram(bot)])
    telegram.waiting = [fake_telegram.message(1), fake_telegram.message(2)]
    with TestClient(create_app(house)):
        assert telegram.asked.wait(30)
    asked = len(telegram.requests)
    with house.db.reading() as session:
        assert [row.provider_id for row in session.scalars(select(InboxRow))] == ["123456:900001", "123456:900002"]
    telegram.over.wait(0.3)
    assert len(telegram.requests) <= asked + 1
    house.close()


# --- what becomes of a message --------------------------------------------------------------------------------------------


def test_a_status_that_comes_before_our_own_commit_is_not_lost_and_a_crash_sends_nothing_twice(stage: Stage) -> None:
    def crash(point: str) -> None:
        if point == "handed_over":
            raise KeyboardInterrupt

    stage.says("slm")
    on_reached(crash)
    with pytest.raises(KeyboardInterrupt):
        stage.worker.settle()
    on_reached(None)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, len(stage.meta.sent)) == ("sending", None, 1)
    stage.receive("whatsapp", updates(statuses=[stage.meta.status(0, "delivered")]))
    assert outbox.deliver(stage.house, row.conversation_id) == []
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, len(stage.meta.sent)) == ("delivered", "wamid.0001", 1)


def test_a_status_that_overtakes_the_answer_to_sending_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def overtaken(point: str) -> None:
        if point == "handed_over":
            stage.receive("whatsapp", updates(statuses=[stage.meta.status(0, "read")]))

    stage.says("slm")
    on_reached(overtaken)
    stage.worker.settle()
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, row.attempts) == ("read", "wamid.0001", 1)


def test_a_failure_that_may_pass_is_sent_again_and_late_news_of_the_first_attempt_is_old(stage: Stage) -> None:
    stage.says("slm")
    stage.worker.settle()
    failed = updates(statuses=[stage.meta.status(0, "failed", 131000)])
    for _ in range(3):
        stage.receive("whatsapp", failed)
    assert stage.rows(OutboxRow)[0].status == "queued"
    stage.worker.settle()
    assert len(stage.meta.sent) == 1, "not before its pause is over"
    stage.clock.advance(seconds=10)
    stage.worker.settle()
    stage.receive("whatsapp", failed)
    stage.receive("whatsapp", updates(statuses=[stage.meta.status(0, "sent")]))
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, row.attempts, len(stage.meta.sent)) == ("sent", "wamid.0002", 2, 2)
    stage.receive("whatsapp", updates(statuses=[stage.meta.status(1, "failed", 131026)]))
    assert stage.rows(OutboxRow)[0].error == "131026 not_on_whatsapp"


@pytest.mark.postgres
def test_statuses_find_and_move_their_rows_on_postgresql_too(tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram, postgres_url: str) -> None:
    stage = build(tmp_path, meta, telegram, database_url=postgres_url)
    stage.says("slm")
    on_reached(lambda point: stage.receive("whatsapp", updates(statuses=[meta.status(0, "delivered")])) if point == "handed_over" else None)
    stage.worker.settle()
    on_reached(None)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id) == ("delivered", "wamid.0001")
    stage.receive("telegram", share("212661000001"))
    assert [t.verified for t in stage.rows(Conversation)] == [True, True]
    stage.house.close()


def test_logs_hold_neither_tokens_nor_words_nor_phones(stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    for kept in ("handlers", "level"):
        monkeypatch.setattr(root, kept, list(root.handlers) if kept == "handlers" else root.level)
    configure("DEBUG")
    root.addHandler(caplog.handler)
    with caplog.at_level("DEBUG"):
        stage.says("smiti Salma, 0661234567")
        stage.receive("telegram", share("212661000077"))
        stage.meta.fail(131000, 500, error_data={"details": "smiti Salma"})
        stage.telegram.fail(401, f"token {fake_telegram.TOKEN} refused")
        stage.worker.settle()
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith(("bot", "channels", "pywa", "telegram", "httpx")))
    assert "131000" in ours and "token_refused" in ours
    secrets = (fake_telegram.TOKEN, fake_telegram.SECRET, fake_meta.TOKEN, fake_meta.APP_SECRET, "smiti Salma", "0661234567", "212661000077")
    assert [secret for secret in secrets if secret in ours] == []


def test_what_went_to_somebody_erased_since_is_not_sent_again(stage: Stage) -> None:
    stage.says("slm")
    stage.worker.settle()
    with stage.house.db.transaction() as session:
        session.scalars(select(OutboxRow)).one().to = ERASED
    stage.receive("whatsapp", updates(statuses=[stage.meta.status(0, "failed", 131000)]))
    stage.clock.advance(hours=1)
    stage.worker.settle()
    assert ([r.status for r in stage.rows(OutboxRow)], len(stage.meta.sent)) == (["failed"], 1)


@pytest.mark.parametrize("ours", ["999999", "0", "x", "-1", "9" * 40, "1.1", "١"])
def test_a_status_with_an_id_that_is_not_ours_changes_nothing(stage: Stage, ours: str) -> None:
    stage.says("slm")
    stage.worker.settle()
    assert stage.receive("whatsapp", updates(statuses=[{"id": "wamid.other", "status": "failed", "biz_opaque_callback_data": ours}])) == 200
    outbox.on_status(stage.house, [StatusUpdate("wamid.other", "read", message_id=ours)])
    assert [r.status for r in stage.rows(OutboxRow)] == ["sent"]


def test_a_wait_the_provider_asks_for_is_kept(stage: Stage) -> None:
    stage.receive("telegram", fake_telegram.message(1))
    stage.telegram.fail(429, retry_after=35)
    stage.worker.settle()
    stage.clock.advance(seconds=30)
    stage.worker.settle()
    assert stage.telegram.sent == []
    stage.clock.advance(seconds=6)
    stage.worker.settle()
    assert len(stage.telegram.sent) == 1


# --- after 24 hours -------------------------------------------------------------------------------------------------------


def notice(stage: Stage, key: str, params: dict[str, str], **more: Any) -> OutboxRow:
    with stage.house.db.transaction() as session:
        talk = session.scalars(select(Conversation).where(Conversation.channel == "whatsapp")).one()
        reply = Reply("words of the day", "ary", "latn", key=key, extra={"ref": "BR-1042", "params": params}, **more)
        row = OutboxRow(key=key, conversation_id=talk.id, channel="whatsapp", to=talk.address, reply=reply.to_dict(), created_at=stage.clock.now())
        row.category = "notice"
        session.add(row)
    outbox.deliver(stage.house, talk.id)
    return next(row for row in stage.rows(OutboxRow) if row.key == key)


REMINDER = {"service": "plomberie", "technician": "Ahmed", "when": "ghedda\n10:00", "ref": "BR-1042"}


def test_a_notice_leaves_as_its_approved_template_when_the_session_is_over_and_as_words_before(stage: Stage) -> None:
    stage.says("slm")
    assert notice(stage, "notices.reminder", REMINDER).kind == "text"
    stage.clock.advance(hours=25)
    with stage.house.db.transaction() as session:
        session.delete(session.scalars(select(OutboxRow)).one())
    row = notice(stage, "notices.reminder", REMINDER)
    assert (row.kind, row.status) == ("template", "sent")
    sent = stage.meta.sent[-1]["template"]
    assert (sent["name"], sent["language"]["code"]) == ("bricol_reminder_darija", "fr")
    assert {p["parameter_name"]: p["text"] for p in sent["components"][0]["parameters"]} == {**REMINDER, "when": "ghedda / 10:00"}


@pytest.mark.parametrize(
    ("key", "params"),
    [("booking.sent", REMINDER), ("notices.code", REMINDER), ("notices.reminder", {}), ("notices.reminder", {**REMINDER, "when": " "})],
)
def test_what_has_no_whole_template_fails_and_says_why(stage: Stage, key: str, params: dict[str, str]) -> None:
    stage.says("slm")
    stage.clock.advance(hours=25)
    row = notice(stage, key, params)
    assert (row.status, stage.meta.sent) == ("failed", [])
    assert "24" in str(row.error) or "template" in str(row.error)


def test_an_old_message_delivered_late_or_again_opens_no_session(stage: Stage) -> None:
    stamp = int(stage.clock.now().timestamp())
    text = {"from": SALMA[1:], "type": "text", "text": {"body": "slm"}}
    old, new = ({**text, "id": f"wamid.{t}", "timestamp": str(t)} for t in (stamp - 90_000, stamp))
    stage.receive("whatsapp", updates(messages=[old]))
    stage.worker.settle()
    assert (stage.rows(OutboxRow)[0].status, stage.meta.sent) == ("failed", [])
    stage.receive("whatsapp", updates(messages=[new]))
    stage.worker.settle()
    stage.clock.advance(hours=25)
    stage.receive("whatsapp", updates(messages=[new, old]))
    assert notice(stage, "booking.sent", {}).status == "failed"


def by_sms(stage: Stage) -> list[tuple[str, str]]:
    return [(m.to, m.text) for m in stage.house.channels["sms"].sent]  # type: ignore[attr-defined]


def test_a_notice_that_reaches_nobody_where_they_wrote_goes_to_their_phone_once(stage: Stage) -> None:
    stage.says("slm")
    stage.clock.advance(hours=25)
    assert notice(stage, "booking.sent", {}).status == "failed"
    stage.worker.settle()
    assert by_sms(stage) == [(SALMA, "words of the day")]


def test_a_failure_told_later_sends_the_notice_by_sms_too_and_only_once(stage: Stage) -> None:
    stage.says("slm")
    notice(stage, "notices.reminder", REMINDER)
    failed = updates(statuses=[stage.meta.status(0, "failed", 131026)])
    for _ in range(3):
        stage.receive("whatsapp", failed)
        stage.worker.settle()
    assert by_sms(stage) == [(SALMA, "words of the day")]


def test_a_blocked_bot_writes_by_sms_only_to_a_phone_that_was_proven_and_never_replies_there(stage: Stage) -> None:
    stage.telegram.fail(403, "Forbidden: bot was blocked by the user", times=9)
    stage.receive("telegram", fake_telegram.message(1))
    stage.worker.settle()
    assert [r.status for r in stage.rows(OutboxRow)] == ["failed"]
    for proven in (False, True):
        if proven:
            stage.receive("telegram", share("212661000001"))
            stage.worker.settle()
        with stage.house.db.transaction() as session:
            [talk] = [t for t in session.scalars(select(Conversation)) if t.channel == "telegram"]
            row = OutboxRow(key=f"n{proven}", conversation_id=talk.id, channel="telegram", to=talk.address, created_at=stage.clock.now())
            row.category, row.reply = "notice", Reply("Ahmed f tri9", "ary", "latn").to_dict()
            session.add(row)
        stage.worker.settle()
        assert by_sms(stage) == ([(SALMA, "Ahmed f tri9")] if proven else [])


# --- voice notes ----------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    heard: list[bytes] = field(default_factory=list)

    def transcribe(self, audio: bytes, family: str, most_seconds: float) -> Transcript:
        self.heard.append(audio)
        return Transcript("bghit plombier", 4.0, "ary", 0.9)


def voices(stage: Stage, file: File, *, told: int | None = None) -> list[str | None]:
    """A voice note on each channel; why it was not heard, None where it was."""
    stage.meta.media["27"], stage.telegram.files["AwAC"] = replace(file), replace(file)
    stage.meta.about["27"] = {"mime_type": file.mime, **({"file_size": told} if told else {})}
    stage.telegram.sizes |= {"AwAC": told} if told else {}
    audio = {"from": SALMA[1:], "id": "wamid.V", "timestamp": "1795420800", "type": "audio", "audio": {"id": "27", "mime_type": "audio/ogg"}}
    stage.receive("whatsapp", updates(messages=[audio]))
    stage.receive("telegram", fake_telegram.message(1, None, voice={"file_id": "AwAC", "duration": 4, "mime_type": "audio/ogg"}))
    assert not [r for r in stage.meta.requests + stage.telegram.requests if "27" in r.path or "getFile" in r.path], "the webhook fetches nothing"
    stage.worker.settle()
    assert len(stage.meta.sent) == len(stage.telegram.sent) == 1, "answered all the same"
    return [row.payload.get("unheard") for row in stage.rows(InboxRow)]


def test_a_voice_note_is_heard_on_each_channel_and_nothing_leads_to_it_afterwards(tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram) -> None:
    stage = build(tmp_path, meta, telegram, transcriber=Told())
    assert voices(stage, File(ogg_opus(4.0), "audio/ogg", missing=1)) == [None, None]
    assert stage.agent.heard == ["bghit plombier", "bghit plombier"]
    assert meta.deleted == ["27"]
    assert not [row for row in stage.rows(InboxRow) if "url" in row.payload]
    stage.house.close()


@pytest.mark.parametrize(
    ("file", "told", "why"),
    [
        (File(ogg_opus(4.0), "image/jpeg"), None, "failed"),  # lies about its type
        (File(b"<html>no sound</html>", "audio/ogg"), None, "failed"),
        (File(b"\xff\xd8\xff\xe0JFIF", "audio/ogg"), None, "failed"),
        (File(ogg_opus(121), "audio/ogg"), None, "too_long"),
        (File(ogg_opus(4.0) + b"\0" * 20_000, "audio/ogg"), None, "too_long"),
        (File(ogg_opus(4.0) + b"\0" * 20_000, "audio/ogg"), 100, "too_long"),  # lies about its size
        (File(ogg_opus(4.0), "audio/ogg", missing=9), None, "failed"),
        (File(b"x" * 900, "audio/ogg", trickles=True), None, "failed"),  # never ends
    ],
)
def test_what_lies_is_too_large_or_never_comes_is_not_heard(
    tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram, file: File, told: int | None, why: str
) -> None:
    ears = Told()
    stage = build(tmp_path, meta, telegram, transcriber=ears, voice_max_bytes=10_000, voice_timeout_seconds=1)
    found = voices(stage, file, told=told)
    # Telegram says no type of its own: what is sound is heard, whatever the webhook called it
    assert found == [why, None if file.mime == "image/jpeg" and found[1] is None else why]
    assert len(ears.heard) == found.count(None)
    stage.house.close()


# --- settings -------------------------------------------------------------------------------------------------------------


def test_keys_build_the_channels(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    keys = {"whatsapp_phone_id": "1", "whatsapp_token": "t", "whatsapp_app_secret": "s", "whatsapp_verify_token": "v"}
    keys |= {"telegram_token": fake_telegram.TOKEN}
    found = configured_channels(settings_in(tmp_path, **keys), house)
    assert isinstance(found["whatsapp"], WhatsAppCloud) and isinstance(found["telegram"], Telegram)
    assert found["telegram"].settings.mode == "polling", "no public address: Telegram is asked"
    public = settings_in(tmp_path, **keys, public_url="https://bricol.example.ma", secret="0123456789abcdef" * 3)
    told = configured_channels(public, house)["telegram"]
    assert isinstance(told, Telegram) and told.settings.mode == "webhook" and len(told.settings.secret_token) == 64
    assert fake_telegram.TOKEN not in told.settings.secret_token
    house.close()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"whatsapp_phone_id": "1"}, "whatsapp_token"),
        ({"whatsapp_token": "t", "whatsapp_app_secret": "s", "whatsapp_verify_token": "v"}, "whatsapp_phone_id"),
        ({"telegram_token": "secret"}, "telegram_token"),
        ({"telegram_token": fake_telegram.TOKEN, "telegram_mode": "webhook"}, "telegram_mode"),
        ({"whatsapp_phone_id": "1", "whatsapp_token": "t", "whatsapp_app_secret": "s", "whatsapp_verify_token": "v",
          "twilio_account_sid": "AC1", "twilio_auth_token": "t", "twilio_whatsapp_from": "+15005550006"}, "whatsapp_phone_id"),
    ],
)  # fmt: skip
def test_half_a_configuration_refuses_to_start_and_names_what_is_missing(tmp_path: Path, values: dict[str, str], says: str) -> None:
    from bot.settings import SettingsError, load

    with pytest.raises(SettingsError) as refused:
        load(_env_file=None, data_dir=tmp_path, **values)
    assert f"BRICOL_{says.upper()}" in str(refused.value)


# --- the embedded brain ---------------------------------------------------------------------------------------------------


def test_the_embedded_brain_asks_for_the_phone_by_a_tap_and_goes_on_once_it_is_shared(tmp_path: Path, meta: FakeMeta, telegram: FakeTelegram) -> None:
    from bot import wiring
    from bot.brain.understanding import load

    stage = build(tmp_path, meta, telegram)
    house = stage.house
    house.late_agent = wiring.Later(lambda: wiring._agent(house.settings, house.market, load()))
    stage.receive("telegram", fake_telegram.message(1, "bonjour, où en est mon rendez-vous ?"))
    stage.worker.settle()
    [button] = telegram.sent[-1]["reply_markup"]["keyboard"][0]
    assert (button["request_contact"], button["text"]) == (True, "Partager mon numéro")
    stage.receive("telegram", share("212661000001"))
    stage.worker.settle()
    [chat] = [t for t in stage.rows(Conversation) if t.channel == "telegram"]
    assert chat.verified and not house.channels["sms"].sent, "no code is needed"  # type: ignore[attr-defined]
    assert "aucun rendez-vous" in telegram.sent[-1]["text"], "what they wanted goes on right after"
    house.close()
