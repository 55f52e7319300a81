"""Hears one message: what it means by itself, and as an answer to what we asked just before."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from bot.brain import answers, asides, cues, names, orders, spots
from bot.brain.sides import Side, both_sides
from bot.brain.state import CHANGES, State
from bot.brain.transcript import Exchange, Part
from bot.brain.understanding.base import Role, Understander, Understanding
from bot.brain.understanding.entities.normalise import Token, clean, lexicon, tokens_of
from bot.brain.understanding.normalise import script_of
from domain.errors import DomainError
from domain.pricing.metres import usual_jobs
from domain.scheduling.when import WEEKDAYS, resolve

#: What a job costs, told before anybody is proposed: it is what is found dear.
PRICES = frozenset({"price.range", "price.range_only", "price.dear"})
#: What we say when there is no booking: after it none is being spoken of.
NONE_FOUND = frozenset({"changes.nothing_to_move", "changes.nothing_to_cancel", "track.nothing"})
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
CODE = re.compile(r"[A-Za-z]{3,}\d{2,3}")  # names of codes amid Arabic: "base64", "sha256"
CONTEXT = 300  # characters of our last words that the reader sees
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS = re.compile(r"\d[\d\s.-]{2,10}\d")
_HOUR = re.compile(r"(?<![\w:])(\d{1,2})(?![\w:])")
LEAST_PAID = 50  # MAD; below, a number counts something else
SHORT_CORRECTION = 7  # words
NEXT = frozenset({"next", "coming"})  # before a weekday; behind it in the other languages
FIRST_HOUR = 7  # of a working day: "3" is three in the afternoon
_REF = re.compile(r"\bBR-?\d+", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"(?<![\w-])(\d{2,6})(?:[.,]\d{1,2})?(?![\w:])")


@dataclass(frozen=True)
class Heard:
    """`slots` are values this message brings; `option` is the offered answer it names; `yes` and `no` are the whole message's meaning."""

    text: str = ""
    reading: Understanding = field(default_factory=lambda: Understanding("ary", "latn", ("inform",)))
    slots: Mapping[str, Any] = field(default_factory=dict)
    option: Mapping[str, Any] | None = None
    yes: bool = False
    no: bool = False
    kinds: frozenset[str] = frozenset()
    wishes: frozenset[str] = frozenset()  # of WISHES
    code: str | None = None
    spoken: bool = False  # no words were written: they were heard in a voice note
    unheard: str | None = None  # why a voice note has no words: too_long failed, or none where nobody listens
    leans: bool | None = None  # the message begins with a yes or a no, whatever follows
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # intent -> what asks it, of several sentences
    sides: tuple[Side, ...] = ()  # (technician) jobs they name of which some are taken and some refused; empty where all are one or the other

    def line(self, most: int) -> str:
        """What was said, on one line of at most `most` characters."""
        return " ".join(self.text.split())[:most]

    @property
    def payload(self) -> str:
        return str(self.option.get("payload", "")) if self.option else ""

    @property
    def intents(self) -> tuple[str, ...]:
        return self.reading.intents


#: What any words answer.
FREE = frozenset({"name", "reason", "photo", "place", "code"})
PLAIN = 0.8  # of a reading without our question
#: What only a question of ours makes of words.
ANSWERING = frozenset({"affirm", "deny", "correct"})
#: What a technician's words are to an offer: nothing waits for them once it is answered and nothing else was asked.
ANSWERS_AN_OFFER = frozenset({"affirm", "deny", "accept_job", "decline_job", "propose_time"})
#: Our words about an offer that asked nothing, and yet are answered.
TELLS_AN_OFFER = frozenset(
    {
        "technician_flow.price_sent",
        "technician_flow.details_offer",
        "technician_flow.greet_offer",
        "technician_flow.jobs",
        "technician_flow.new_price",
    }
)
DOUBTLESS = 0.6  # of a reading without our words, where they asked nothing
MAY_ASK = 0.3  # of the reading of a question without our last words, where those asked nothing
SHORTEST = 3  # words of a sentence that is read by itself
LONGEST_STORY = 400  # characters; a longer one is told, not asked
#: Wishes beside which no question is looked for.
ONE_WISH = frozenset({"ask_human", "opt_out", "delete_data", "change_language", "abuse", "affirm", "deny"})
_GREETING = re.compile(r"^[^,!.\n،]*[,!.\n،]+")
#: Words from which a message is a story that may end "in short, ..."; and one whose last sentence is read by itself.
STORY, LONG_STORY = 20, 40
_SENTENCE = re.compile(r"[^.!?؟\n]+[.!?؟]*")
#: Before a further question: a comma, "and", or the Arabic "and" written onto the word that asks.
_JOINED = re.compile(r"[,،]| (?:and|et|w|puis) | و ?(?=(?:هل|واش|كيف|كيفاش|متى|فوقاش|أين|فين) )", re.IGNORECASE)
#: Intents that can be meant beside our question.
ASIDE: Mapping[Role, frozenset[str]] = {
    "client": frozenset({"ask_faq", "ask_price", "ask_payment", "track", "refund_status", "ask_loyalty", "ask_human"}),
    "technician": frozenset({"client_absent", "running_late", "arrived", "en_route", "ask_earnings", "ask_job_details", "ask_human", "ask_payment"}),
}
#: How a list of technicians is compared: the one with the least is meant.
MERITS: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    "cheapest": lambda one: float(one.get("price_mad") or math.inf),
    "best_rated": lambda one: -float(one.get("rating") or 0),
    "nearest": lambda one: float(one["distance_km"]) if one.get("distance_km") is not None else math.inf,
}
WISHES = (
    "any",
    "same_day",
    "cheaper",
    "other_technician",
    "same_time",
    "same_place",
    "only_price",
    "later",
    "gives_up",
    "as_it_was",
    "nothing_known",
    "why_price",
)


def hear(state: State, said: Exchange, understander: Understander, role: Role, now: datetime) -> Heard:
    """Never raises for what a person wrote. `now`: local and aware, the moment the message was answered."""
    text = " \n".join(str(p.get("text") or "") for p in said.parts).strip() or said.text.strip()
    kinds = frozenset(str(p.get("kind") or "text") for p in said.parts) or frozenset({"text"})
    reading = understand(understander, plain(text), context_of(state), role, now.date().isoformat(), now)
    reading = _by_itself(reading, understander, text, state, role, now)
    reading = _after_greeting(reading, understander, text, role, now)
    if reading.language == "ar" and answers.says("darija_only", text):
        reading = replace(reading, language="ary")
    elif reading.language == "ary" and reading.script == "arab" and answers.says("fusha_only", text) and not answers.says("darija_only", text):
        reading = replace(reading, language="ar")
    questions: Mapping[str, tuple[str, ...]] = {}
    core = text
    if role == "client":
        reading, core = _in_short(reading, understander, text, role, now)
        read = reading
        reading = cues.corrected(reading, core, of_a_booking=_of_a_booking(state))
        reading = orders.beside_a_cancellation(reading, read, core)
        of_a_price = state.flow == "price" and state.awaiting == "service"
        reading, questions = _with_questions(reading, understander, text, role, now)
        spoken_of = {"of_a_booking": _of_a_booking(state), "of_a_price": of_a_price, "explains": _ours(state), "priced": _priced(state)}
        of_trouble = state.key.startswith("escalation.")
        reading = orders.settled(reading, core, **spoken_of, proposed=state.proposal is not None, of_trouble=of_trouble)
    spoken, unheard = _by_voice(said.parts)
    if role == "client" and state.awaiting != "name" and not _holds(reading) and (name := names.told(text)):
        return Heard(text, replace(reading, intents=("inform",), danger=False), {"name": name}, kinds=kinds, spoken=spoken)
    slots = _slots(_of_that_week(reading, text, state, now), now)
    if (pin := _pin(said.parts)) is not None:
        slots.update(pin)
    if "quantity" in slots and orders.measures(text):
        metres, trade = slots.pop("quantity"), slots.get("service") or state.draft.get("service")
        slots |= {"quantity": usual_jobs(trade, state.draft.get("issue") or text, metres)} if trade else {}
    yes_no = answers.yes_no(text)
    wishes = frozenset(name for name in WISHES if answers.says(name, core))
    option, listed = _tapped(said.parts, state), _listed(state)
    if option is None and len(listed) == 1 and yes_no:
        option = listed[0]
    elif option is None and listed and _compares(text):  # "arkhes wa7ed" is not the first of them, though "wa7ed" is
        option = _by_merit(state, text, slots)
        wishes -= {"cheaper"} if option is not None else set()
    elif option is None and _may_choose(state, text):
        option = answers.option(text, state.options)
    if _below_our_price(state, slots) or (_priced(state) and "amount" in slots and reading.main == "ask_price"):
        wishes |= {"cheaper"}
    if role == "technician" and reading.main == "job_done" and "amount" not in slots and (paid := _paid(text)) is not None:
        slots["amount"] = paid
    if role == "client" and reading.main in (*orders.ARRANGING, "inform") and (jobs := orders.two_jobs(text)) and slots.get("service") in jobs:
        slots["service"], slots["also"] = jobs
    if role == "client" and "technician" in slots and asides.excludes(str(slots["technician"]), text):
        slots["without"] = slots.pop("technician")
    if role == "client" and "technician" in slots and cues.quotes_us(text):
        del slots["technician"]  # who promised it is no one to send
    if "why_price" in wishes and _ours(state):  # who asks why it is dear wants to know first
        wishes -= {"cheaper"}
    if "same_day" in wishes:  # not "today", whatever the words
        slots.pop("date", None)
    if role == "client" and (later := _day_later(state, slots, text)):
        slots["date"] = later
    if option is not None or yes_no is not None:  # "safi" is a yes here, not the town; "3" a place in the list, not an hour
        slots = {}
    leans = yes_no if yes_no is not None else answers.leaning(text)
    heard = Heard(
        text, reading, slots, option, yes_no is True, yes_no is False, kinds, wishes,
        spoken=spoken, unheard=unheard, leans=leans, questions=questions,
        sides=_sides(understander, text, now) if role == "technician" else (),
    )  # fmt: skip
    if state.awaiting == "code" and (digits := _DIGITS.search(answers.fold(text).replace(" ", "") or "")):
        heard = replace(heard, code=re.sub(r"\D", "", digits[0]))
    return _by_question(heard, state)


def _by_itself(reading: Understanding, understander: Understander, text: str, state: State, role: Role, now: datetime) -> Understanding:
    """What gives no answer to our question is read once more without it: it may be a question of their own.

    Only where the words alone are plain, and name something that is answered on the side.
    """
    if role == "technician" and nothing_waits(state) and (reading.main in ANSWERS_AN_OFFER or reading.confidence < DOUBTLESS):
        alone = understand(understander, text, None, role, now.date().isoformat(), now)
        return alone if alone.main not in ANSWERS_AN_OFFER and alone.confidence >= DOUBTLESS else reading
    if not state.said or state.awaiting in FREE or answers.yes_no(text) is not None:
        return reading
    if role == "client" and state.awaiting is None and reading.main in ANSWERING and asides.has("asks", text):  # it asks, and we did not
        alone = understand(understander, text, None, role, now.date().isoformat(), now)
        return alone if alone.main not in ANSWERING and alone.confidence >= MAY_ASK else reading
    if role == "client" and state.key.startswith("clarify.what"):  # "a technician, a price or a booking?" asks for nothing in particular
        alone = understand(understander, text, None, role, now.date().isoformat(), now)
        return alone if alone.main not in ANSWERING and alone.confidence >= PLAIN and len(text.split()) >= SHORTEST else reading
    orders_too = not {"date", "time"}.isdisjoint(reading.entities)
    agrees = role == "client" and reading.main == "affirm" and state.awaiting is not None and not orders_too
    if agrees and answers.asks(text) and (asked := answers.behind_yes(text)):
        alone = understand(understander, asked, None, role, now.date().isoformat(), now)  # "ok, and who pays for the paint?"
        return alone if alone.main in ASIDE[role] and alone.confidence >= MAY_ASK else reading
    if reading.main != "inform" or reading.entities:
        return reading
    alone = understand(understander, text, None, role, now.date().isoformat(), now)
    return alone if alone.main in ASIDE[role] and alone.confidence >= PLAIN else reading


def nothing_waits(state: State) -> bool:
    """(technician) Whether our last words asked nothing and told of no offer."""
    return bool(state.said) and state.awaiting is None and not state.offer and state.key not in TELLS_AN_OFFER


def _after_greeting(reading: Understanding, understander: Understander, text: str, role: Role, now: datetime) -> Understanding:
    """What follows "good morning," is read by itself, where it was heard as no more than a greeting."""
    rest = _GREETING.sub("", text, count=1).strip()
    if reading.main != "greet" or len(rest.split()) < SHORTEST or rest == text:
        return reading
    alone = understand(understander, rest, None, role, now.date().isoformat(), now)
    wanted = sum(alone.scores.get(intent, 0.0) for intent in orders.ARRANGING)  # "somebody on Thursday?": an order and a question of who is free
    sure = max(alone.confidence, wanted if alone.main in orders.ARRANGING else 0.0)
    enough = DOUBTLESS if orders.has("wanted", rest) else PLAIN
    return alone if alone.main not in ("greet", "thank", "goodbye", "inform") and sure >= enough else reading


def _with_questions(
    reading: Understanding, understander: Understander, text: str, role: Role, now: datetime
) -> tuple[Understanding, Mapping[str, tuple[str, ...]]]:
    """Of several sentences, those that ask something on the side by themselves: "Youssef est en route ? Et je paie en espèces ?" """
    sentences = [s.strip() for s in _SENTENCE.findall(text) if len(s.split()) >= SHORTEST]
    if reading.main in ONE_WISH or len(text) > LONGEST_STORY:
        return reading, {}
    single = len(sentences) < 2  # then the whole is read already: only what is joined to it may be another question
    asked = ASIDE["client"] - {"ask_human", "ask_price"} - (set(reading.intents) if single else set())
    found: dict[str, tuple[str, ...]] = {}
    for sentence in sentences:
        if sentence.endswith(("?", "؟")):
            *before, last = (part.strip() for part in _JOINED.split(sentence))
            parts = [last] if before else []  # the last clause alone, where it asks by itself
            for part in parts if single else [*parts, sentence]:
                alone = understand(understander, part, None, role, now.date().isoformat(), now)
                if alone.main in asked and alone.confidence >= PLAIN and len(part.split()) >= SHORTEST:
                    found[alone.main] = (*found.get(alone.main, ()), part)
                    break
    new = tuple(i for i in found if i not in reading.intents)
    scores = {**reading.scores, **{i: max(PLAIN, reading.scores.get(i, 0.0)) for i in found}}
    sure = max(reading.confidence, PLAIN) if reading.main in found else reading.confidence
    return replace(reading, intents=(*reading.intents, *new), scores=scores, confidence=sure), found


def _in_short(reading: Understanding, understander: Understander, text: str, role: Role, now: datetime) -> tuple[Understanding, str]:
    """Of a long story the wish behind "in short", or behind its last full stop, with the words that hold it; else what was given.

    Only an order keeps what the story says of trade and place: days and hours told on the way are nobody's wish.
    """
    words = len(text.split())
    marked = answers.after("in_short", text) if words >= STORY else ""
    *_, last = ("", *_SENTENCE.findall(text)) if words >= LONG_STORY else ("",)
    wish = marked or last.strip()
    if len(wish.split()) < SHORTEST or wish == text:
        return reading, text
    alone = understand(understander, wish, None, role, now.date().isoformat(), now)
    if alone.main not in (*orders.ARRANGING, *orders.OF_A_BOOKING) or alone.confidence < PLAIN or (not marked and reading.confidence >= PLAIN):
        return reading, text
    kept = {k: v for k, v in reading.entities.items() if k == "booking_ref" or (alone.main in orders.ARRANGING and k not in ("date", "time"))}
    return replace(alone, language=reading.language, script=reading.script, danger=reading.danger, entities={**kept, **alone.entities}), wish


def _sides(understander: Understander, text: str, now: datetime) -> tuple[Side, ...]:
    """Jobs that are taken and jobs that are refused in one message of a technician."""

    def read(piece: str) -> tuple[str, dict[str, Any]]:
        reading = understand(understander, piece, None, "technician", now.date().isoformat(), now)
        return reading.language, _slots(reading, now)

    return both_sides(text, read) if len(text) <= LONGEST_STORY else ()


def _holds(reading: Understanding) -> bool:
    """Whether a message brings something of a job; a name alone may be read as a technician's."""
    return not {k for k, v in reading.entities.items() if v} <= {"technician"}


def _ours(state: State) -> bool:
    """Whether the price being spoken of is one we told, not one that a technician asks on site."""
    return state.proposal is None or state.proposal.kind == "booking"


def _priced(state: State) -> bool:
    """Whether our last words told what a job costs, and nobody is proposed yet."""
    return state.key in PRICES and state.proposal is None


def _below_our_price(state: State, slots: Mapping[str, Any]) -> bool:
    """Whether an amount is named that is less than the open proposal asks: who bids wants it cheaper, however it is put."""
    lowest = state.proposal.summary.get("price_min_mad") if state.proposal is not None and state.proposal.kind == "booking" else None
    return bool(lowest) and "amount" in slots and 0 < float(slots["amount"]) < float(lowest or 0)


def _by_voice(parts: tuple[Part, ...]) -> tuple[bool, str | None]:
    """(whether all words were heard rather than read, why a voice note has none)."""
    marks = [p.get("payload") or {} for p in parts if p.get("kind") == "voice"]
    worded = [p for p in parts if p.get("text")]
    spoken = bool(worded) and all(p.get("kind") == "voice" and (p.get("payload") or {}).get("heard") for p in worded)
    return spoken, next((str(m["unheard"]) for m in marks if m.get("unheard")), None)


def _of_a_booking(state: State) -> bool:
    if state.proposal is not None and state.proposal.kind == "price_change":
        return False  # "let him change it" is said of a part
    return state.flow in ("reschedule", "cancel") or (state.key.startswith(("changes.", "track.")) and state.key not in NONE_FOUND)


def plain(text: str) -> str:
    """The text without what is nobody's word (base64, keys, hashes, what a machine is told to decode), which would count as another language's."""
    order, colon, _ = text.partition(":")
    if colon and asides.has("meddles", order):
        return order
    words = [word for word in text.split(" ") if not _encoded(word)]
    if script_of(" ".join(words)) == "arab":
        words = [word for word in words if not CODE.fullmatch(word)]
    kept = " ".join(words)
    return kept if any(c.isalpha() for c in kept) else text


def _encoded(word: str) -> bool:
    """A long run of mixed capitals and small letters, or of letters and digits: no language writes so."""
    found = ENCODED.fullmatch(word.strip("\"'.,;:!?()«»،؛"))
    if found is None:
        return False
    humps = sum(a.islower() and b.isupper() for a, b in itertools.pairwise(word))
    return humps >= 3 or sum(c.isdigit() for c in word) >= len(word) / 4


def context_of(state: State) -> str | None:
    """The end of what we said last: where the question is."""
    last = state.said.strip().rpartition("\n\n")[2].strip()
    return last[-CONTEXT:] or None


def understand(understander: Understander, text: str, context: str | None, role: Role, day: str, now: datetime) -> Understanding:
    """Memoised: the same message is read once, however often a conversation is folded again."""
    return _memo(understander, text, context, role, day, _Now(now))  # type: ignore[arg-type]


class _Now:
    """Carries the moment into the memo without being part of its key: the day is."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Now)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _memo(understander: Any, text: str, context: str | None, role: Role, day: str, now: _Now) -> Understanding:
    return understander.understand(text, role=role, context=context, now=now.moment)


def _slots(reading: Understanding, now: datetime) -> dict[str, Any]:
    """Entities as slots; days become dates at once, because "tomorrow" means another day tomorrow."""
    found = {k: v for k, v in reading.entities.items() if v is not None and v != ""}
    slots: dict[str, Any] = {}
    for entity, slot in (("booking_ref", "ref"), ("amount_mad", "amount"), ("rating", "stars")):
        if entity in found:
            slots[slot] = found[entity]
    for name in ("service", "city", "district", "technician", "quantity", "phone", "time", "address"):
        if name in found:
            slots[name] = found[name]
    if date := found.get("date"):
        slots["date"] = str(date)
        try:
            day = resolve(str(date), str(found["time"]) if found.get("time") else None, now).day
        except DomainError:
            day = None
        if day is not None:
            slots["date"] = day.isoformat()
    if reading.urgency in ("high", "emergency"):
        slots["urgency"] = reading.urgency
    return slots


def _of_that_week(reading: Understanding, text: str, state: State, now: datetime) -> Understanding:
    """ "Tuesday", after or beside "next week", is next week's; and so is "next Tuesday", said on a Tuesday."""
    kind, _, day = str(reading.entities.get("date") or "").partition(":")
    if kind != "weekday":
        return reading
    before = (state.change if state.flow in CHANGES else state.draft).get("date")
    tokens = tokens_of(clean(text))
    weeks = [start for label, start, _ in lexicon("dates", "days").all(tokens) if label == "next_week"]
    week = before == "next_week" or any(lexicon("dates", "negation").ends_at(tokens, start, 3) is None for start in weeks)
    if not (week or (WEEKDAYS[now.weekday()] == day and _coming(tokens, day))) or (window := resolve("next_week", None, now).window) is None:
        return reading
    meant = window[0].date() + timedelta(days=WEEKDAYS.index(day))
    return replace(reading, entities={**reading.entities, "date": meant.isoformat()})


def _coming(tokens: list[Token], day: str) -> bool:
    """Whether the weekday is said to be the next one: "lundi prochain", "next Monday"."""
    named = [(start, end) for label, start, end in lexicon("dates", "weekdays").all(tokens) if label == day]
    return any(lexicon("dates", "coming_after").at(tokens, end) or (start > 0 and tokens[start - 1].text in NEXT) for start, end in named)


def _day_later(state: State, slots: Mapping[str, Any], text: str) -> str | None:
    """The day after the proposed one, where that is wished: "make it the day after"."""
    start = str(state.proposal.summary.get("start") or "") if state.proposal is not None else ""
    if len(start) < 16 or "date" in slots or not answers.says("day_later", text):
        return None
    return (datetime.fromisoformat(start[:16]) + timedelta(days=1)).date().isoformat()


def _paid(text: str) -> float | None:
    """The one bare number that a finished job was paid with: "salina, 300 kamla"."""
    found = {float(n) for n in _BARE_NUMBER.findall(answers.fold(_REF.sub(" ", text))) if float(n) >= LEAST_PAID}
    return found.pop() if len(found) == 1 and answers.minutes(text) is None else None


def _pin(parts: tuple[Part, ...]) -> dict[str, float] | None:
    for part in parts:
        payload = part.get("payload")
        if part.get("kind") == "location" and isinstance(payload, Mapping):
            try:
                return {"lat": float(payload["lat"]), "lon": float(payload["lon"])}
            except (KeyError, TypeError, ValueError):
                return None
    return None


def _tapped(parts: tuple[Part, ...], state: State) -> Mapping[str, Any] | None:
    for part in parts:
        payload = part.get("payload")
        if part.get("kind") == "button" and isinstance(payload, Mapping) and payload.get("payload"):
            value = str(payload["payload"])
            known = next((o for o in state.options if str(o.get("payload")) == value), None)
            return known or {"title": str(part.get("text") or ""), "payload": value}
    return None


def _may_choose(state: State, text: str) -> bool:
    """Numbers are places in a list only while a list is open; stars, amounts and codes are numbers of their own."""
    return bool(state.options) and state.awaiting not in ("rating", "amount", "code") and len(text) <= 60


def _listed(state: State) -> list[Mapping[str, Any]]:
    """The options of a list of technicians that is open."""
    return [o for o in state.options if str(o.get("payload", "")).startswith("tech:")] if state.awaiting == "choice" else []


def _compares(text: str) -> str | None:
    """Of MERITS, the one by which somebody of a list is spoken of."""
    return next((name for name in MERITS if answers.says(name, text)), None)


def _by_merit(state: State, text: str, slots: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Who of a list of technicians is meant by "the cheapest", "the best rated" or "the nearest"; nobody where that is asked, or more is said."""
    merit = _compares(text)
    if merit is None or {"date", "time", "technician"} & slots.keys() or answers.asks(text) or asides.has("asks", text):
        return None
    known = {str(one.get("id")): one for one in state.offered}
    shown = [(o, one) for o in _listed(state) if (one := known.get(str(o["payload"]).removeprefix("tech:").partition("|")[0]))]
    return min(shown, key=lambda pair: MERITS[merit](pair[1]))[0] if shown else None


def _adds_address(state: State, heard: Heard) -> bool:
    """Whether the street and number come amid a booking, when something else was asked."""
    amid = state.flow == "booking" and state.awaiting in ("confirm", "choice", "time") and heard.option is None
    tells = heard.intents[0] in ("inform", "correct") and not heard.slots
    decides = heard.yes or heard.no or heard.leans is not None
    return amid and tells and not decides and asides.of_a_street(heard.text)


def _by_question(heard: Heard, state: State) -> Heard:
    """What only the question before makes plain: a name among the options, stars, an amount, an address."""
    slots = dict(heard.slots)
    if heard.option is None and state.options and state.awaiting in ("choice", "booking", "confirm", "time", "place"):
        heard = replace(heard, option=_named(heard, state))
    if state.awaiting == "rating" and "stars" not in slots:
        index = answers.position(heard.text, 5)
        if index is not None:
            slots["stars"] = index + 1
    if state.awaiting == "amount" and "amount" not in slots and (number := _BARE_NUMBER.search(answers.fold(heard.text))):
        slots["amount"] = float(number[1])
    answers_place = state.awaiting == "place" and heard.text and not heard.yes and not heard.no and heard.option is None
    if answers_place and not {"city", "district"} & set(slots) and (town := spots.town(heard.text)):
        slots["city"] = town
    if answers_place and (answers.says("address", heard.text) or re.search(r"\d", heard.text)):
        slots.setdefault("address", heard.line(150))
    if _adds_address(state, heard):
        slots.setdefault("address", heard.line(150))
    if state.awaiting == "name" and not heard.yes and not heard.no and (name := names.name_in(heard.text)):
        slots["name"] = name
    if (meant := _meant_hour(state, heard)) is not None:
        slots = {**{k: v for k, v in slots.items() if k != "stars"}, "time": meant}
        heard = replace(heard, reading=replace(heard.reading, intents=("correct",)))
    elif (hour := _other_hour(state, heard)) is not None:
        slots["time"] = hour
    return replace(heard, slots=slots)


def _meant_hour(state: State, heard: Heard) -> str | None:
    """The hour of "sorry, I meant five", said to what is proposed for another."""
    start = str(state.proposal.summary.get("start") or "") if state.proposal is not None else ""
    short = len(heard.text.split()) <= SHORT_CORRECTION and answers.says("meant", heard.text) and not answers.says("address", heard.text)
    if len(start) < 16 or not short or {"time", "date", "amount", "quantity"} & heard.slots.keys():
        return None
    said = {int(n) for n in _HOUR.findall(answers.fold(heard.text))}
    said |= {int(hour) for hour, _, _ in lexicon("times", "hours").all(tokens_of(clean(heard.text)))}
    hour = said.pop() if len(said) == 1 else 0
    return f"{hour if hour >= FIRST_HOUR else hour + 12:02d}:00" if 1 <= hour <= 23 else None


def _other_hour(state: State, heard: Heard) -> str | None:
    """The hour wished for instead of the proposed one, where both are said as bare numbers: "11 rather than 9"."""
    start = str(state.proposal.summary.get("start") or "") if state.proposal is not None else ""
    if len(start) < 16 or "time" in heard.slots or heard.intents[0] not in ("reschedule", "check_availability", "correct", "inform", "deny"):
        return None
    proposed = int(start[11:13])
    said = {int(n) for n in _HOUR.findall(answers.fold(heard.text))}
    others = said - {proposed, proposed - 12}
    if len(others) != 1 or others == said:
        return None
    hour = others.pop()
    return f"{hour if hour >= FIRST_HOUR else hour + 12:02d}:00" if 1 <= hour <= 23 else None


def _named(heard: Heard, state: State) -> Mapping[str, Any] | None:
    """The option that has the technician, the hour, the reference or the place that was said; only when it is one alone."""
    wanted = {str(heard.slots[k]).casefold() for k in ("technician", "ref", "city", "district") if k in heard.slots}
    if time := heard.slots.get("time"):
        wanted.add(f"t{time}")
    folded, day = f" {answers.fold(heard.text)} ", str(heard.slots.get("date") or "")
    hits = []
    for option in state.options:
        payload, title = str(option.get("payload", "")).casefold(), answers.fold(str(option.get("title", "")))
        kind, _, value = payload.partition(":")
        if DAY.match(day) and DAY.match(value) and not value.startswith(day):
            continue  # the same hour of another day
        pieces = set(value.split("|")) | {value}
        name = title.split(" ")[0] if kind == "tech" else ""
        if (
            wanted & pieces
            or any(w.startswith("t") and w[1:] and w in value for w in wanted if w[1:2].isdigit())
            or (len(name) > 2 and f" {name} " in folded)
        ):
            hits.append(option)
    return hits[0] if len(hits) == 1 else None
