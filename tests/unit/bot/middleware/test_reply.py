from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from domain.engagement.reply import Option, Reply
from tests.support import brains
from tests.support.brains import llm, own, tool, wish

SAY = "Wakha, chno bghiti daba?"


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def reply_after(market, name, result, say=SAY):
    model = llm(wish(name), say)
    return brains.agent(market, model, tools=[tool(name, result)]).run([], HumanMessage("slm bghit plombier f dar"), brains.context(market)).reply


def test_the_embedded_brains_reply_goes_out_untouched(market):
    mine = own("Ch7al?", awaiting="amount", key="price.ask", extra={"flow": "price"})
    turn = brains.agent(market, llm(mine)).run([], HumanMessage("slm"), brains.context(market))
    assert turn.reply == Reply("Ch7al?", "ary", "latn", "amount", key="price.ask", extra={"flow": "price"})


@pytest.mark.parametrize("name", ["propose_booking", "propose_reschedule", "propose_cancellation", "propose_refund", "request_data_deletion"])
def test_a_proposal_waits_for_a_yes_or_a_no(market, name):
    reply = reply_after(market, name, {"ok": True, "proposal_id": 7, "summary": {}})
    assert reply.awaiting == "confirm"
    assert [o.payload for o in reply.options] == ["yes", "no"]
    assert reply.extra["proposal_id"] == 7


def test_a_confirmed_proposal_waits_for_nothing(market):
    assert reply_after(market, "confirm_proposal", {"ok": True, "proposal_id": 7, "kind": "booking"}).awaiting is None


def test_technicians_become_choices(market):
    found = [{"id": 1, "name": "ahmed", "rating": 4.9, "price_mad": 300}, {"id": 2, "name": "hassan", "rating": 4.6, "price_mad": 250}]
    reply = reply_after(market, "find_technicians", {"ok": True, "technicians": found})
    assert reply.awaiting == "choice"
    assert reply.options[0] == Option("Ahmed 300 dh", "tech:1|ahmed", "4.9/5")


def test_slots_become_choices_that_fit_a_button(market):
    found = [{"start": "2026-11-26T10:30", "technician_id": 1, "technician": "ahmed", "price_mad": 300}]
    reply = reply_after(market, "find_slots", {"ok": True, "slots": found})
    assert reply.awaiting == "choice"
    assert reply.options[0].payload == "slot:2026-11-26T10:30|1|ahmed"
    assert all(len(o.title) <= 20 for o in reply.options)


@pytest.mark.parametrize(
    ("error", "awaiting", "payloads"),
    [
        (
            {"error": "which_booking", "bookings": [{"ref": "BR-1", "service": "plumbing"}, {"ref": "BR-2", "service": "painting"}]},
            "booking",
            ["ref:BR-1", "ref:BR-2"],
        ),
        ({"error": "unknown_place", "suggestions": ["maarif", "anfa"]}, "place", ["maarif", "anfa"]),
        ({"error": "ambiguous_place", "cities": ["casablanca", "agadir"]}, "place", ["casablanca", "agadir"]),
        ({"error": "slot_taken", "alternatives": [{"start": "2026-11-26T10:30"}]}, "choice", ["slot:2026-11-26T10:30||"]),
        ({"error": "in_the_past"}, "time", []),
        ({"error": "bad_code"}, "code", []),
        ({"error": "bad_rating"}, "rating", []),
        ({"error": "no_technician"}, None, []),
    ],
)
def test_a_refusal_says_what_is_awaited(market, error, awaiting, payloads):
    reply = reply_after(market, "propose_booking", {"ok": False, **error})
    assert reply.awaiting == awaiting
    assert [o.payload for o in reply.options] == payloads


def test_words_in_arabic_letters_are_marked_so_for_right_to_left(market):
    turn = brains.agent(market, llm("واخا، شنو بغيتي دابا؟")).run([], HumanMessage("سلام بغيت بلومبي"), brains.context(market))
    assert (turn.reply.language, turn.reply.script) == ("ary", "arab")


def test_content_blocks_are_read_as_their_text(market):
    from langchain_core.messages import AIMessage

    blocks = AIMessage([{"type": "text", "text": "Wakha, "}, {"type": "text", "text": "mer7ba"}])
    assert brains.agent(market, llm(blocks)).run([], HumanMessage("slm"), brains.context(market)).reply.text == "Wakha, mer7ba"
