"""A voice note from Twilio's webhook to the reply, over real HTTP on both sides; the recogniser alone is told what it hears."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator

from bot import inbox
from bot.checkpoints import on_reached
from bot.inline import InlineWorker
from bot.voice.transcriber import TooLong, Transcript
from bot.wiring import House
from channels.twilio import TwilioSettings, TwilioWhatsApp
from domain.store.tables import InboxRow, Turn
from evals.providers.twilio import FakeTwilio, MediaFile, running
from tests.support.builders import ScriptedAgent, build_house
from tests.support.sound import ogg_opus

RECORDED = json.loads((Path(__file__).parents[1] / "fixtures" / "webhooks" / "twilio" / "whatsapp_voice.json").read_text())
PATH = "/" + RECORDED["params"]["MediaUrl0"].split("/", 3)[3]
PUBLIC, TOKEN = "https://bricol.example.ma", "the auth token of the tests"
VOICE = ogg_opus(4.0)
SAID = "بغيت بلومبي غدا فالمعاريف، نمرتي 0661234567"


@dataclass
class Told:
    """A recogniser that hears what it is told, or fails as it is told."""

    says: str | Exception = SAID
    heard: list[bytes] = field(default_factory=list)

    def transcribe(self, audio: bytes, family: str, most_seconds: float) -> Transcript:
        self.heard.append(audio)
        if isinstance(self.says, Exception):
            raise self.says
        return Transcript(self.says, 4.0, "ary", 0.71)


@dataclass
class Stage:
    house: House
    provider: FakeTwilio
    ears: Told
    agent: ScriptedAgent
    web: TestClient
    worker: InlineWorker

    def receive(self, number: int = 5, **changes: str) -> None:
        """Twilio's webhook, as recorded and signed."""
        params = {**RECORDED["params"], "MessageSid": f"SM{number:032x}", **changes}
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + RECORDED["path"], params)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        assert self.web.post(RECORDED["path"], content=urlencode(params), headers=headers).status_code == 200

    def play(self) -> None:
        self.worker.settle()

    def row(self) -> InboxRow:
        with self.house.db.reading() as session:
            return session.scalars(select(InboxRow).order_by(InboxRow.id.desc())).first()  # type: ignore[return-value]


def build(folder: Path, provider: FakeTwilio, *, ears: Told | None, agent: Any = None, **settings: Any) -> Stage:
    provider.media[PATH] = MediaFile(VOICE, "audio/ogg")
    twilio = TwilioSettings(
        "AC" + "0" * 32, TOKEN, whatsapp_from="+212520000000", public_url=PUBLIC, base_url=provider.url, timeout_seconds=2
    )  # fmt: skip
    agent = agent or ScriptedAgent()
    house = build_house(folder, agent=agent, channels=[TwilioWhatsApp(twilio)], transcriber=ears, **settings)
    if house.ears:
        object.__setattr__(house.ears, "sleep", lambda seconds: None)
    worker = InlineWorker(house)
    app = FastAPI()

    async def accept(messages: Any) -> None:
        worker.begun.update(a.conversation_id for a in inbox.accept(house, messages))

    async def on_status(_: Any) -> None:
        return None

    app.include_router(house.channels["whatsapp"].routes(accept, on_status))
    return Stage(house, provider, ears or Told(), agent, TestClient(app, base_url="http://10.0.0.7:8000"), worker)


@pytest.fixture
def provider() -> Iterator[FakeTwilio]:
    with running() as account:
        yield account


@pytest.fixture
def stage(tmp_path: Path, provider: FakeTwilio) -> Iterator[Stage]:
    stage = build(tmp_path, provider, ears=Told())
    yield stage
    stage.house.close()


def test_what_was_said_is_the_turns_text_and_marked_as_heard(stage: Stage) -> None:
    stage.receive()
    stage.play()
    assert stage.agent.heard == [SAID]
    with stage.house.db.reading() as session:
        [part] = session.scalars(select(Turn)).one().messages[0]["data"]["additional_kwargs"]["parts"]
    assert (part["kind"], part["payload"]["heard"], part["payload"]["confidence"]) == ("voice", True, 0.71)
    [sent] = stage.provider.messages
    assert sent["body"].endswith(SAID)


def test_the_webhook_fetches_nothing(stage: Stage) -> None:
    stage.receive()
    assert stage.provider.requests == [] and stage.ears.heard == []


def test_the_sound_is_kept_nowhere_and_the_provider_forgets_it(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    stage.receive()
    stage.play()
    assert stage.ears.heard == [VOICE]
    assert stage.provider.deleted == [PATH]
    assert list(scratch.iterdir()) == []
    holders = [p.name for p in tmp_path.rglob("*") if p.is_file() and VOICE[60:] in p.read_bytes()]
    assert holders == []
    assert "url" not in stage.row().payload, "and nothing leads to it"


def test_the_providers_copy_stays_where_the_setting_says_so(tmp_path: Path, provider: FakeTwilio) -> None:
    stage = build(tmp_path, provider, ears=Told(), voice_forget=False)
    stage.receive()
    stage.play()
    assert (stage.agent.heard, provider.deleted) == ([SAID], [])


def test_logs_hold_neither_the_words_nor_where_the_sound_is(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        stage.receive(1)
        stage.play()
        stage.ears.says = ValueError(f"cannot decode: {SAID}")
        stage.provider.media[PATH] = MediaFile(VOICE)
        stage.receive(2)
        stage.play()
    ours = "\n".join(r.getMessage() + (r.exc_text or "") for r in caplog.records if r.name.startswith(("bot", "channels", "twilio")))
    assert "the recogniser failed: ValueError" in ours
    assert [secret for secret in (SAID, "0661234567", PATH, TOKEN) if secret in ours] == []


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (MediaFile(VOICE, "audio/mpeg"), "failed"),  # lies about its type
        (MediaFile(b"<html>no sound</html>", "audio/ogg"), "failed"),
        (MediaFile(b"\xff\xd8\xff\xe0JFIF", "audio/ogg"), "failed"),
        (MediaFile(VOICE, "text/html"), "failed"),
        (MediaFile(b"", "audio/ogg"), "failed"),
        (MediaFile(ogg_opus(121), "audio/ogg"), "too_long"),
        (MediaFile(VOICE + b"\0" * 20_000, "audio/ogg"), "too_long"),  # larger than allowed
        (MediaFile(VOICE, "audio/ogg", missing=9), "failed"),
    ],
)
def test_what_cannot_or_may_not_be_heard_never_reaches_the_recogniser(tmp_path: Path, provider: FakeTwilio, file: MediaFile, why: str) -> None:
    stage = build(tmp_path, provider, ears=Told(), voice_max_bytes=10_000)
    provider.media[PATH] = file
    stage.receive()
    stage.play()
    assert stage.ears.heard == []
    assert (stage.row().payload["unheard"], stage.agent.heard) == (why, [""])
    assert provider.deleted == [], "what was not heard is still there for a colleague"


@pytest.mark.parametrize(("failure", "why"), [(TooLong(), "too_long"), (RuntimeError("no memory"), "failed"), ("", "failed"), (" \n", "failed")])
def test_a_recogniser_that_hears_nothing_or_breaks_leaves_a_turn_all_the_same(
    tmp_path: Path, provider: FakeTwilio, failure: str | Exception, why: str
) -> None:
    stage = build(tmp_path, provider, ears=Told(failure))
    stage.receive()
    stage.play()
    assert stage.row().payload["unheard"] == why
    assert len(provider.messages) == 1


def test_a_store_that_is_slower_than_its_webhook_is_asked_again(stage: Stage) -> None:
    stage.provider.media[PATH].missing = 2
    stage.receive()
    stage.play()
    assert stage.agent.heard == [SAID]


def test_a_turn_that_crashed_after_listening_reads_the_same_words_and_fetches_nothing(stage: Stage) -> None:
    def crash(point: str) -> None:
        if point == "answered":
            raise KeyboardInterrupt

    stage.receive()
    on_reached(crash)
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    on_reached(None)
    stage.ears.says = "another hearing"
    stage.play()
    assert stage.agent.heard == [SAID, SAID]
    assert len(stage.ears.heard) == 1


def test_several_notes_and_words_are_one_turn_in_their_order(stage: Stage) -> None:
    stage.receive(1, NumMedia="0", Body="slm", MediaUrl0="", MediaContentType0="", MessageType="text")
    stage.receive(2)
    stage.play()
    assert stage.agent.heard == [f"slm\n{SAID}"]


# --- the embedded brain -----------------------------------------------------------------------------------------------

BRIEF = {"ary-Latn": "slm, bghit plombier", "ary-Arab": "السلام بغيت بلومبي", "fr": "bonjour, je cherche un plombier", "en": "hi, I need a plumber"}


@pytest.fixture(scope="module")
def understander() -> Any:
    from bot.brain.understanding import load

    return load()


def embedded(folder: Path, provider: FakeTwilio, understander: Any, ears: Told | None) -> Stage:
    from bot import wiring

    stage = build(folder, provider, ears=ears)
    house = stage.house
    house.late_agent = wiring.Later(lambda: wiring._agent(house.settings, house.market, understander))
    return stage


def body(stage: Stage) -> str:
    return str(stage.provider.messages[-1]["body"])


def test_without_ears_a_kind_reply_asks_for_words(tmp_path: Path, provider: FakeTwilio, understander: Any) -> None:
    stage = embedded(tmp_path, provider, understander, None)
    stage.receive()
    stage.play()
    assert "Ktebha" in body(stage)
    assert not [r for r in provider.requests if "Media" in r[1]], "nothing is fetched that nobody hears"


@pytest.mark.parametrize("locale", BRIEF)
def test_failed_and_too_long_notes_get_a_reply_of_their_own_in_the_persons_language(
    tmp_path: Path, provider: FakeTwilio, understander: Any, locale: str
) -> None:
    from prompts import replies

    stage = embedded(tmp_path, provider, understander, Told())
    stage.receive(1, NumMedia="0", Body=BRIEF[locale], MediaUrl0="", MediaContentType0="", MessageType="text")
    stage.play()
    for number, (problem, key) in enumerate([(ogg_opus(500), "voice_long"), (b"no sound", "voice_failed")], 2):
        provider.media[PATH] = MediaFile(problem)
        stage.receive(number)
        stage.play()
        assert replies.render(f"clarify.{key}", locale) in body(stage)


def test_the_answer_says_what_was_heard_and_keeps_the_persons_script(tmp_path: Path, provider: FakeTwilio, understander: Any) -> None:
    stage = embedded(tmp_path, provider, understander, Told("بغيت بلومبي غدا فالمعاريف كازا مع العشرة"))
    stage.receive(1, NumMedia="0", Body="slm, labas 3likom? bghit n3rf wach khdamin", MediaUrl0="", MediaContentType0="", MessageType="text")
    stage.play()
    stage.receive(2)
    stage.play()
    heard, _, answer = body(stage).partition("\n\n")
    assert "بغيت بلومبي" in heard and "Hadchi li sme3t" in heard
    assert answer and not any("ء" <= c <= "ي" for c in answer), "Latin letters in, Latin letters out"


def test_in_danger_nothing_comes_before_the_advice(tmp_path: Path, provider: FakeTwilio, understander: Any) -> None:
    stage = embedded(tmp_path, provider, understander, Told("عتقوني كانشم ريحة الغاز فالدار"))
    stage.receive()
    stage.play()
    assert "15" in body(stage) and "«" not in body(stage).split("\n")[0]


def test_a_language_model_is_told_what_was_heard_and_what_was_not() -> None:
    from langchain_core.messages import HumanMessage

    from bot.middleware.redaction import Vault

    parts = [
        {"kind": "voice", "text": "bghit plombier", "payload": {"heard": True}},
        {"kind": "voice", "text": "", "payload": {"unheard": "too_long"}},
        {"kind": "voice", "text": "", "payload": {}},
    ]
    [hidden] = Vault().hide_messages([HumanMessage("bghit plombier", additional_kwargs={"parts": parts})])
    assert str(hidden.content).splitlines() == ["bghit plombier", "[voice: heard]", "[voice: too_long]", "[voice: unheard]"]
