from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from bot.middleware.limits import MODEL_CALLS, going_in_circles
from prompts import replies
from tests.support import brains
from tests.support.brains import llm, own, tool, wish

PRICE = tool("estimate_price", {"ok": True, "likely_mad": 300})


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def test_a_model_that_never_stops_calling_tools_ends_in_a_gentle_reply(market):
    steps = iter(range(1000))
    model = llm(lambda _: wish("estimate_price", f"c{(n := next(steps))}", n=n))
    turn = brains.agent(market, model, tools=[PRICE]).run([], HumanMessage("ch7al?"), brains.context(market))
    assert turn.reply.text in replies.entries("ary-Latn")["safety.too_long"]
    assert len(model.seen) == MODEL_CALLS


def test_the_same_call_three_times_is_a_circle(market):
    model = llm(lambda messages: wish("estimate_price", f"c{len(messages)}", service="plumbing"))
    turn = brains.agent(market, model, tools=[PRICE]).run([], HumanMessage("ch7al?"), brains.context(market))
    assert turn.reply.key == "safety.too_long"
    assert len(turn.calls) == 3
    assert not going_in_circles([wish("a", x=1), wish("a", x=2), wish("a", x=1)])


def test_earlier_turns_do_not_count(market):
    history = []
    for n in range(10):
        history += [
            HumanMessage("ch7al?"),
            wish("estimate_price", f"h{n}"),
            ToolMessage("{}", name="estimate_price", tool_call_id=f"h{n}"),
            own("300"),
        ]
    turn = brains.agent(market, llm(wish("estimate_price"), own("Wakha")), tools=[PRICE]).run(
        history, HumanMessage("w daba?"), brains.context(market)
    )
    assert turn.reply.text == "Wakha"


@pytest.mark.parametrize(
    "nothing",
    [
        AIMessage(""),
        AIMessage("  \n"),
        AIMessage("", invalid_tool_calls=[{"name": "x", "args": "{bad", "id": "1", "error": "json", "type": "invalid_tool_call"}]),
    ],
)
def test_a_model_that_says_nothing_readable_gives_way(market, nothing):
    turn = brains.agent(market, llm(nothing), llm(own("Ana hna"))).run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply.text == "Ana hna"


def test_a_turn_that_took_too_long_is_finished_by_the_embedded_brain(market):
    agent = brains.agent(market, llm("never heard"), llm(own("Ana hna")), model_timeout_seconds=1e-9)
    assert agent.run([], HumanMessage("slm"), brains.context(market)).reply.text == "Ana hna"


def test_a_tool_nobody_has_is_told_to_the_model(market):
    def answer(messages):
        return f"Ma3ndich {messages[-1].name}"

    turn = brains.agent(market, llm(wish("drop_tables"), answer), tools=[PRICE]).run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply.text == "Ma3ndich drop_tables"


@pytest.mark.parametrize("said", ["", "  ", "\x00", "\u200b\u200f", "\x00\x07 "])
def test_a_model_that_says_nothing_one_can_read_is_replaced_by_the_embedded_brain(market, said):
    turn = brains.agent(market, llm(said), llm(own("Mer7ba"))).run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply.text == "Mer7ba"
