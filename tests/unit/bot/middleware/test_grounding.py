from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from bot.middleware.claims import Evidence, claims
from prompts import replies, wording
from tests.support import brains
from tests.support.brains import llm, own, tool, wish

SLOTS = tool("find_slots", {"ok": True, "slots": [{"start": "2026-11-24T15:30", "technician": "ahmed", "technician_id": 1, "price_mad": 300}]})


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def said(market, *script, human="imta y9der yji?", embedded=None, history=(), tools=(SLOTS,)):
    model = llm(*script)
    turn = brains.agent(market, model, embedded or llm(own("Embedded")), tools=list(tools)).run(
        list(history), HumanMessage(human), brains.context(market)
    )
    return turn.reply.text, model


@pytest.mark.parametrize(
    "text",
    [
        "Ahmed y9der yji ghedda m3a 15:30, 300 dh",
        "Ahmed m3a 3:30, 300 DH",
        "Ahmed à 15h30 pour 300 MAD",
        "Ahmed, 24/11 15:30, 300,00 dh",
        "Ahmed at 3:30 pm, 300 dirhams",
        "6000 ryal, m3a Ahmed",
        "nhar 24/11 msali",
        "mer7ba bik!",
        "3eyyet l 15 wla 150 mn portable",
    ],
)
def test_what_a_tool_said_may_be_said_in_any_digits_and_forms(market, text):
    reply, model = said(market, wish("find_slots"), text)
    assert reply == text
    assert len(model.seen) == 2


LIES = [
    "Ahmed yji m3a 16:30",
    "taman 250 dh",
    "٢٥٠ درهم",
    "5000 ryal",
    "nmra dyalo 0662000001",
    "la réservation BR-9999",
    "Hassan ghadi yji",
    "حسن غادي يجي",
    "le plombier Abdelmoughit arrive",
    "takhfid 20%",
    "ghedda 25/12",
    "Ahmed à 9h00",
    "at 4 pm",
    "score 4.9",
    "1 250 DH",
    "your token <PHONE_7>",
]


@pytest.mark.parametrize("lie", LIES)
def test_what_nobody_said_is_asked_again_then_left_to_the_embedded_brain(market, lie):
    reply, model = said(market, wish("find_slots"), lie)
    assert reply == "Embedded"
    assert len(model.seen) == 3  # the tool, the lie, once more
    assert "not sent" in model.seen[2][-1].content


def test_arabic_letters_and_digits_say_the_same(market):
    reply, _ = said(market, wish("find_slots"), "أحمد غدا مع ١٥:٣٠، ٣٠٠ درهم", human="وقتاش يقدر يجي؟")
    assert reply == "أحمد غدا مع ١٥:٣٠، ٣٠٠ درهم"


def test_a_model_that_mends_its_words_is_heard(market):
    reply, _ = said(market, wish("find_slots"), "Ahmed, 250 dh", "Ahmed, 300 dh")
    assert reply == "Ahmed, 300 dh"


def test_the_lie_and_our_note_are_not_kept(market):
    model = llm("taman 250 dh", "Mer7ba")
    turn = brains.agent(market, model).run([], HumanMessage("slm"), brains.context(market))
    assert [m.content for m in turn.messages] == ["slm", "Mer7ba"]


def test_a_person_s_own_numbers_and_hours_may_be_repeated(market):
    reply, _ = said(market, "Wakha, m3a 15:00 b 280 dh?", human="bghit m3a 3 d l3chiya, 3ndi 280 dh")
    assert reply == "Wakha, m3a 15:00 b 280 dh?"


def test_what_was_said_in_an_earlier_turn_still_holds(market):
    history = [
        HumanMessage("ch7al?"),
        wish("estimate_price", "h1"),
        brains_result("h1", {"ok": True, "likely_mad": 420, "technician": "hassan"}),
        own("Hassan 420 dh"),
    ]
    reply, _ = said(market, "Hassan b 420 dh, ki golt lik", history=history, human="w taman?")
    assert reply == "Hassan b 420 dh, ki golt lik"


def test_what_is_taken_off_a_price_may_be_said_without_its_sign(market):
    lines = tool(
        "estimate_price", {"ok": True, "likely_mad": 260, "breakdown": [{"label": "visit", "mad": 300}, {"label": "simpler_job", "mad": -40}]}
    )
    reply, _ = said(market, wish("estimate_price"), "300 dh, na9es 40 dh: 260 dh", tools=[lines])
    assert reply == "300 dh, na9es 40 dh: 260 dh"


def test_arguments_a_model_invents_are_no_evidence(market):
    echo = tool("find_slots", {"ok": True, "slots": []})
    reply, _ = said(market, wish("find_slots", price=999, note="Hassan 999 dh"), "Hassan b 999 dh", tools=[echo])
    assert reply == "Embedded"


def test_identifiers_are_no_prices(market):
    odd = tool("find_slots", {"ok": True, "slots": [{"technician_id": 777, "price_mad": 300}]})
    reply, _ = said(market, wish("find_slots"), "777 dh", tools=[odd])
    assert reply == "Embedded"


def test_the_markets_own_rules_may_be_said(market):
    text = "Annulation gratuite jusqu'à 2 h avant, ensuite 50 MAD ; urgence 30 % au plus"
    reply, _ = said(market, text, human="bonjour, je peux annuler ?")
    assert reply == text


def test_an_embedded_reply_with_an_invented_price_is_withheld(market):
    reply, _ = said(market, ConnectionError("x"), embedded=llm(own("Taman 999 dh")))
    assert reply in replies.entries("ary-Latn")["safety.withheld"]


def test_a_name_in_arabic_letters_is_the_same_person(market):
    known = Evidence()
    known.add_json({"technician": "youssef"})
    assert [c for c in claims("يوسف غادي يجي") if not known.supports(c)] == []
    assert [c.value for c in claims("ياسين غادي يجي معاك يوسف") if not known.supports(c)] != []


@given(st.integers(1, 99_999), st.sampled_from(["{} dh", "{} MAD", "{} درهم", "DH {}", "{}dhs", "{} dirhams"]), st.booleans())
def test_any_amount_is_seen_in_any_form_and_supported_only_by_itself(amount, form, arabic):
    written = form.format(amount)
    if arabic:
        written = written.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    found = [c for c in claims(f"taman {written} safi") if c.kind == "amount"]
    assert [c.value for c in found] == [amount]
    known = Evidence()
    known.add_json({"price_mad": amount})
    assert known.supports(found[0])
    other = Evidence()
    other.add_json({"price_mad": amount + 1, "technician_id": amount})
    assert not other.supports(found[0])


@given(st.integers(0, 23), st.sampled_from([0, 15, 30, 45]), st.sampled_from(["{h}:{m:02}", "{h}h{m:02}", "{h:02}:{m:02}"]))
def test_any_hour_is_seen_and_compared(hour, minute, form):
    written = form.format(h=hour, m=minute)
    (claim,) = [c for c in claims(f"ghedda m3a {written}") if c.kind == "time"]
    known = Evidence()
    known.add_json({"start": f"2026-11-24T{hour:02}:{minute:02}"})
    assert known.supports(claim)
    other = Evidence()
    other.add_json({"start": f"2026-11-24T{(hour + 5) % 24:02}:{minute:02}"})
    assert not other.supports(claim)


@given(st.text(max_size=400))
def test_any_text_is_examined_without_an_error(text):
    known = Evidence()
    known.add_text(text, person=True)
    for claim in claims(text):
        known.supports(claim)


def brains_result(call_id, result):
    import json

    from langchain_core.messages import ToolMessage

    return ToolMessage(json.dumps(result), name="estimate_price", tool_call_id=call_id)


@given(st.integers(1, 90_000), st.integers(1, 40_000), st.sampled_from(replies.LOCALES))
def test_a_range_of_money_is_never_taken_for_a_phone(low, more, locale):
    text = f"- {wording.format_money_range(low, low + more, locale)}."
    assert {c.kind for c in claims(text)} <= {"amount"} and {low, low + more} <= {c.value for c in claims(text)}


def test_a_phone_stays_one_whatever_stands_behind_it():
    assert [c.kind for c in claims("0661-000001 dh")] == [c.kind for c in claims("+212661000001 dh")] == ["phone"]
