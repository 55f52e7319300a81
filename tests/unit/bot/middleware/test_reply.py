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


VISIT = {"service": "plumbing", "city": "casablanca", "district": "maarif", "start": "2026-11-24T10:00", "technician": "ahmed", "price_mad": 320}
JOB = {**VISIT, "ref": "BR-1042", "status": "confirmed"}
PROPOSED = [
    ("propose_booking", VISIT, ["Ahmed", "10:00", "320 dh"]),
    ("propose_reschedule", {"booking": JOB, "start": "2026-11-25T15:00", "technician": "ahmed", "fee_mad": 50}, ["15:00", "50 dh"]),
    ("propose_cancellation", {"booking": JOB, "fee_mad": 50, "refund_mad": 270}, ["BR-1042", "50 dh", "270 dh"]),
    ("propose_refund", {"booking": JOB, "amount_mad": 150, "needs_human": False}, ["BR-1042", "150 dh"]),
    ("request_data_deletion", {"cancelled": [], "fee_mad": 0, "refund_mad": 0}, []),
]


@pytest.mark.parametrize(("name", "summary", "told"), PROPOSED)
def test_a_proposal_is_asked_in_our_words_and_waits_for_a_yes_or_a_no(market, name, summary, told):
    reply = reply_after(market, name, {"ok": True, "proposal_id": 7, "summary": summary})
    assert reply.awaiting == "confirm"
    assert {"yes", "no"} <= {o.payload for o in reply.options}
    assert reply.extra["proposal_id"] == 7
    assert reply.text != SAY
    assert [words for words in told if words not in reply.text] == []


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
