"""Tells an order from a question of price or a change, by their plain words, where the trained reader wavers between them."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from bot.brain import answers, cues
from bot.brain.understanding.base import Understanding
from domain.catalog import service_of

_GLUED = re.compile(r"(?<![\w])و(\w{3,})")  # Arabic writes "and" onto the word behind it
DATA = Path(__file__).parents[2] / "prompts" / "orders.yaml"
TWO_JOBS_WITHIN = 60  # words from the beginning
CERTAIN = 0.6  # a reading this sure stands
SHORT = 7  # words: little else than the price can be asked
#: Intents that speak of a booking that exists: without their own words beside a wanted trade, it is a new one.
OF_A_BOOKING = frozenset({"reschedule", "cancel", "track", "booking_status", "request_refund"})
#: So do these, but a fault told with a trade in it is as often an order.
OF_A_JOB_DONE = frozenset({"report_damage", "complain"})
ARRANGING = ("book_service", "find_technician", "check_availability")
#: Right after a price, what finds it too dear is misread as.
HAGGLED = OF_A_JOB_DONE | {"ask_payment", "out_of_scope"}
#: Right after a price, an amount beside one of these is what somebody else asks, or what they would pay.
BIDS = frozenset({"inform", "correct", "deny"})
#: However sure the reading, what names a trade, a place and a time, and no booking, is none of these.
NO_ORDER = OF_A_BOOKING | {"out_of_scope"}
LITTLE_ELSE = 12  # words of a question how to pay
#: What it is misread as.
MISREAD = frozenset({"ask_faq", "ask_loyalty", "out_of_scope", "inform", "booking_status", "correct", "affirm", "deny"})
#: What a short question of price is misread as.
VAGUE = frozenset(
    {"inform", "affirm", "deny", "correct", "out_of_scope", "abuse", "greet", "thank", "goodbye", "track", "booking_status", "ask_payment"}
)


def settled(
    reading: Understanding,
    text: str,
    *,
    of_a_booking: bool = False,
    of_a_price: bool = False,
    explains: bool = True,
    proposed: bool = False,
    priced: bool = False,
    of_trouble: bool = False,
) -> Understanding:
    """The reading, with its main intent put right where the words are plain; the same reading otherwise.

    `of_a_booking`: one is being spoken of, so that an hour may well be its new hour. `of_a_price`: we asked what the price is for.
    `explains`: a price of ours may be what "why so dear" asks about; `proposed`: one is waiting for a yes, so that it complains of no job done.
    `priced`: a price was just told, which is what is found too dear. `of_trouble`: a complaint is being heard, and one of us is to see to it.
    """
    if has("booked", text) and reading.main != "book_service" and "book_service" in reading.intents:
        reading = replace(reading, intents=tuple(i for i in reading.intents if i != "book_service"))  # it is told, not ordered
    main = reading.main
    if (
        priced
        and "booking_ref" not in reading.entities
        and ((main in HAGGLED and answers.says("cheaper", text)) or (main in BIDS and "amount_mad" in reading.entities))
    ):
        return _with(reading, "ask_price")
    if main in ("ask_price", "ask_faq", "out_of_scope") and not of_a_price and not has("price", text) and has("offered", text) and _placed(reading):
        return _with(reading, _ordered(reading))  # "et un robinet à Agdal, vous faites ?"
    if main == "ask_human" and not of_trouble and "service" in reading.entities and has("to_mend", text) and not has("talk", text):
        return _with(reading, "book_service")  # "passez-moi quelqu'un pour réparer la clim"
    if _asks_how_to_pay(reading, text):
        return _with(reading, "ask_payment")
    if main in ARRANGING and not of_a_booking and len(reading.intents) > 1:
        reading = _without_doubles(reading, text)
    doubtful = reading.confidence < CERTAIN
    if priced and doubtful and main not in ARRANGING and has("books", text) and {"date", "time"} <= set(reading.entities):
        return _with(reading, _ordered(reading))  # "never mind then, book me Thursday at 9 at that price"
    visit = all(_where_when(reading))
    if main == "ask_price" and not of_a_price and not has("price", text) and (doubtful or visit):
        return _with(reading, _ordered(reading) if visit or "service" in reading.entities else _next(reading))
    if main == "ask_price" and _bids(reading, text):
        return _with(reading, _ordered(reading))  # an amount beside a whole order bids, and asks nothing
    if main == "ask_price" and {"date", "time"} <= set(reading.entities) and has("wanted", text) and priced:
        return _with(reading, _ordered(reading))  # "the same price at 9 tomorrow? then send somebody": what is proposed says the price
    if main == "ask_price" and has("books", text) and not answers.hedged(text) and not {"date", "time"}.isdisjoint(reading.entities):
        return _with(reading, _ordered(reading))
    words = len(text.split())
    if explains and words <= SHORT and answers.says("why_price", text) and (proposed or main not in OF_A_JOB_DONE):
        return _with(reading, "ask_price")
    if has("only_price", text) and ((main in VAGUE and words <= SHORT) or (main == "ask_faq" and words <= SHORT // 2)):
        return _with(reading, "ask_price")
    if main in OF_A_JOB_DONE and not of_a_booking and reading.confidence < CERTAIN and _told_as_order(reading, text):
        return _with(reading, _ordered(reading))
    if main in OF_A_BOOKING and not of_a_booking and reading.confidence < CERTAIN and _orders(reading, text):
        return _with(reading, _ordered(reading))
    if main in NO_ORDER and not of_a_booking and _says_all_of_an_order(reading, text):
        return _with(reading, _ordered(reading))
    if main == "become_technician" and reading.confidence < CERTAIN and complete(reading, text):
        return _with(reading, "book_service")
    return reading


def _without_doubles(reading: Understanding, text: str) -> Understanding:
    """An order without what its own words are also read as: a question about a booking, or a wish for one of us to talk to."""
    doubles = OF_A_BOOKING if _says_all_of_an_order(reading, text) else frozenset()
    if "service" in reading.entities and not has("talk", text):
        doubles |= {"ask_human"}  # "pass me somebody for the boiler"
    return replace(reading, intents=tuple(i for i in reading.intents if i not in doubles))


def beside_a_cancellation(reading: Understanding, read: Understanding, text: str) -> Understanding:
    """A cancellation with the new job that `read`, the reading before words corrected it, heard in it, where a clause of its own orders that."""
    if reading.main != "cancel" or read.main not in ARRANGING or "service" not in reading.entities:
        return reading
    apart = any(has("wanted", clause) and not cues.named(clause)[0] for clause in cues.CLAUSE.split(text))
    return replace(reading, intents=(*reading.intents, read.main)) if apart else reading


def _says_all_of_an_order(reading: Understanding, text: str) -> bool:
    """A trade with a place and a time, or a trade wanted at a place or a time: "bghit plombi f Maarif", "plombier, Agdal, demain 10h"."""
    where, when = _where_when(reading)
    return _new_job(reading, text) and ((where and when) or ((where or when) and has("wanted", text)))


def complete(reading: Understanding, text: str) -> bool:
    """Whether a trade is wanted, at a place and a time, so that the message is an order whatever we asked."""
    return _new_job(reading, text) and all(_where_when(reading)) and has("wanted", text)


def _asks_how_to_pay(reading: Understanding, text: str) -> bool:
    """Whether a question of means, cheques or a card, short or heard beside the rest, was read as another.

    A question of price only where no amount is asked.
    """
    main = reading.main
    heard = len(text.split()) <= LITTLE_ELSE or "ask_payment" in reading.intents
    asked = answers.asks(text) and heard and has("means", text)
    return asked and (main in MISREAD or (main == "ask_price" and has("takes", text) and not has("amount", text)))


def _bids(reading: Understanding, text: str) -> bool:
    """Whether a whole order stands there, with an amount or read doubtfully, and no word that asks for one."""
    doubtful = reading.confidence < CERTAIN or "amount_mad" in reading.entities
    asks = has("how_much", text) or has("names_price", text)
    return doubtful and all(_where_when(reading)) and _new_job(reading, text) and not asks


def _placed(reading: Understanding) -> bool:
    return "service" in reading.entities and _where_when(reading)[0]


def _new_job(reading: Understanding, text: str) -> bool:
    return "service" in reading.entities and "booking_ref" not in reading.entities and not cues.named(text)[0]


def _where_when(reading: Understanding) -> tuple[bool, bool]:
    said = set(reading.entities)
    return not said.isdisjoint({"city", "district"}), not said.isdisjoint({"date", "time"})


def _orders(reading: Understanding, text: str) -> bool:
    return _new_job(reading, text) and has("wanted", text)


def _told_as_order(reading: Understanding, text: str) -> bool:
    near = max(reading.scores.get(intent, 0.0) for intent in ARRANGING) >= reading.confidence / 2
    return near and "service" in reading.entities and not {"booking_ref", "technician"} & set(reading.entities) and not cues.named(text)[0]


def _ordered(reading: Understanding) -> str:
    return max(ARRANGING, key=lambda intent: (reading.scores.get(intent, 0.0), intent == ARRANGING[0]))


def _next(reading: Understanding) -> str:
    return next((intent for intent in reading.scores if intent != reading.main), "inform")


def _with(reading: Understanding, main: str) -> Understanding:
    sure = max(reading.scores.get(main, 0.0), CERTAIN if main in (*ARRANGING, "ask_price", "ask_payment") else 0.0)
    others = tuple(i for i in reading.intents if i not in (main, reading.main))
    return replace(reading, intents=(main, *others), confidence=sure, scores={**reading.scores, main: sure})


@lru_cache(maxsize=8192)
def two_jobs(text: str) -> tuple[str, str] | None:
    """The services of a message that wants two different ones, as they are said; None where one word alone could be the second's doing."""
    words = _GLUED.sub(r"و \1", text).split()[:TWO_JOBS_WITHIN]
    for at in range(1, len(words)):
        for size in range(min(3, len(words) - at - 1), 0, -1):
            between = answers.fold(" ".join(words[at : at + size]))
            begun = between in answers.phrases_of(DATA)["and_also"]
            if begun or (size == 1 and between in answers.phrases_of(DATA)["and"]):
                first = service_of(" ".join(words[:at] if begun else words[at - 1 : at]))
                second = service_of(" ".join(words[at + size :] if begun else words[at + 1 : at + 2]))
                if first and second and first[0] != second[0]:
                    return first[0], second[0]
    return None


@lru_cache(maxsize=8192)
def measures(text: str) -> bool:
    """Whether a number of metres is told: it says how large a job is, and counts no pieces."""
    metres = "|".join(map(re.escape, answers.phrases_of(DATA)["metres"]))
    return re.search(rf"\d ?(?:{metres})(?![^\W_])", answers.fold(text)) is not None


@lru_cache(maxsize=8192)
def has(name: str, text: str) -> bool:
    """Whether a word or phrase of a list of prompts/orders.yaml occurs in the text."""
    return answers.mentions(text, answers.phrases_of(DATA)[name])
