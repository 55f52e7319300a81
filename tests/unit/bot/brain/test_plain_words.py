"""What plain words decide where the trained reader wavers: orders, prices, towns, times that are only told."""

from __future__ import annotations

import pytest

from bot.brain import orders, spots
from bot.brain.flows.knowledge import LONGEST, together
from bot.brain.understanding.base import Understanding
from bot.brain.understanding.entities import extract


def read(main: str, sure: float, *, service: str | None = None, **scores: float) -> Understanding:
    entities = {"service": service} if service else {}
    return Understanding("ary", "latn", (main,), entities, confidence=sure, scores={main: sure, **scores})


def test_an_order_without_a_word_of_price_is_no_question_of_price() -> None:
    reading = read("ask_price", 0.45, service="locksmith", book_service=0.2)
    assert orders.settled(reading, "bghit nbeddel sarout d bab").main == "book_service"
    assert orders.settled(reading, "ch7al tbdil sarout d bab").main == "ask_price"
    assert orders.settled(read("ask_price", 0.9, service="locksmith"), "bghit nbeddel sarout d bab").main == "ask_price"


@pytest.mark.parametrize("text", ["w bch7al?", "how much", "ça coute combien", "بشحال"])
def test_a_short_question_of_price_is_one_whatever_was_read(text: str) -> None:
    assert orders.settled(read("inform", 0.7), text).main == "ask_price"


def test_a_trade_that_is_wanted_is_a_new_job_unless_a_booking_is_spoken_of() -> None:
    reading = read("reschedule", 0.3, service="plumbing", book_service=0.2)
    text = "bghit plombier l agdal ghedda m3a 10"
    assert orders.settled(reading, text).main == "book_service"
    assert orders.settled(reading, text, of_a_booking=True).main == "reschedule"
    assert orders.settled(reading, "bghit nbeddel lmaw3id d plombier").main == "reschedule"


@pytest.mark.parametrize(
    ("text", "town"),
    [("rbat", "rabat"), ("f rbat 3afak", "rabat"), ("فالرباط", "rabat"), ("à fès", "fes"), ("wakha", None), ("chi nhar khor f simana jaya", None)],
)
def test_an_answer_names_a_town_or_none(text: str, town: str | None) -> None:
    assert spots.town(text) == town


@pytest.mark.parametrize("text", ["tssbegh l3am lli fat w daba tqecher, khassni sebbagh", "mchat lia w daba kantsenna chi wa7ed"])
def test_now_in_a_story_is_no_hour(text: str) -> None:
    assert "time" not in extract(text)


@pytest.mark.parametrize(
    ("text", "time"), [("tomorrow, 9 in the morning", "09:00"), ("at 5 in the afternoon", "17:00"), ("bghit plombi daba", "now")]
)
def test_hours_as_they_are_said(text: str, time: str) -> None:
    assert extract(text)["time"] == time


def test_an_answer_says_the_neighbouring_rule_of_its_own_topic_and_stays_short() -> None:
    free = {"topic": "cancellation", "text": "Free until two hours before.", "score": 0.5}
    fee = {"topic": "cancellation", "text": "Later it costs 50 MAD.", "score": 0.4}
    other = {"topic": "hours", "text": "Day and night.", "score": 0.45}
    assert together([free, other, fee]) == "Free until two hours before.\nLater it costs 50 MAD."
    assert together([free, {**fee, "score": 0.1}]) == free["text"]
    assert len(together([{**free, "text": "Long. " * 60}, {**fee, "text": "More. " * 60}])) <= LONGEST


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("bghit plombi f maarif casa", "out_of_scope"),
        ("بغيت بلومبي لأكدال الرباط غدا مع 10 د الصباح", "reschedule"),
        ("électricien à Gauthier, Casa, demain à 16h", "reschedule"),
    ],
)
def test_a_trade_wanted_at_a_place_or_a_time_is_an_order_however_sure_the_reading(text: str, main: str) -> None:
    found = extract(text, role="client", context=None, now=None)
    reading = Understanding("ary", "latn", (main,), found, confidence=0.95, scores={main: 0.95, "book_service": 0.03})
    assert orders.settled(reading, text).main == "book_service"
    assert orders.settled(reading, text, of_a_booking=True).main == main


def test_an_order_told_beside_a_booking_stays_what_it_was_read_as() -> None:
    text = "bghit nbddel lmaw3id dyal plombi f maarif l ghedda"
    found = {"service": "plumbing", "district": "maarif", "date": "tomorrow"}
    reading = Understanding(language="ary", script="latn", intents=("reschedule",), entities=found, confidence=0.9, scores={"reschedule": 0.9})
    assert orders.settled(reading, text).main == "reschedule"
