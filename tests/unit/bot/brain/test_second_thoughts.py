"""People who bid, repeat themselves, change keyboard or place, or ask back: what each of these means for the question that was open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.brain import NOW, MemoryTools, Talk, asked_about_a_job, job

EVERYTHING = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}


def proposed(talk: Talk) -> dict[str, Any]:
    return talk.say("bghit plombier ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)


def test_who_bids_less_than_our_price_is_shown_cheaper_people_and_books_nothing() -> None:
    talk = Talk()
    assert proposed(talk)["awaiting"] == "confirm"
    reply = talk.say("genre 120 dh ?", intents=["deny"], entities={"amount_mad": 120})
    assert not {"confirm_proposal", "decline_proposal"} & set(talk.called)
    assert reply["key"] in ("search.cheaper", "search.nobody_cheaper")


def test_an_amount_we_asked_ourselves_is_no_bid() -> None:
    talk = Talk()
    proposed(talk)
    assert talk.say("wakha 300 dh", intents=["affirm"], entities={"amount_mad": 300})["key"] == "booking.sent"


def counter_offer() -> Talk:
    return asked_about_a_job("counter_offer", "ahmed y9der m3a 16:00. wakha?", status="offered", start="2026-11-24T16:00")


@pytest.mark.parametrize(("answer", "agreed"), [("m3a 4 mnasb", True), ("3lach m3a 4?", False), ("la machi m3a 4", False)])
def test_the_proposed_hour_said_again_agrees_to_it_unless_it_asks_or_refuses(answer: str, agreed: bool) -> None:
    talk = counter_offer()
    talk.say(answer, intents=["inform"], entities={"time": "16:00"})
    assert ("confirm_proposal" in talk.called) is agreed


@pytest.mark.parametrize(
    ("answer", "done"), [("bon d'accord, annulez", True), ("annuler c'est gratuit ?", False), ("si c'est gratuit annulez", False)]
)
def test_to_order_a_cancellation_again_when_asked_is_a_yes(answer: str, done: bool) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    assert talk.say("annulez BR-1", intents=["cancel"], entities={"booking_ref": "BR-1"})["awaiting"] == "confirm"
    talk.say(answer, intents=["cancel"])
    assert ("confirm_proposal" in talk.called) is done


def test_a_place_in_words_counts_after_a_pin_that_is_nowhere_of_ours() -> None:
    talk = Talk()
    talk.say("bghit plombier", intents=["book_service"], entities={"service": "plumbing"})
    abroad = {"kind": "location", "text": "", "payload": {"lat": 48.8566, "lon": 2.3522}, "at": NOW}
    assert talk.say("", parts=[abroad])["key"] == "errors.unknown_place"
    assert talk.say("maarif casa", intents=["inform"], entities={"city": "casablanca", "district": "maarif"})["awaiting"] == "time"


def test_nobody_of_the_name_they_wish_is_not_nobody_at_all() -> None:
    class NobodyNamed(MemoryTools):
        def _find_technicians(self, **args: Any) -> dict[str, Any]:
            if args.get("technician"):
                return {"ok": False, "error": "no_technician", "service": args["service"], "city": args["city"]}
            return super()._find_technicians(**args)

    talk = Talk(NobodyNamed())
    reply = talk.say("bghit mbarek ghedda m3a 10", intents=["book_service"], entities={**EVERYTHING, "technician": "mbarek"})
    assert (reply["key"], reply["awaiting"]) == ("booking.propose_instead", "confirm")


def test_another_keyboard_changes_the_script_even_in_a_short_answer() -> None:
    talk = Talk()
    talk.say("bghit plombier", intents=["book_service"], entities={"service": "plumbing"})
    reply = talk.say("كاين فالمعاريف ديال كازا", intents=["inform"], entities={"city": "casablanca", "district": "maarif"})
    assert (reply["script"], reply["awaiting"]) == ("arab", "time")


def test_a_new_offer_is_answered_by_a_bare_number_though_another_job_was_spoken_of() -> None:
    tools = MemoryTools({"BR-1": job("BR-1", status="confirmed"), "BR-2": job("BR-2", status="offered")})
    tools.answers["answer_offer"] = {"ok": True, "ref": "BR-2", "status": "confirmed", "start": "2026-11-24T10:00"}
    talk = Talk(tools, role="technician", channel="sms")
    talk.say("1", intents=["accept_job"])
    talk.notice(text="Bricol: 1=ah 2=la", awaiting="choice", key="technician.job_offer", extra={"ref": "BR-2", "offer_id": 2})
    talk.say("1", intents=["accept_job"])
    seen = [args for name, args in tools.log if name == "answer_offer"]
    assert len(seen) == 2 and seen[-1].get("ref") in (None, "BR-2")


def test_words_that_do_not_answer_us_are_read_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.say("bghit plombier f maarif casa", intents=["book_service"], entities={k: EVERYTHING[k] for k in ("service", "city", "district")})
    read = talk.told.understand

    def in_context(text: str, *, context: str | None = None, **rest: Any) -> Any:
        """A reader that takes any words for an answer while a question is open."""
        if context is None:
            talk.told.tell(text, {"intents": ["ask_faq"], "confidence": 0.95}, "ary-Latn")
        else:
            talk.told.tell(text, {"intents": ["inform"], "confidence": 0.9}, "ary-Latn")
        return read(text, context=context, **rest)

    monkeypatch.setattr(talk.told, "understand", in_context)
    reply = talk.say("w la garantie ch7al katb9a?")
    assert "search_knowledge" in talk.called and reply["awaiting"] == "time"
