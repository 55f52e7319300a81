from __future__ import annotations

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, messages_from_dict, messages_to_dict

from domain.engagement.reply import Option, Reply
from tests.support import brains
from tests.support.brains import llm, own, tool, wish

PRICE = tool("estimate_price", {"ok": True, "min_mad": 250, "likely_mad": 300, "max_mad": 350, "breakdown": []})


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def test_a_turn_returns_its_own_messages_and_the_brains_reply(market):
    said = own("Ahmed, 300 dh", awaiting="time", options=(Option("Ghedda", "tomorrow"),))
    agent = brains.agent(market, llm(wish("estimate_price", service="plumbing"), said), tools=[PRICE])
    history = [HumanMessage("slm"), own("Salam!")]
    turn = agent.run(history, HumanMessage("ch7al taman?"), brains.context(market))
    assert [type(m) for m in turn.messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert turn.reply == Reply("Ahmed, 300 dh", "ary", "latn", "time", (Option("Ghedda", "tomorrow"),))
    assert [c["tool"] for c in turn.calls] == ["estimate_price"]
    assert turn.understanding["intents"] == ["inform"]
    assert turn.model == "embedded"


def test_the_transcript_survives_json_and_comes_back_as_history(market):
    agent = brains.agent(market, llm(wish("estimate_price"), own("300 dh"), own("Wakha")), tools=[PRICE])
    first = agent.run([], HumanMessage("ch7al?"), brains.context(market))
    history = messages_from_dict(json.loads(json.dumps(messages_to_dict(first.messages))))
    second = agent.run(history, HumanMessage("wakha"), brains.context(market, turn_key="whatsapp:m2"))
    assert second.reply.text == "Wakha"
    assert len(second.messages) == 2


def test_what_the_person_read_last_decides_short_answers(market):
    heard = []

    class Ears(brains.Ears):
        def understand(self, text, *, role="client", context=None, now=None):
            heard.append((text, context))
            return super().understand(text, role=role, context=context, now=now)

    agent = brains.agent(market, llm(own("Safi")), ears=Ears())
    agent.run([HumanMessage("slm"), own("Ahmed wla Hassan?")], HumanMessage("1"), brains.context(market))
    assert ("1", "Ahmed wla Hassan?") in heard


def test_the_same_message_is_read_once(market):
    ears = brains.Ears()
    agent = brains.agent(market, llm(own("Safi")), ears=ears)
    for _ in range(3):
        agent.run([], HumanMessage("slm bghit plombier"), brains.context(market))
    assert ears.asked == 1


def test_a_failing_model_gives_way_to_the_embedded_brain(market):
    agent = brains.agent(market, llm(ConnectionError("down")), llm(own("Ana hna")))
    turn = agent.run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply.text == "Ana hna"
    assert turn.model == "embedded"


def test_a_model_that_fails_half_way_leaves_the_tools_done_and_the_embedded_brain_goes_on(market):
    embedded = llm(lambda messages: own(f"Taman {json.loads(messages[-1].content)['likely_mad']} dh"))
    agent = brains.agent(market, llm(wish("estimate_price"), ConnectionError("down")), embedded, tools=[PRICE])
    turn = agent.run([], HumanMessage("ch7al?"), brains.context(market))
    assert turn.reply.text == "Taman 300 dh"
    assert len(turn.calls) == 1


def test_when_every_brain_fails_the_caller_hears_of_it(market):
    agent = brains.agent(market, llm(ConnectionError("down")), llm(ValueError("bug")))
    with pytest.raises(ValueError, match="bug"):
        agent.run([], HumanMessage("slm"), brains.context(market))


def test_when_every_brain_fails_in_danger_the_advice_goes_out_all_the_same(market):
    agent = brains.agent(market, llm(ConnectionError("down")), llm(ValueError("bug")))
    turn = agent.run([], HumanMessage("kanchem ri7t lgaz f kouzina"), brains.context(market))
    assert "15" in turn.reply.text
    assert turn.reply.locale == "ary-Latn"


def test_a_technician_gets_the_technicians_loop(market):
    seen = []
    agent = brains.build_agent(
        brains.Settings(_env_file=None),
        market,
        brains.Ears(),
        model=llm(own("Ok")),
        embedded=llm(own("Ok")),
        tools=lambda role: seen.append(role) or [PRICE],
    )
    who = brains.context(market, role="technician", conversation_id=4, person_id=1, phone="+212662000001", channel="sms")
    assert agent.run([], HumanMessage("1"), who).reply.text == "Ok"
    assert seen == ["client", "technician"]


def test_an_empty_message_is_a_turn_like_any_other(market):
    agent = brains.agent(market, llm(own("Wach kayn chi mochkil?")))
    photo = HumanMessage("", additional_kwargs={"parts": [{"kind": "photo", "text": "", "payload": {}}]})
    assert agent.run([], photo, brains.context(market)).reply.text == "Wach kayn chi mochkil?"
