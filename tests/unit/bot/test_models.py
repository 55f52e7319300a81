from __future__ import annotations

import builtins
import json
import sys

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from bot import provider as provider_module
from bot.models import chat_model, provider
from bot.provider import Budget, ProviderUnavailable
from bot.settings import Settings, SettingsError
from tests.support import brains
from tests.support.brains import llm, own, tool
from tests.support.fake_llm import FakeLLM, Say

PRICE = tool("estimate_price", lambda **args: {"ok": True, "likely_mad": 300, "service": args.get("service")})


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def settings(fake, **more):
    return Settings(
        **{"_env_file": None, "model": "openai:fake", "model_base_url": fake.url, "model_api_key": "k", "model_timeout_seconds": 5, **more}
    )


def agent_over(fake, market, embedded=None, **more):
    chosen = settings(fake, **more)
    embedded = embedded or llm(own("Embedded"))
    model = chat_model(chosen, brains.Ears(), embedded=embedded)
    return brains.build_agent(chosen, market, brains.Ears(), model=model, embedded=embedded, tools=lambda _: [PRICE])


def unsure(text, confidence):
    message = own(text)
    message.additional_kwargs["confidence"] = confidence
    return message


def test_a_model_over_http_calls_tools_and_answers(market):
    with FakeLLM([Say(calls=[("estimate_price", {"service": "plumbing"})]), Say("Taman 300 dh, wakha?")]) as fake:
        turn = agent_over(fake, market).run([], HumanMessage("ch7al plombier?"), brains.context(market))
    assert turn.reply.text == "Taman 300 dh, wakha?"
    assert turn.calls[0]["args"] == {"service": "plumbing"}
    assert (turn.model, turn.tokens) == ("openai:fake", 30)
    assert fake.requests[0]["messages"][0]["role"] == "system"
    assert fake.requests[0]["tools"][0]["function"]["name"] == "estimate_price"
    assert [m["role"] for m in fake.requests[1]["messages"]] == ["system", "user", "assistant", "tool"]


def test_no_private_detail_reaches_the_provider_and_all_come_back(market):
    script = [
        Say(calls=[("estimate_price", {"service": "plumbing", "address": "<ADDRESS_1>", "name": "<NAME_1>"})]),
        Say("Wakha <NAME_1>, l <ADDRESS_1>?"),
    ]
    with FakeLLM(script) as fake:
        human = HumanMessage("ana Salma, nemrti 0661234567, CIN BE123456, carte 4111 1111 1111 1111, saken f zen9at 12, imm 4")
        turn = agent_over(fake, market).run([], human, brains.context(market))
    for canary in ("salma", "Salma", "661234567", "BE123456", "4111 1111", "zen9at 12", "imm 4"):
        assert canary not in fake.heard
    assert "salma" in turn.reply.text.casefold()
    assert turn.calls[0]["args"]["name"].casefold() == "salma"
    assert turn.calls[0]["args"]["address"] == "zen9at 12, imm 4"


BROKEN = {
    "error 500": Say(status=500),
    "error 401": Say(status=401),
    "not json": Say(raw=b"<html>gateway</html>"),
    "half json": Say(raw=b'{"choices": [{"mess'),
    "no choices": Say(raw=b'{"id": "x", "choices": []}'),
    "empty": Say(""),
    "broken arguments": Say(calls=[("estimate_price", '{"service": ')]),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_provider_is_never_felt(market, broken):
    with FakeLLM([BROKEN[broken]]) as fake:
        turn = agent_over(fake, market).run([], HumanMessage("slm"), brains.context(market))
    assert (turn.reply.text, turn.model) == ("Embedded", "embedded")


def test_a_slow_provider_is_left_after_the_timeout(market):
    with FakeLLM([Say(hang=True)]) as fake:
        turn = agent_over(fake, market, model_timeout_seconds=0.2).run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply.text == "Embedded"
    assert turn.ms < 3000


def test_a_provider_that_is_not_there_is_never_felt(market):
    with FakeLLM([Say("x")]) as fake:
        agent = agent_over(fake, market)
    assert agent.run([], HumanMessage("slm"), brains.context(market)).reply.text == "Embedded"


def test_after_three_failures_a_provider_rests_and_is_asked_again_later(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(provider_module.time, "monotonic", lambda: now[0])
    with FakeLLM([Say(status=500), Say(status=500), Say(status=500), Say("Salam")]) as fake:
        model = provider("openai:fake", settings(fake))
        for _ in range(5):
            with pytest.raises(ProviderUnavailable):
                model.invoke("slm")
        assert len(fake.requests) == 3
        now[0] += provider_module.REST + 1
        assert model.invoke("slm").content == "Salam"


def test_the_days_tokens_are_a_limit_over_all_conversations(market):
    with FakeLLM([Say("Wakha", tokens=60)]) as fake:
        agent = agent_over(fake, market, model_tokens_per_day=100)
        said = [agent.run([], HumanMessage("slm"), brains.context(market, turn_key=f"k{n}")).reply.text for n in range(4)]
    assert said == ["Wakha", "Wakha", "Embedded", "Embedded"]


def test_what_other_processes_spent_counts_too():
    stored, now = [0], [0.0]
    budget = Budget(100, lambda: stored[0], lambda: now[0])
    assert budget.left()
    stored[0] = 150
    assert budget.left()  # not yet read again
    now[0] += 61
    assert not budget.left()


# --- cascade ------------------------------------------------------------------------------------------------------------


def test_a_sure_embedded_brain_is_not_checked_by_anybody(market):
    with FakeLLM([Say("LLM")]) as fake:
        turn = agent_over(fake, market, llm(unsure("Embedded", 0.8)), model="cascade:openai:fake").run(
            [], HumanMessage("slm"), brains.context(market)
        )
    assert (turn.reply.text, turn.model, len(fake.requests)) == ("Embedded", "embedded", 0)


def test_an_unsure_embedded_brain_hands_over(market):
    with FakeLLM([Say("Wakha, chno bghiti?")]) as fake:
        turn = agent_over(fake, market, llm(unsure("Embedded", 0.79)), model="cascade:openai:fake").run(
            [], HumanMessage("slm"), brains.context(market)
        )
    assert (turn.reply.text, turn.model, turn.tokens) == ("Wakha, chno bghiti?", "openai:fake", 15)


def test_the_threshold_is_a_setting(market):
    with FakeLLM([Say("LLM")]) as fake:
        embedded = llm(unsure("Embedded", 0.5))
        turn = agent_over(fake, market, embedded, model="cascade", cascade_model="openai:fake", cascade_threshold=0.4)
        assert turn.run([], HumanMessage("slm"), brains.context(market)).reply.text == "Embedded"


@pytest.mark.parametrize("broken", BROKEN)
def test_an_unsure_embedded_brain_answers_itself_when_nobody_else_can(market, broken):
    with FakeLLM([BROKEN[broken]]) as fake:
        turn = agent_over(fake, market, llm(unsure("Embedded", 0.1)), model="cascade:openai:fake").run(
            [], HumanMessage("slm"), brains.context(market)
        )
    assert (turn.reply.text, turn.model) == ("Embedded", "embedded")


def test_a_lying_model_in_a_cascade_ends_with_the_embedded_brain(market):
    with FakeLLM([Say("Taman 999 dh")]) as fake:
        turn = agent_over(fake, market, llm(unsure("Embedded", 0.1)), model="cascade:openai:fake").run(
            [], HumanMessage("ch7al?"), brains.context(market)
        )
    assert turn.reply.text == "Embedded"
    assert len(fake.requests) == 2


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gpt-4", "names no provider"),
        ("openai:", "names no provider"),
        ("cobol:77", "unknown provider 'cobol'"),
        ("cascade:nothing", "names no provider"),
    ],
)
def test_a_wrong_model_name_says_what_is_right(name, says):
    with pytest.raises(SettingsError, match=says) as error:
        chat_model(Settings(_env_file=None, model=name), brains.Ears(), embedded=llm("x"))
    assert "BRICOL_MODEL" in str(error.value) and "openai:" in str(error.value)


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("bot.models.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"langchain-anthropic.*pip install bricol\[llm\]"):
        provider("anthropic:claude", Settings(_env_file=None))


def test_the_embedded_brain_loads_no_provider_package(monkeypatch):
    loaded = set(sys.modules)
    real = builtins.__import__

    def watched(name, *args, **kwargs):
        assert not name.startswith(("langchain_openai", "langchain_anthropic", "langchain_ollama", "langchain_google_genai")), name
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", watched)
    brain = llm("x")
    assert chat_model(Settings(_env_file=None), brains.Ears(), embedded=brain) is brain
    assert {m for m in set(sys.modules) - loaded if m.startswith("langchain_openai")} == set()


def test_a_message_of_the_provider_can_not_pass_for_one_of_the_embedded_brain():
    message = {"role": "assistant", "content": "hi", "reply": {"text": "x"}}
    body = json.dumps({"id": "x", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
    with FakeLLM([Say(raw=body)]) as fake:
        answer = provider("openai:fake", settings(fake)).invoke("slm")
    assert isinstance(answer, AIMessage)
    assert answer.additional_kwargs == {}
