"""A team answers in Chatwoot: cases go there, agents' words come back once, and the bot keeps the promises it keeps with our own desk."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot import doctor, inbox, outbox, turn
from bot.app import create_app
from bot.chatwoot.inward import wish
from bot.settings import SettingsError, load
from bot.wiring import House
from channels.base import Capabilities, Media, MediaRefused, OutMessage, SendResult
from channels.chatwoot import inbound as webhook
from channels.desk.acts import OUTCOMES
from domain.clock import SettableClock
from domain.store.chatwoot_tables import ChatwootEvent, ChatwootLink
from domain.store.desk_tables import DeskCase
from domain.store.erasure import erase_client
from domain.store.migrate import migrate
from domain.store.tables import Conversation, Escalation
from evals.providers.http import File
from tests.support import fake_chatwoot
from tests.support.builders import ScriptedAgent, build_house
from tests.support.clock import monday_clock
from tests.support.desk import SALMA, Player
from tests.support.fake_channel import FakeChannel, inbound
from tests.support.fake_chatwoot import NOW, FakeChatwoot, signed
from tests.support.pictures import png
from tools import registry
from tools.context import TurnContext

RECORDED = sorted(path.stem for path in fake_chatwoot.FOLDER.glob("*.json"))
ASKS = "bghit nhder m3a chi wa7ed"


def answers(text: str, context: TurnContext) -> str:
    """An agent that calls a person when one is asked for."""
    if text == ASKS:
        assert registry.call("escalate_to_human", context, {"reason": "asked", "note": "client bloqué"})["ok"]
    return f"bot: {text}"


class WithPhotos(FakeChannel):
    """WhatsApp as it is for whoever sends a photo. `refuses`: the next answers of its store."""

    def __init__(self) -> None:
        super().__init__("whatsapp")
        self.refuses: list[MediaRefused] = []

    def fetch(self, url: str, most_bytes: int, within_seconds: float) -> Media:
        if self.refuses:
            raise self.refuses.pop(0)
        return Media(b"the leak of " + url.encode(), "image/jpeg")

    def forget(self, url: str) -> None: ...


class Bridged(Player):
    """A worker that does its work at once, for agents in Chatwoot too."""

    def bridged(self, conversations: list[int]) -> None:
        assert self.inline.house.bridge is not None
        self.inline.house.bridge.settle(self.spread)


@dataclass
class Stage:
    house: House
    clock: SettableClock
    chatwoot: FakeChatwoot
    channel: WithPhotos
    worker: Bridged
    web: TestClient
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def says(self, text: str = "", **rest: Any) -> int:
        """Salma writes; her conversation's number. The bot answers if it may, and Chatwoot is told if it can be."""
        self.clock.advance(seconds=5)
        [arrival] = inbox.accept(self.house, [inbound(f"m{next(self.numbers)}", text, sender=SALMA, **rest)])
        self.worker.woken_by([arrival])
        self.tells()
        return arrival.conversation_id

    def tells(self) -> None:
        self.worker.bridged([])

    def receive(self, body: dict[str, Any] | bytes, **how: Any) -> Any:
        return self.web.post(fake_chatwoot.WEBHOOK, **signed(body, **how))

    def rows(self, table: Any) -> list[Any]:
        with self.house.db.reading() as session:
            return list(session.scalars(select(table)))

    def talk(self) -> Conversation:
        return next(t for t in self.rows(Conversation) if t.address == SALMA)

    def note(self) -> str:
        return self.chatwoot.texts("note")[-1]


@cache
def migrated() -> bytes:
    """A store without anything in it, made once."""
    with TemporaryDirectory() as folder:
        migrate(f"sqlite:///{folder}/bricol.sqlite3")
        return (Path(folder) / "bricol.sqlite3").read_bytes()


def build(folder: Path, chatwoot: FakeChatwoot, **changes: Any) -> Stage:
    (folder / "bricol.sqlite3").write_bytes(migrated())
    clock, channel = monday_clock(), WithPhotos()
    sms = FakeChannel("sms", Capabilities(max_text=1530))
    house = build_house(folder, agent=ScriptedAgent(answers), clock=clock, channels=[channel, sms], **fake_chatwoot.values(chatwoot.url, **changes))
    worker = Bridged(house)
    return Stage(house, clock, chatwoot, channel, worker, TestClient(create_app(house, worker=worker), raise_server_exceptions=False))


@pytest.fixture
def chatwoot() -> Iterator[FakeChatwoot]:
    with fake_chatwoot.running() as provider:
        yield provider


@pytest.fixture
def stage(tmp_path: Path, chatwoot: FakeChatwoot) -> Iterator[Stage]:
    stage = build(tmp_path, chatwoot)
    yield stage
    stage.house.close()


@pytest.fixture
def opened(stage: Stage) -> Stage:
    """Salma has asked for a person."""
    stage.says("slm")
    stage.says(ASKS)
    return stage


# --- what Chatwoot is told ------------------------------------------------------------------------------------------------


def test_a_case_opens_with_a_summary_and_then_says_what_both_say(opened: Stage) -> None:
    [person] = opened.chatwoot.contacts
    assert (person["phone_number"], person["identifier"]) == (SALMA, "bricol:client:1")
    assert "client bloqué" in opened.note()
    assert f"/desk/c/{opened.talk().id}" in opened.note()
    opened.says("wach kayn chi wa7ed")
    assert opened.chatwoot.texts("incoming") == [ASKS, "wach kayn chi wa7ed"]  # what was said before stands in the summary
    assert opened.chatwoot.texts("outgoing") == [f"bot: {ASKS}", "bot: wach kayn chi wa7ed"]
    assert len(opened.chatwoot.texts("note")) == 1


def test_notes_speak_the_language_of_the_agents(tmp_path: Path, chatwoot: FakeChatwoot) -> None:
    stage = build(tmp_path, chatwoot, locale="ar")
    stage.says(ASKS)
    assert "المحادثة" in stage.note()
    stage.house.close()


def test_who_asks_for_nobody_is_not_in_chatwoot(stage: Stage) -> None:
    stage.says("slm")
    assert stage.chatwoot.requests == []


def test_a_person_whom_chatwoot_knows_by_phone_stays_one_person(stage: Stage) -> None:
    stage.chatwoot.contacts.append({"id": 55, "identifier": None, "phone_number": SALMA, "name": "Mme Salma"})
    stage.says(ASKS)
    assert len(stage.chatwoot.contacts) == 1
    assert stage.chatwoot.talks[0]["contact_id"] == 55


def test_a_second_case_reopens_the_same_conversation(opened: Stage) -> None:
    opened.receive(opened.chatwoot.becomes("resolved", at=NOW + 60))
    opened.chatwoot.talks[0]["status"] = "resolved"
    opened.says("f had lwa9t ma kaynch case")
    opened.says(ASKS)
    assert opened.chatwoot.reopened == [40]
    assert len(opened.chatwoot.talks) == 1
    assert len(opened.chatwoot.texts("note")) == 2
    assert "f had lwa9t ma kaynch case" not in opened.chatwoot.texts("incoming")


def test_while_chatwoot_is_down_people_are_answered_and_nothing_is_lost(opened: Stage) -> None:
    opened.chatwoot.fail(503, times=3)
    for text in ("1", "2", "3"):
        opened.says(text)
    assert opened.channel.texts()[-3:] == ["bot: 1", "bot: 2", "bot: 3"]
    assert "1" not in opened.chatwoot.texts()
    for _ in range(6):
        opened.clock.advance(minutes=11)
        opened.tells()
    assert opened.chatwoot.texts()[-3:] == ["1", "2", "3"]
    assert opened.chatwoot.texts("outgoing")[-3:] == ["bot: 1", "bot: 2", "bot: 3"]
    assert opened.rows(ChatwootLink)[0].attempts == 0


def test_it_is_asked_ever_more_rarely(opened: Stage) -> None:
    opened.chatwoot.fail(502, times=1000)
    opened.says("fin ntoma")
    asked = []
    for _ in range(3):
        before = len(opened.chatwoot.requests)
        for _ in range(40):
            opened.clock.advance(seconds=3)
            opened.tells()
        asked.append(len(opened.chatwoot.requests) - before)
    assert asked[0] > asked[-1]
    assert sum(asked) < 12


def test_a_message_whose_answer_was_lost_is_not_said_twice(tmp_path: Path, chatwoot: FakeChatwoot, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = build(tmp_path, chatwoot)
    stage.says(ASKS)
    assert stage.house.bridge is not None
    monkeypatch.setattr(stage.house.bridge.api._http, "timeout", 0.3)
    chatwoot.fail(200, "/messages", hang=True)
    stage.says("merra we7da")
    stage.clock.advance(minutes=5)
    stage.tells()
    assert chatwoot.texts().count("merra we7da") == 1
    assert chatwoot.texts("outgoing")[-1] == "bot: merra we7da"
    stage.house.close()


def test_a_crash_at_any_moment_says_nothing_twice(tmp_path: Path, chatwoot: FakeChatwoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chatwoot has it, we do not know it yet: as it would be after a kill between the two."""
    stage = build(tmp_path, chatwoot)
    assert stage.house.bridge is not None
    for name in ("contact", "own_user", "conversation", "say"):
        real = getattr(stage.house.bridge.api, name)

        def dies(*args: Any, real: Any = real, name: str = name) -> Any:
            monkeypatch.setattr(stage.house.bridge.api, name, real)  # type: ignore[union-attr]
            real(*args)
            raise KeyboardInterrupt

        monkeypatch.setattr(stage.house.bridge.api, name, dies)
    for n in range(8):
        stage.clock.advance(minutes=2)
        try:
            stage.says(ASKS) if n == 0 else stage.tells()
        except KeyboardInterrupt:
            continue
    assert (len(chatwoot.contacts), len(chatwoot.talks)) == (1, 1)
    assert [one["side"] for one in chatwoot.said] == ["note", "incoming", "outgoing"]
    stage.house.close()


def test_a_summary_that_could_not_be_said_is_said_later_and_first(stage: Stage) -> None:
    stage.chatwoot.fail(503, "/messages", times=2)
    stage.says(ASKS)
    assert stage.chatwoot.said == []
    for _ in range(3):
        stage.clock.advance(minutes=1)
        stage.tells()
    assert [one["side"] for one in stage.chatwoot.said] == ["note", "incoming", "outgoing"]


def test_a_conversation_deleted_there_is_opened_anew_with_its_summary(opened: Stage) -> None:
    opened.chatwoot.talks.clear()
    opened.says("baqi hna")
    for _ in range(3):
        opened.clock.advance(minutes=2)
        opened.tells()
    assert opened.chatwoot.talks
    assert [one["side"] for one in opened.chatwoot.said[-3:]] == ["note", "incoming", "outgoing"]
    assert opened.chatwoot.texts()[-1] == "baqi hna"


def test_a_photo_goes_along_and_a_place_is_said(opened: Stage) -> None:
    opened.says("hahowa", kind="photo", payload={"url": "whatsapp:77"})
    [(name, content, mime)] = opened.chatwoot.said[-2]["files"]
    assert (content, mime) == (b"the leak of whatsapp:77", "image/jpeg")
    assert name.endswith((".jpg", ".jpeg"))
    assert "hahowa" in opened.chatwoot.texts()[-1]
    opened.says(kind="location", payload={"lat": 33.58, "lon": -7.63})
    assert "33.58, -7.63" in opened.chatwoot.texts()[-1]


def test_a_photo_that_cannot_be_had_holds_nothing_up(opened: Stage) -> None:
    opened.channel.refuses = [MediaRefused("slow", retry=True), MediaRefused("gone")]
    opened.says("tswira", kind="photo", payload={"url": "whatsapp:78"})
    assert "tswira" not in " ".join(opened.chatwoot.texts())
    opened.clock.advance(minutes=1)
    opened.tells()
    assert "tswira" in opened.chatwoot.texts()[-1]
    assert opened.chatwoot.said[-2]["files"] == []


# --- what agents do there -------------------------------------------------------------------------------------------------


def test_a_reply_reaches_the_person_and_the_bot_is_silent_from_then_on(opened: Stage) -> None:
    assert opened.receive(opened.chatwoot.writes(900, "Bonjour, Karima à l'appareil")).json() == {"taken": 1}
    assert opened.channel.texts()[-1] == "Bonjour, Karima à l'appareil"
    assert (opened.talk().owner, opened.talk().desk) == ("human", "chatwoot:7")
    had = len(opened.channel.sent)
    opened.says("chokran")
    assert len(opened.channel.sent) == had
    assert opened.chatwoot.texts()[-1] == "chokran"
    assert not any("Karima à l'appareil" in text for text in opened.chatwoot.texts("outgoing"))  # it is there already


def test_replies_doubled_and_shuffled_and_replayed_leave_once_each(opened: Stage) -> None:
    bodies = [opened.chatwoot.writes(900 + n, f"réponse {n}", at=NOW + n) for n in range(6)]
    dice = random.Random(5)
    deliveries = bodies * 3
    dice.shuffle(deliveries)
    assert {opened.receive(body).status_code for body in deliveries} == {200}
    assert sorted(text for text in opened.channel.texts() if text.startswith("réponse")) == [f"réponse {n}" for n in range(6)]


def test_replies_that_wait_together_leave_in_the_order_they_were_written(opened: Stage) -> None:
    assert opened.house.bridge is not None
    for n in (2, 0, 1):
        body = opened.chatwoot.writes(900 + n, f"réponse {n}", at=NOW + n)
        found = webhook.event(body, b"", opened.house.bridge.settings, opened.house.market.secret)
        assert found is not None
        opened.house.bridge.keep([found])
    opened.tells()
    assert opened.channel.texts()[-3:] == ["réponse 0", "réponse 1", "réponse 2"]


def test_what_we_said_there_never_comes_back_to_the_person(opened: Stage) -> None:
    had = len(opened.channel.sent)
    for one in opened.chatwoot.said:
        by = {"id": fake_chatwoot.BOT_USER, "name": "Bricol", "type": "user"}
        kind = {"private": one["private"], "message_type": one["message_type"], "source_id": one["source_id"], "sender": by}
        assert opened.receive(opened.chatwoot.writes(one["id"], one["content"], **kind)).json() == {"taken": 0}
    assert len(opened.channel.sent) == had


def test_of_recorded_webhooks_only_agents_words_and_states_count(opened: Stage) -> None:
    had = len(opened.channel.sent)
    counted: list[str] = []
    for name in RECORDED:
        body = fake_chatwoot.recorded(name)
        talk = body.get("conversation", body)
        if "contact_inbox" in talk:
            talk["contact_inbox"]["source_id"] = opened.chatwoot.talks[0]["source_id"]
        body["id"] = 900 + len(counted) if name.startswith("message_outgoing") else body.get("id")
        answer = opened.receive(body)
        assert answer.status_code == (422 if name == "conversation_unknown_status" else 200), name
        counted += [name] if answer.json().get("taken") else []
    assert counted == [
        "conversation_assigned", "conversation_labelled", "conversation_older_version", "conversation_pending", "conversation_resolved",
        "conversation_snoozed", "conversation_unassigned", "message_outgoing", "message_outgoing_photo", "message_outgoing_photo_alone",
    ]  # fmt: skip
    agents = [one.text for one in opened.channel.sent[had:]]
    assert [text for text in agents if text in ("Bonjour, je m'en occupe.", "Voici la pièce")] == ["Bonjour, je m'en occupe.", "Voici la pièce"]
    assert not {"slm", "Wakha", "I can help", "Cliente fidèle, faire un geste", "Rate your conversation", "Nous vous répondons sous peu"} & set(
        agents
    )


@pytest.mark.parametrize(("labels", "outcome"), [((), "solved"), (("bricol-refunded",), "refunded"), (("abuse", "bricol-no-answer"), "no_answer")])
def test_resolving_closes_with_its_outcome_and_asks_how_it_went(opened: Stage, labels: tuple[str, ...], outcome: str) -> None:
    opened.receive(opened.chatwoot.writes(900, "C'est réglé"))
    opened.receive(opened.chatwoot.becomes("resolved", *labels, at=NOW + 60, agent=7))
    assert opened.rows(DeskCase)[0].outcome == outcome
    assert "Karima" in opened.channel.texts()[-1]
    assert opened.talk().owner == "bot"
    opened.says("salam tani")
    assert opened.channel.texts()[-1] == "bot: salam tani"


@pytest.mark.parametrize(("status", "label"), [("pending", None), ("open", "bricol-bot")])
def test_pending_or_a_label_gives_the_conversation_back(opened: Stage, status: str, label: str | None) -> None:
    opened.receive(opened.chatwoot.writes(900, "Je vous laisse avec Bricol"))
    opened.receive(opened.chatwoot.becomes(status, *filter(None, [label]), at=NOW + 60))
    assert opened.rows(DeskCase)[0].outcome == "handed_back"
    assert [case.status for case in opened.rows(Escalation)] == ["closed"]
    opened.says("wakha")
    assert opened.channel.texts()[-1] == "bot: wakha"


def test_whoever_is_assigned_has_it_and_who_is_taken_off_gives_it_back(opened: Stage) -> None:
    opened.receive(opened.chatwoot.becomes("open", at=NOW + 10, agent=7))
    assert opened.talk().desk == "chatwoot:7"
    opened.receive(opened.chatwoot.becomes("open", at=NOW + 20, agent=8))
    assert opened.talk().desk == "chatwoot:8"
    opened.receive(opened.chatwoot.becomes("open", at=NOW + 30))
    assert opened.talk().owner == "bot"


def test_being_assigned_to_our_own_user_takes_nothing(opened: Stage) -> None:
    opened.receive(opened.chatwoot.becomes("open", at=NOW + 10, agent=fake_chatwoot.BOT_USER))
    assert opened.talk().owner == "bot"


def test_a_case_that_nobody_answered_can_be_resolved(opened: Stage) -> None:
    opened.receive(opened.chatwoot.becomes("resolved", at=NOW + 60))
    assert [case.status for case in opened.rows(Escalation)] == ["closed"]
    assert opened.talk().owner == "bot"


def test_news_that_comes_late_changes_nothing(opened: Stage) -> None:
    opened.receive(opened.chatwoot.becomes("open", at=NOW + 60, agent=7))
    opened.receive(opened.chatwoot.becomes("resolved", at=NOW + 30))
    assert opened.talk().desk == "chatwoot:7"


def test_a_reply_that_comes_after_its_own_resolving_leaves_and_takes_nothing(opened: Stage) -> None:
    opened.receive(opened.chatwoot.writes(900, "Un instant", at=NOW + 10))
    opened.receive(opened.chatwoot.becomes("resolved", at=NOW + 60, agent=7))
    opened.receive(opened.chatwoot.writes(901, "Bonne journée !", at=NOW + 59))
    assert opened.channel.texts()[-1] == "Bonne journée !"
    assert opened.talk().owner == "bot"


def test_a_reply_that_did_not_arrive_is_told_in_a_note(opened: Stage) -> None:
    opened.channel.refusals = [SendResult("failed", error="131026 undeliverable")]
    opened.receive(opened.chatwoot.writes(900, "Bonjour"))
    opened.tells()
    assert "131026 undeliverable" in opened.note()
    assert "Bonjour" in opened.note()
    before = len(opened.chatwoot.said)
    opened.tells()
    assert len(opened.chatwoot.said) == before


def test_after_24_hours_a_note_says_why_and_where_and_the_bot_stays_silent(opened: Stage) -> None:
    opened.clock.advance(hours=25)
    had = opened.channel.texts()
    opened.receive(opened.chatwoot.writes(900, "Toujours là ?", at=NOW + 90_000))
    assert opened.channel.texts() == had
    assert "24 h" in opened.note()
    assert f"/desk/c/{opened.talk().id}" in opened.note()
    assert opened.talk().owner == "human"
    opened.says("ah oui")
    opened.receive(opened.chatwoot.writes(901, "Très bien", at=NOW + 90_060))
    assert opened.channel.texts()[-1] == "Très bien"


PNG = png(30, 20)


def attached(stage: Stage, content: bytes, kind: str = "image", name: str = "piece.png") -> dict[str, Any]:
    """An attachment as Chatwoot tells of it, under whatever host it calls itself; it lies in a store elsewhere."""
    path = f"/rails/active_storage/blobs/redirect/{name}"
    stage.chatwoot.stored[f"/store/{name}"] = File(content, "image/png")
    stage.chatwoot.stored[path] = File(moved=f"{stage.chatwoot.url}/store/{name}")
    [one] = fake_chatwoot.recorded("message_outgoing_photo")["attachments"]
    return {**one, "file_type": kind, "data_url": f"https://chatwoot.example.ma{path}"}


def test_a_photo_of_the_agent_leaves_by_a_signed_link_that_dies(opened: Stage) -> None:
    opened.channel.capabilities = replace(opened.channel.capabilities, media=True)
    opened.receive(opened.chatwoot.writes(900, "Voici la pièce", attachments=[attached(opened, PNG)]))
    sent = opened.channel.sent[-1]
    assert (sent.text, str(sent.media).startswith(f"{opened.house.settings.address}/media/")) == ("Voici la pièce", True)
    path = urlsplit(str(sent.media)).path
    answer = opened.web.get(path)
    assert (answer.content, answer.headers["content-type"], answer.headers["x-content-type-options"]) == (PNG, "image/png", "nosniff")
    assert opened.web.get(path.replace("/media/1-", "/media/2-")).status_code == 404
    assert opened.web.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
    assert len(opened.chatwoot.texts("note")) == 1
    opened.clock.advance(hours=73)
    assert opened.web.get(path).status_code == 404


def test_where_no_photo_can_be_shown_its_link_stands_below_the_words(opened: Stage) -> None:
    opened.receive(opened.chatwoot.writes(900, "Voici la pièce", attachments=[attached(opened, PNG)]))
    words, link = opened.channel.texts()[-1].split("\n")
    assert words == "Voici la pièce"
    assert opened.web.get(urlsplit(link).path).content == PNG


def test_photos_without_words_leave_each_once(opened: Stage) -> None:
    had = len(opened.channel.sent)
    files = [attached(opened, PNG + bytes([n]), name=f"{n}.png") for n in range(3)]
    for _ in range(2):
        opened.receive(opened.chatwoot.writes(900, None, attachments=files))
    links = [urlsplit(text).path for text in opened.channel.texts()[had:]]
    assert [opened.web.get(link).content[-1] for link in links] == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "kind"), [(b"%PDF-1.7", "file"), (b"<svg onload=alert(1)>", "image"), (PNG + b"x" * 5_000_000, "image"), (b"", "image")]
)
def test_another_attachment_does_not_leave_and_a_note_says_so(opened: Stage, content: bytes, kind: str) -> None:
    opened.receive(opened.chatwoot.writes(900, "Voici la pièce", attachments=[attached(opened, content, kind)]))
    assert opened.channel.texts()[-1] == "Voici la pièce"
    assert "pièce jointe" in opened.note()


def test_an_attachment_of_another_place_is_never_asked_for(opened: Stage) -> None:
    body = {**attached(opened, PNG), "data_url": "http://169.254.169.254/latest/meta-data"}
    opened.receive(opened.chatwoot.writes(900, "Voici", attachments=[body]))
    assert opened.channel.texts()[-1] == "Voici"
    assert "pièce jointe" in opened.note()


def test_a_colleague_at_our_own_desk_keeps_what_is_theirs(opened: Stage) -> None:
    from bot.desk import HouseActs
    from channels.desk import accounts

    accounts.add(opened.house.db, opened.clock.now(), "youssef", "zellij-vert-42", "agent")
    HouseActs(opened.house, lambda: None).take(opened.talk().id, "youssef")
    had = opened.channel.texts()
    opened.receive(opened.chatwoot.writes(900, "Moi aussi"))
    assert opened.channel.texts() == had
    assert "Youssef" in opened.note()
    assert opened.talk().desk == "youssef"


def test_nobody_can_sign_in_as_an_agent_of_chatwoot(opened: Stage) -> None:
    opened.receive(opened.chatwoot.writes(900, "Bonjour"))
    answer = opened.web.post("/desk/sign-in", data={"login": "chatwoot:7", "password": ""}, follow_redirects=False)
    assert "bricol_desk" not in answer.headers.get("set-cookie", "")
    assert opened.web.get("/api/desk/queue").status_code in (401, 404)


def test_nothing_more_is_told_of_somebody_who_was_erased(opened: Stage) -> None:
    with opened.house.db.transaction() as session:
        erase_client(session, 1, keep_conversation=opened.talk().id)
    before, had = len(opened.chatwoot.said), opened.channel.texts()
    opened.receive(opened.chatwoot.writes(900, "Bonjour"))
    assert opened.channel.texts() == had
    assert len(opened.chatwoot.said) == before
    assert all(event.body == {} for event in opened.rows(ChatwootEvent))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "status": st.sampled_from(webhook.STATUSES),
                "labels": st.lists(st.sampled_from(["vip", "bricol-bot", "bricol-abuse", "bricol-no-answer"]), unique=True),
                "assignee": st.sampled_from([None, 7, 8, 9]),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_state_that_is_told_again_asks_for_nothing(states: list[dict[str, Any]]) -> None:
    before: dict[str, Any] = {}
    for state in states:
        asked = wish(before, state, own_user=9)
        assert asked is None or asked.act != "close" or asked.outcome in OUTCOMES
        assert state["status"] != "resolved" or asked is None or asked.act == "close"
        assert wish(state, state, own_user=9) is None
        before = state


# --- who may tell us something, and what -----------------------------------------------------------------------------------


def test_only_what_our_chatwoot_signed_in_these_minutes_is_taken(opened: Stage) -> None:
    body = opened.chatwoot.writes(900, "Bonjour")
    assert opened.receive(body, secret="another").status_code == 403
    assert opened.receive(body, at=time.time() - 3600).status_code == 403
    assert opened.web.post(fake_chatwoot.WEBHOOK, json=body).status_code == 403
    assert opened.web.post(fake_chatwoot.WEBHOOK + "/", json=body).status_code in (403, 404)
    assert opened.rows(ChatwootEvent) == []


def test_a_conversation_that_is_not_ours_cannot_be_named(opened: Stage) -> None:
    body = opened.chatwoot.writes(900, "Bonjour")
    body["conversation"]["contact_inbox"]["source_id"] = f"bricol-{opened.talk().id}-{'0' * 16}"
    assert opened.receive(body).json() == {"taken": 0}


def test_a_chatwoot_that_does_not_sign_knows_an_address_instead(tmp_path: Path, chatwoot: FakeChatwoot) -> None:
    word = "Zx0" * 10
    stage = build(tmp_path, chatwoot, webhook_secret="", path_secret=word)
    stage.says(ASKS)
    body = chatwoot.writes(900, "Bonjour")
    assert stage.receive(body, secret="").status_code == 403  # an empty secret signs nothing
    assert stage.web.post(f"{fake_chatwoot.WEBHOOK}/{word}x", json=body).status_code == 403
    assert stage.web.post(f"{fake_chatwoot.WEBHOOK}/{word}", json=body).json() == {"taken": 1}
    assert stage.channel.texts()[-1] == "Bonjour"
    stage.house.close()


def test_oversized_and_malformed_bodies_are_refused_by_name(opened: Stage) -> None:
    assert opened.receive(b"x" * 300_000).status_code == 413
    for raw in (b"", b"[]", b"{", b"\xff\xfe", b"[" * 50_000):
        assert opened.receive(raw).status_code == 400
    assert opened.receive({}).status_code == 422


def test_no_webhook_makes_us_fall_over(opened: Stage) -> None:
    """Every field of a real one, by turns, something else."""
    dice = random.Random(3)
    odd: list[Any] = [None, True, -1, 10**30, 1.5, float("nan"), "", "x" * 5000, "\x00\ud800", [], [[]], {}, {"id": {}}]
    for name in ("message_outgoing_photo", "conversation_resolved"):
        real = json.dumps(fake_chatwoot.recorded(name)).replace("bricol-1-" + "0" * 16, opened.chatwoot.talks[0]["source_id"])
        for path in _paths(json.loads(real)):
            body = json.loads(real)
            *way, last = path
            holder = body
            for step in way:
                holder = holder[step]
            holder[last] = dice.choice(odd)
            assert opened.receive(body).status_code in (200, 422), (name, path, holder[last])
    assert all(event.done for event in opened.rows(ChatwootEvent))


def _paths(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from _paths(inner, (*way, key))


# --- races, settings, the real worker ---------------------------------------------------------------------------------------


class SlowChannel(WithPhotos):
    """A provider that takes up to two milliseconds: a message counts when it has left."""

    dice = random.Random(1)

    def send(self, message: OutMessage) -> SendResult:
        time.sleep(self.dice.uniform(0, 0.002))
        return super().send(message)


def test_in_thirty_races_the_bot_never_speaks_after_the_agent(tmp_path: Path, chatwoot: FakeChatwoot) -> None:
    stage = build(tmp_path, chatwoot)
    house, channel, dice = stage.house, SlowChannel(), random.Random(11)
    house.channels["whatsapp"] = channel
    stage.says(ASKS)
    number, bridge, moment = stage.talk().id, house.bridge, itertools.count(1)
    assert bridge is not None

    def arrives(body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        found = webhook.event(body, raw, bridge.settings, house.market.secret)
        assert found is not None
        bridge.keep([found])
        bridge.step(number, lambda: None)
        outbox.deliver(house, number)

    def bot() -> None:
        if (gathered := turn.gather(house, number, window=0)) is not None:
            turn.play(house, gathered)
        outbox.deliver(house, number)

    dropped, before = 0, 0
    with ThreadPoolExecutor(1) as other:
        for n in range(30):
            inbox.accept(house, [inbound(f"r{n}", f"slm {n}", sender=SALMA)])
            playing = other.submit(bot)
            time.sleep(dice.uniform(0, 0.008))
            arrives(chatwoot.writes(2000 + n, f"agent {n}", at=NOW + next(moment)))
            playing.result()
            outbox.deliver(house, number)
            said = channel.texts()
            assert said.count(f"agent {n}") == 1
            spoke = f"bot: slm {n}" in said
            assert not spoke or said.index(f"bot: slm {n}") < said.index(f"agent {n}")
            before, dropped = before + spoke, dropped + (not spoke)
            arrives(chatwoot.becomes("pending", at=NOW + next(moment)))
            arrives(chatwoot.becomes("open", at=NOW + next(moment)))
    house.close()
    assert before and dropped, f"no race: {before} rounds the bot was first, {dropped} rounds the agent"


def test_the_real_worker_tells_and_obeys_by_itself(tmp_path: Path, chatwoot: FakeChatwoot) -> None:
    from bot.worker import Worker

    house = build(tmp_path, chatwoot).house
    house.settings.sweep_seconds = 0.1
    worker, channel = Worker(house), house.channels["whatsapp"]
    assert isinstance(channel, FakeChannel)
    with TestClient(create_app(house, worker=worker)) as web:
        web.post("/fake/whatsapp", json=[{"provider_id": "m1", "text": ASKS, "sender": SALMA}])
        _until(lambda: chatwoot.texts("outgoing") == [f"bot: {ASKS}"])
        assert web.post(fake_chatwoot.WEBHOOK, **signed(chatwoot.writes(900, "Bonjour"))).json() == {"taken": 1}
        _until(lambda: channel.texts()[-1] == "Bonjour")
    house.close()


def _until(done: Any, seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"token": ""}, "BRICOL_CHATWOOT_TOKEN"),
        ({"inbox_id": 0}, "BRICOL_CHATWOOT_INBOX_ID"),
        ({"webhook_secret": ""}, "BRICOL_CHATWOOT_WEBHOOK_SECRET"),
        ({"path_secret": "short"}, "BRICOL_CHATWOOT_PATH_SECRET"),
        ({"url": "chatwoot.example.ma"}, "BRICOL_CHATWOOT_URL"),
    ],
)
def test_half_a_configuration_refuses_to_start_and_says_what_is_missing(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(_env_file=None, **fake_chatwoot.values("https://chatwoot.example.ma", **changes))


def test_the_doctor_says_whether_chatwoot_answers(chatwoot: FakeChatwoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def finding(**changes: Any) -> doctor.Finding:
        for name, value in fake_chatwoot.values(chatwoot.url, **changes).items():
            monkeypatch.setenv(f"BRICOL_{name.upper()}", str(value))
        [found] = doctor._chatwoot(load(_env_file=None))
        return found

    assert finding().state == "good"
    assert "TOKEN" in finding(token="wrong").cure
    assert "INBOX_ID" in finding(inbox_id=4).cure
    assert "start Chatwoot" in finding(url="http://127.0.0.1:1").cure


def test_without_settings_there_is_no_bridge_and_no_address(tmp_path: Path) -> None:
    house = build_house(tmp_path)
    assert house.bridge is None
    assert TestClient(create_app(house)).post(fake_chatwoot.WEBHOOK, json={}).status_code == 404
    house.close()
