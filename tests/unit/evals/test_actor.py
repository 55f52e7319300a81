"""A person played by a language model is audited: what it does wrong is its own fault, never the agent's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.brain.understanding.base import Understanding
from bot.models import provider
from bot.settings import Settings
from evals.actor import Actor, Contradiction, Loop, OffTheQuestion, OutOfRole
from evals.graders.case import Case, Exchange
from evals.graders.judge import Judge
from evals.person import Asked, NoFact, PersonFault
from evals.records import PlayedTurn
from evals.run import Plan, play_one
from evals.scenario import Scenario
from tests.support.fake_llm import FakeLLM, Say

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


class Ears:
    """Finds a city where one is named and an hour where "m3a" is; the script by its letters."""

    def understand(self, text: str, **_: object) -> Understanding:
        script = "arab" if any("\u0621" <= c <= "\u064a" for c in text) else "latn"
        entities = {}
        if "maarif" in text:
            entities["district"] = "maarif"
        if "m3a" in text:
            entities["time"] = "10:00"
        return Understanding("ary", script, ("inform",), entities=entities)


def scenario() -> Scenario:
    return Scenario.model_validate({
        "id": "x", "suite": "booking", "language": "ary", "script": "latn", "phone": "+212661000001", "now": "2026-11-23T10:00",
        "persona": "Salma, in a hurry", "facts": {"place": "maarif", "time": "ghedda m3a 10 d sbah", "amount": "320 dh"},
        "turns": [{"say": "slm, lma kaysil"}, {"converse": 4}],
    })  # fmt: skip


def settings(fake: FakeLLM) -> Settings:
    return Settings(_env_file=None, model="openai:fake", model_base_url=fake.url, model_api_key="k", model_timeout_seconds=5)  # type: ignore[call-arg]


def person(fake: FakeLLM) -> Actor:
    return Actor(scenario(), provider("openai:fake", settings(fake)), Ears(), NOW)  # type: ignore[arg-type]


ASKED = Asked("time", (), (PlayedTurn("say", "slm, lma kaysil", [{"text": "Fo9ach bghiti?", "awaiting": "time"}]),))


def test_a_model_answers_as_the_person_it_was_told_to_be() -> None:
    with FakeLLM([Say("ghedda m3a 10")]) as fake:
        assert person(fake).answer(ASKED) == "ghedda m3a 10"
    for told in ("in a hurry", "Moroccan Darija in Latin letters", "d sbah", "Fo9ach bghiti?"):
        assert told in fake.heard


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("m3a 15:30 3afak", Contradiction),
        ("taman 900 dh", Contradiction),
        ("f maarif khoya", OffTheQuestion),
        ("As an AI language model I cannot", OutOfRole),
        ("How can I help you today?", OutOfRole),
        ("غدا مع العشرة ديال الصباح", OutOfRole),
        ("[I DO NOT KNOW]", NoFact),
        ("", PersonFault),
    ],
)
def test_a_fault_of_the_person_is_named(said: str, fault: type[PersonFault]) -> None:
    with FakeLLM([Say(said)]) as fake, pytest.raises(fault):
        person(fake).answer(ASKED)


def test_a_person_who_goes_in_circles_is_stopped() -> None:
    with FakeLLM([Say("ghedda m3a 10")]) as fake:
        one = person(fake)
        one.answer(ASKED)
        one.answer(ASKED)
        with pytest.raises(Loop):
            one.answer(ASKED)


def test_a_dead_provider_is_the_persons_fault() -> None:
    with FakeLLM([Say(status=500)]) as fake, pytest.raises(PersonFault, match="failed"):
        person(fake).answer(ASKED)


def test_a_run_counts_the_persons_faults_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeLLM([Say("[I DO NOT KNOW]")]) as fake:
        monkeypatch.setenv("BRICOL_MODEL_BASE_URL", fake.url)
        played = play_one(scenario(), Plan(person="openai:fake"), 0)
    assert played.simulator_fault is not None and played.simulator_fault.startswith("no fact")
    assert not played.passed and played.why == []


EXAMPLES = [{"said": "slm", "reply": "Merhba", "polite": True}, {"said": "slm", "reply": "Skot", "polite": False}]
YES, NO = Say('{"polite": true, "why": "warm"}'), Say('Sure: {"polite": false, "why": "an order"}')


def rude() -> Case:
    said = Exchange("t1", "slm", (), (), {"text": "Skot"}, True, {}, {}, NOW, 1)
    return Case("client", "ary", "latn", "sms", None, [said], [], {})


def test_a_judge_is_heard_once_it_agreed_with_people() -> None:
    with FakeLLM([YES, NO, NO]) as fake:
        judge = Judge(provider("openai:fake", settings(fake)))
        assert judge.findings(rude()) == [], "nobody calibrated it"
        calibration = judge.calibrate(EXAMPLES)
        assert (calibration.agreement, calibration.kappa, calibration.trusted) == (1.0, 1.0, True)
        assert "100%" in calibration.told()
        assert [(f.kind, f.turn, f.hard) for f in judge.findings(rude())] == [("judge", 1, False)]


@pytest.mark.parametrize("verdicts", [[NO, NO, NO], [Say("no idea")], [Say(status=500)]])
def test_a_judge_that_disagrees_is_not_heard(verdicts: list[Say]) -> None:
    with FakeLLM(verdicts) as fake:
        judge = Judge(provider("openai:fake", settings(fake)))
        assert not judge.calibrate(EXAMPLES).trusted
        assert "left out" in judge.calibration.told()  # type: ignore[union-attr]
        assert judge.findings(rude()) == []
