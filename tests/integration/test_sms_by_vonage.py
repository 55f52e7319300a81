"""SMS by the second provider through the whole house: recorded webhooks in any order, lost answers, STOP and START in every language."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot import doctor, outbox
from bot.app import create_app
from bot.checkpoints import on_reached
from bot.inline import InlineWorker
from bot.settings import SettingsError, load
from bot.wiring import House, configured_channels
from channels.vonage import VonageSms
from domain.clock import SettableClock
from domain.engagement.reply import Reply
from domain.store.conversations import conversation_for
from domain.store.tables import Conversation, InboxRow, OutboxRow, Technician
from evals.providers import vonage as fake_vonage
from evals.providers.vonage import FakeVonage
from tests.support.builders import ScriptedAgent, add_technicians, build_house, settings_in
from tests.support.clock import monday_clock
from tests.support.woken import Woken

FOLDER = Path(__file__).parents[1] / "fixtures" / "webhooks" / "vonage"
RECORDED = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
VALUES = {"vonage_api_key": fake_vonage.KEY, "vonage_api_secret": "s", "vonage_signature_secret": "s", "vonage_sms_from": "+212520000000"}


@dataclass
class Stage:
    house: House
    clock: SettableClock
    agent: ScriptedAgent
    vonage: FakeVonage
    web: TestClient
    worker: InlineWorker

    def receive(self, path: str, fields: dict[str, Any], **how: Any) -> int:
        return self.web.post(path, **fake_vonage.body(fields, **how)).status_code

    def says(self, number: int, text: str, sender: str = "212662000001") -> None:
        assert self.receive(fake_vonage.INBOUND, fake_vonage.says(number, text, sender)) == 200
        self.clock.advance(seconds=60)
        self.worker.settle()

    def rows(self, table: Any) -> list[Any]:
        with self.house.db.reading() as session:
            return list(session.scalars(select(table).order_by(table.id)))


def build(folder: Path, vonage: FakeVonage, **changes: Any) -> Stage:
    agent, clock = ScriptedAgent(), monday_clock()
    house = build_house(folder, agent=agent, clock=clock, channels=[VonageSms(fake_vonage.settings(vonage.url, **changes))])
    worker = InlineWorker(house)
    web = TestClient(create_app(house, worker=Woken(worker.begun)), raise_server_exceptions=False)
    return Stage(house, clock, agent, vonage, web, worker)


@pytest.fixture
def vonage() -> Iterator[FakeVonage]:
    with fake_vonage.running() as provider:
        yield provider


@pytest.fixture
def stage(tmp_path: Path, vonage: FakeVonage) -> Iterator[Stage]:
    stage = build(tmp_path, vonage)
    yield stage
    stage.house.close()


def send(stage: Stage, count: int, words: str = "Salam") -> None:
    """Messages 0A..1 to 0A..n, of which the recorded receipts speak."""
    with stage.house.db.transaction() as session:
        talk = conversation_for(session, "sms", "+212662000001", stage.clock.now())
        session.flush()
        for number in range(count):
            row = OutboxRow(
                key=f"n{number}", conversation_id=talk.id, channel="sms", to="+212662000001", reply=Reply(words, "ary", "latn").to_dict(),
                category="notice", created_at=stage.clock.now(),
            )  # fmt: skip
            session.add(row)
        number_of = talk.id
    outbox.deliver(stage.house, number_of)


def end_of(stage: Stage) -> dict[str, Any]:
    talks = {t.id: t.address for t in stage.rows(Conversation)}
    return {
        "messages": sorted([r.provider_id, talks[r.conversation_id], r.kind, r.text, json.dumps(r.payload)] for r in stage.rows(InboxRow)),
        "sent": [[r.provider_id, r.status, r.error] for r in stage.rows(OutboxRow)],
    }


def orders() -> Iterator[list[dict[str, Any]]]:
    yield RECORDED
    for seed in (1, 2):
        yield random.Random(seed).sample(RECORDED, len(RECORDED))
        yield random.Random(seed).sample(RECORDED * 2, 2 * len(RECORDED))


def test_recorded_webhooks_in_order_shuffled_and_doubled_end_the_same(tmp_path: Path, vonage: FakeVonage) -> None:
    ends, heard = [], []
    for number, recorded in enumerate(orders()):
        vonage.sent.clear()
        (tmp_path / str(number)).mkdir()
        stage = build(tmp_path / str(number), vonage)
        send(stage, 5)
        assert {stage.receive(one["path"], one["body"]) for one in recorded} == {200}
        ends.append(end_of(stage))
        stage.worker.settle()
        heard.append(sorted(line for said in stage.agent.heard for line in said.split("\n")))
        stage.house.close()
    assert len(ends[0]["messages"]) == 7 and all(end == ends[0] for end in ends)
    assert heard[0] and all(lines == heard[0] for lines in heard)
    states = [(status, error) for _, status, error in ends[0]["sent"]]
    assert states == [("delivered", None), ("failed", "2 phone_off"), ("queued", "8 network"), ("failed", "9 opted_out"), ("sent", None)]


def test_the_parts_of_a_long_message_are_read_as_the_one_message_they_were(stage: Stage) -> None:
    parts = [one for one in RECORDED if one["body"].get("concat")]
    for one in parts[::-1]:
        assert stage.receive(one["path"], one["body"]) == 200
    stage.worker.settle()
    assert stage.agent.heard == ["".join(one["body"]["text"] for one in parts)]


def test_what_is_forged_changed_or_old_leaves_no_trace(stage: Stage) -> None:
    send(stage, 1)
    before = end_of(stage)
    words, receipt = fake_vonage.says(1, "slm"), stage.vonage.receipt(0, "delivered")
    for path, fields in ((fake_vonage.INBOUND, words), (fake_vonage.STATUS, receipt)):
        assert stage.web.post(path, json=fields).status_code == 403
        assert stage.receive(path, fields, secret="guessed") == 403
        assert stage.receive(path, fields, at=0) == 403
        assert stage.web.post(path, content=b"\xff\x00").status_code in (400, 403, 415)
    assert end_of(stage) == before


def test_a_crash_after_the_provider_took_a_message_sends_nothing_twice(stage: Stage) -> None:
    def crash(point: str) -> None:
        if point == "handed_over":
            raise KeyboardInterrupt

    on_reached(crash)
    with pytest.raises(KeyboardInterrupt):
        send(stage, 1)
    on_reached(None)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, len(stage.vonage.sent)) == ("sending", None, 1)
    with stage.house.db.transaction() as session:  # the house's clock stands still in tests, the provider's does not
        session.get_one(OutboxRow, row.id).sent_at = stage.vonage.sent[0]["at"]
    outbox.deliver(stage.house, row.conversation_id)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, len(stage.vonage.sent)) == ("sent", stage.vonage.sent[0]["id"], 1)


def test_an_answer_that_is_lost_is_asked_for_before_anything_is_sent_again(tmp_path: Path, vonage: FakeVonage) -> None:
    stage = build(tmp_path, vonage, timeout_seconds=0.5)
    vonage.fail(0, hang=True)
    send(stage, 1)
    [row] = stage.rows(OutboxRow)
    assert (row.status, len(vonage.sent)) == ("sending", 1)
    with stage.house.db.transaction() as session:
        session.get_one(OutboxRow, row.id).sent_at = vonage.sent[0]["at"]
    outbox.deliver(stage.house, row.conversation_id)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id, len(vonage.sent)) == ("sent", vonage.sent[0]["id"], 1)
    stage.house.close()


def test_a_receipt_that_overtakes_the_answer_is_kept(stage: Stage) -> None:
    on_reached(lambda point: stage.receive(fake_vonage.STATUS, stage.vonage.receipt(0, "delivered")) if point == "handed_over" else None)
    send(stage, 1)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.provider_id) == ("delivered", stage.vonage.sent[0]["id"])


def test_money_that_has_run_out_is_tried_again_once_there_is_some(stage: Stage) -> None:
    stage.vonage.codes = ["9"]
    send(stage, 1)
    [row] = stage.rows(OutboxRow)
    assert (row.status, row.error) == ("queued", "9 no_credit")
    outbox.deliver(stage.house, row.conversation_id)
    assert stage.vonage.sent == [], "not before its pause is over"
    stage.clock.advance(seconds=61)
    outbox.deliver(stage.house, row.conversation_id)
    assert [r.status for r in stage.rows(OutboxRow)] == ["sent"]


@pytest.mark.parametrize(
    ("stop", "start"),
    [
        ("STOP", "START"),
        ("7bso 3lia lmsg", "3awdo siftou liya lmsg"),
        ("وقف الرسائل", "عاودو صيفطو ليا"),
        ("désabonnez-moi svp", "réabonnez-moi"),
        ("أوقفوا الرسائل من فضلكم", "إعادة الاشتراك"),
    ],
)
def test_stop_and_start_are_obeyed_in_every_language(stage: Stage, stop: str, start: str) -> None:
    add_technicians(stage.house.settings.store_url)

    def silent() -> bool:
        return {t.phone: t.opted_out for t in stage.rows(Technician)}["+212662000001"]

    stage.says(1, start)
    assert (silent(), stage.agent.heard) == (False, [start]), "who never said STOP means something else by it"
    stage.says(2, stop)
    assert silent()
    stage.says(3, start)
    assert not silent()
    assert [r.reply["key"] for r in stage.rows(OutboxRow)][1:] == ["stop.all", "stop.back"]
    assert len(stage.vonage.sent) == 3


# --- settings -----------------------------------------------------------------------------------------------------------


def test_sms_goes_through_the_one_that_is_configured(tmp_path: Path, stage: Stage) -> None:
    found = configured_channels(settings_in(tmp_path, **VALUES), stage.house)
    assert isinstance(found["sms"], VonageSms)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({**VALUES, "twilio_account_sid": "AC1", "twilio_auth_token": "t", "twilio_sms_from": "+15005550006"}, "BRICOL_VONAGE_SMS_FROM"),
        ({"vonage_api_key": "k"}, "BRICOL_VONAGE_API_SECRET"),
        ({k: v for k, v in VALUES.items() if k != "vonage_signature_secret"}, "BRICOL_VONAGE_SIGNATURE_SECRET"),
    ],
)
def test_two_providers_or_half_a_one_refuse_to_start(tmp_path: Path, values: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError, match=names):
        load(_env_file=None, data_dir=tmp_path, **values)


def test_the_doctor_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in VALUES.items():
        monkeypatch.setenv(f"BRICOL_{name.upper()}", value)
    told = list(doctor._vonage(load()))
    assert [f.state for f in told] == ["good", "note"]
    assert "BRICOL_PUBLIC_URL" in told[1].cure
