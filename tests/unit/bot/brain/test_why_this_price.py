"""Who asks why it costs that is told line by line, in their language, and nothing is booked; hurry is said before anybody agrees."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest

from domain.engagement.reply import language_script_of
from tests.support.brain import PEOPLE, MemoryTools, Talk

VISIT = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}
LINES = [{"label": "visit", "mad": 280}, {"label": "harder_job", "mad": 20}, {"label": "emergency", "mad": 75}]
ASKED = {
    "ary-Latn": ("bghit plombier ghedda m3a 10 f maarif casa", "3lach ghali?"),
    "ary-Arab": ("بغيت بلومبي غدا مع 10 فالمعاريف كازا", "علاش هاد الثمن؟"),
    "fr": ("je veux un plombier demain 10h à maarif, casa", "pourquoi si cher ?"),
    "ar": ("أريد سباكا غدا على العاشرة في المعاريف بالدار البيضاء", "لماذا هذا السعر؟"),
    "en": ("I need a plumber tomorrow at 10 in maarif, casa", "why so expensive?"),
}


class Hurried(MemoryTools):
    """Proposals and estimates with the lines, hurry and validity that the real tools give."""

    def _propose(self, kind: str, summary: dict[str, Any]) -> dict[str, Any]:
        more = {"price_mad": 375, "price_max_mad": 500, "uplift_pct": 25, "breakdown": LINES}
        more |= {"valid_until": "2026-11-23T11:00", "without_hurry_mad": 300}
        return super()._propose(kind, {**summary, **more})

    def _estimate_price(self, **args: Any) -> dict[str, Any]:
        return {**super()._estimate_price(**args), "likely_mad": 375, "breakdown": LINES, "uplift_pct": 25}


class Noted(Hurried):
    """Keeps what each tool was asked last."""

    def call(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        self.answers_of.setdefault(name, {}).update(args)
        return super().call(name, args)

    @cached_property
    def answers_of(self) -> dict[str, dict[str, Any]]:
        return {}


def proposed(locale: str = "ary-Latn") -> tuple[Talk, dict[str, Any]]:
    talk = Talk(Hurried(), locale=locale)
    said = talk.say(ASKED[locale][0], intents=["book_service"], entities=VISIT)
    return talk, said


@pytest.mark.parametrize("locale", ASKED)
def test_the_lines_of_an_open_proposal_add_up_and_the_question_stays_open(locale: str) -> None:
    talk, said = proposed(locale)
    assert said["awaiting"] == "confirm" and "25" in said["text"]
    reply = talk.say(ASKED[locale][1], intents=["complain"])
    assert (
        reply["key"] == "price.why_proposed" and reply["awaiting"] == "confirm" and (reply["language"], reply["script"]) == language_script_of(locale)
    )
    assert "375" in reply["text"] and all(str(line["mad"]) in reply["text"] for line in LINES) and "11" in reply["text"]
    assert not {"confirm_proposal", "decline_proposal"} & set(talk.called)


def test_a_yes_after_the_reasons_books_what_was_proposed() -> None:
    talk, _ = proposed()
    talk.say("3lach had taman?", intents=["ask_price"])
    talk.say("wakha", intents=["affirm"])
    assert "confirm_proposal" in talk.called


def test_who_finds_it_dear_hears_what_it_costs_without_hurry() -> None:
    talk, _ = proposed()
    reply = talk.say("ghali bzaf", intents=["deny"])
    assert reply["key"] in ("search.cheaper", "search.nobody_cheaper") and "300 dh" in reply["text"]


def test_a_price_that_was_only_asked_is_explained_too() -> None:
    talk = Talk(Hurried())
    talk.say("ch7al plombier f casa?", intents=["ask_price"], entities={"service": "plumbing", "city": "casablanca"})
    reply = talk.say("mnin ja had taman?", intents=["inform"])
    assert reply["key"] == "price.why" and "375 dh" in reply["text"]


@pytest.mark.parametrize(("locale", "asks"), [("fr", "c'est combien le déplacement ?"), ("en", "is it final?"), ("ary-Latn", "ch7al f lmajmou3?")])
def test_what_a_proposed_visit_costs_is_what_was_proposed_and_no_other_estimate(locale: str, asks: str) -> None:
    talk, _ = proposed(locale)
    reply = talk.say(asks, intents=["ask_price"])
    assert reply["key"] == "booking.propose_again" and reply["awaiting"] == "confirm" and talk.called == ["estimate_price"]
    assert all(str(line["mad"]) in reply["text"] for line in LINES) and "500" in reply["text"]


def test_the_pieces_that_were_said_are_in_the_price_that_is_proposed() -> None:
    tools = Noted()
    job = {**VISIT, "service": "carpentry", "quantity": 3}
    Talk(tools, locale="fr").say("je veux poser 3 étagères demain 10h à maarif, casa", intents=["book_service"], entities=job)
    assert tools.answers_of["find_technicians"]["quantity"] == tools.answers_of["propose_booking"]["quantity"] == 3


@pytest.mark.parametrize(("locale", "dear"), [("ary-Latn", "ghali, makaynch chi 7ed rkhess?"), ("fr", "trop cher, vous avez moins cher ?")])
def test_who_finds_it_dear_before_anybody_is_named_is_proposed_the_cheapest(locale: str, dear: str) -> None:
    tools = Noted()
    talk = Talk(tools, locale=locale)
    talk.say("plombier à maarif casa", intents=["book_service"], entities={k: VISIT[k] for k in ("service", "city", "district")})
    reply = talk.say(dear, intents=["ask_price"])
    assert reply["awaiting"] == "time" and talk.called == []
    talk.say("demain 10h", intents=["inform"], entities={"date": "tomorrow", "time": "10:00"})
    assert tools.answers_of["propose_booking"]["technician_id"] == min(PEOPLE, key=lambda t: t["price_mad"])["id"]


@pytest.mark.parametrize(("locale", "dear"), [("ary-Latn", "iwa ghali bzaf"), ("ar", "السعر غالي"), ("en", "that's too expensive")])
def test_who_finds_a_bare_price_dear_does_not_hear_it_again_and_is_proposed_the_cheapest(locale: str, dear: str) -> None:
    tools = Noted()
    talk = Talk(tools, locale=locale)
    talk.say("price of a plumber?", intents=["ask_price"], entities={"service": "plumbing"})
    reply = talk.say(dear, intents=["ask_price"])
    assert reply["key"] == "price.dear" and talk.called == []
    talk.say("maarif casa demain 10h", intents=["inform"], entities={k: v for k, v in VISIT.items() if k != "service"})
    assert tools.answers_of["propose_booking"]["technician_id"] == min(PEOPLE, key=lambda t: t["price_mad"])["id"]


def test_who_takes_leave_after_a_price_orders_nothing() -> None:
    talk = Talk(Hurried())
    talk.say("ch7al plombier?", intents=["ask_price"], entities={"service": "plumbing"})
    assert talk.say("wakha merci bslama", intents=["affirm"])["key"] == "smalltalk.goodbye"
