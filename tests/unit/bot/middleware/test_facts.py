from __future__ import annotations

import json

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from bot.middleware.facts import manual, read_facts
from domain.rules import MarketRules
from domain.store.tables import Booking, Client
from tests.support import brains
from tests.support.brains import NOW, llm, own, tool, wish


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


def test_a_known_client_is_known_whole(market):
    assert read_facts(brains.context(market)) == {
        "now": "2026-11-23T10:00+01:00",
        "role": "client",
        "channel": "whatsapp",
        "verified": True,
        "claimed_phone": None,
        "name": "salma",
        "language": "ary",
        "script": "latn",
        "language_pinned": False,
        "place": {"city": "casablanca", "district": "maarif", "address": "zen9at 12, imm 4"},
        "bookings_done": 15,
        "technician": "ahmed",
    }


def test_jobs_finished_here_add_to_those_before(market):
    with market.db.transaction() as session:
        for n, status in enumerate(["done", "closed", "cancelled"]):
            session.add(
                Booking(
                    ref=f"BR-{n}",
                    client_id=1,
                    service="plumbing",
                    city="casablanca",
                    start=NOW,
                    start_local="2026-11-23T10:00",
                    status=status,
                    created_at=NOW,
                )
            )
    assert read_facts(brains.context(market))["bookings_done"] == 17


def test_an_anonymous_visitor_has_only_what_was_claimed(market):
    facts = read_facts(brains.context(market, conversation_id=3, person_id=None, phone=None, verified=False, channel="web"))
    assert facts["claimed_phone"] == "+212661000009"
    assert facts["name"] is None and facts["place"] is None and facts["bookings_done"] == 0


def test_an_unverified_visitor_sees_nothing_of_the_person_he_claims_to_be(market):
    facts = read_facts(brains.context(market, conversation_id=3, person_id=1, phone=None, verified=False, channel="web"))
    assert facts["name"] is None and facts["technician"] is None


def test_an_erased_client_is_a_stranger(market):
    with market.db.transaction() as session:
        session.get_one(Client, 1).erased = True
    assert read_facts(brains.context(market))["name"] is None


def test_a_technician_is_named_with_his_place(market):
    facts = read_facts(brains.context(market, role="technician", conversation_id=4, person_id=1))
    assert (facts["name"], facts["place"]["district"], facts["role"]) == ("ahmed", "maarif", "technician")


def test_every_model_call_opens_with_words_and_the_same_facts_as_data(market):
    model = llm(wish("estimate_price"), own("300"))
    agent = brains.agent(market, model, tools=[tool("estimate_price", {"ok": True, "likely_mad": 300})])
    agent.run([], HumanMessage("ch7al?"), brains.context(market))
    assert len(model.seen) == 2
    for messages in model.seen:
        system = messages[0]
        assert isinstance(system, SystemMessage)
        assert system.additional_kwargs["facts"]["name"] == "salma"
        assert json.loads(system.text.rpartition("\n")[2])["name"] == "salma"


def test_facts_are_not_kept_in_the_transcript(market):
    turn = brains.agent(market, llm(own("Ok"))).run([], HumanMessage("slm"), brains.context(market))
    assert not any(isinstance(m, SystemMessage) for m in turn.messages)


def test_the_manual_says_the_markets_own_numbers():
    text = manual("agent", MarketRules(late_cancellation_fee_mad=77))  # type: ignore[arg-type]
    assert "77 MAD" in text
    assert "{" not in text.replace('{"ok"', "")
