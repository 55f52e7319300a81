"""Corrects a reading by the words that name a wish outright ("cancel", "remboursez"), which the trained reader may miss in a busy message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.brain import answers
from bot.brain.understanding.base import Understanding

DATA = Path(__file__).parents[2] / "prompts" / "cues.yaml"
NEAR = 2  # words between a "not" and what it refuses
TRUSTED = 0.6  # a reading this sure of a `leave` intent stands
CLAUSE = re.compile(r"[,.;:!?،؛؟\n]+| (?:mais|but|walakin|ولكن|لكن) ", re.IGNORECASE)
NUMBER = re.compile(r"(?<!\w)\d{1,2}(?: ?h ?\d{0,2})?(?: \d\d)?(?!\w)")
#: A booking decides by its state which of the two is meant: cancelling says what comes back.
SAME = {"cancel", "request_refund"}
#: And these two never, unless words name both.
CONTRARY = frozenset({"cancel", "reschedule"})
#: Said beside a wish, they are its reason.
BESIDE = frozenset({"complain", "report_damage", "ask_faq"})
#: Where two are named, the first of these is the wish and the other its story.
RANK = (
    "ask_human", "opt_out", "report_damage", "cancel", "reschedule", "request_refund", "refund_status", "delete_data", "complain", "track",
    "booking_status", "ask_faq",
)  # fmt: skip
RULES = "ask_faq"
#: What has happened to somebody, or only might.
HAPPENED = frozenset({"complain", "report_damage"})
#: Short answers, before which or after which something may be supposed; a day or a trade in it is what they wish.
SAID_BESIDE, WHAT_OF = frozenset({"affirm", "deny", "inform", "correct"}), frozenset({"date", "time", "service", "city", "district", "amount_mad"})


def corrected(reading: Understanding, text: str, *, of_a_booking: bool = False) -> Understanding:
    """The reading with a named wish as its main intent and a refused one left out; the same reading where no word names one.

    `of_a_booking`: one is being spoken of, so that "make it Friday" needs no "appointment".
    """
    if supposed(text) and (reading.main in HAPPENED or (reading.main in SAID_BESIDE and WHAT_OF.isdisjoint(reading.entities))):
        return _led_by(reading, RULES)
    if reading.main == "ask_human" and not answers.asks(text) and _first(_lists()["if_need_be"], f" {answers.fold(text)} ") is not None:
        return _led_by(reading, "thank")
    wanted, refused = named(text, of_a_booking)
    if not wanted and not refused:
        return reading
    intents = tuple(i for i in reading.intents if i not in refused) or _next(reading, refused)
    if wanted == {RULES}:
        intents = (RULES,)
    elif wanted and intents[0] not in wanted and not _leave(intents[0], wanted, reading):
        main = next((i for i in intents if i in wanted), None) or next(w for w in RANK if w in wanted)
        intents = (main, *(i for i in intents if i != main and (i in wanted or i in BESIDE) and {i, main} != SAME))
    if set(intents) >= CONTRARY and not wanted >= CONTRARY:  # of one visit, either is meant
        intents = tuple(i for i in intents if i == intents[0] or i not in CONTRARY)
    if intents == reading.intents and (intents[0] not in wanted or reading.confidence >= TRUSTED):
        return reading
    sure = max(reading.confidence, TRUSTED) if intents[0] in wanted else reading.scores.get(intents[0], 0.3)
    return replace(reading, intents=intents, confidence=sure, scores={**reading.scores, intents[0]: sure})


def _led_by(reading: Understanding, intent: str) -> Understanding:
    sure = max(reading.confidence, TRUSTED)
    return replace(reading, intents=(intent,), confidence=sure, scores={**reading.scores, intent: sure})


@lru_cache(maxsize=4096)
def supposed(text: str) -> bool:
    """Whether it asks what would be, if: "et si le travail est mal fait ?"."""
    if not answers.asks(text):
        return False
    opens = tuple(f" {phrase} " for phrase in _lists()["supposes"])
    clauses = (answers.fold(clause) for clause in CLAUSE.split(text[:1000]))
    return any(f" {begins} ".startswith(opens) for clause in clauses for begins in (clause, _after_agreeing(clause)))


@lru_cache(maxsize=4096)
def quotes_us(text: str) -> bool:
    """Whether somebody of ours is said to have told or granted something: "your manager, Mr Alaoui, promised me"."""
    phrases = _lists()["wishes"]["ask_human"]["phrases"]
    clauses = (f" {answers.fold(clause)} " for clause in CLAUSE.split(text[:1000]))
    return any((found := _first(phrases, c)) is not None and _first(_lists()["has_said"], c[found:]) is not None for c in clauses)


def _after_agreeing(folded: str) -> str:
    """What stands behind an "ok" at the beginning of a clause; the clause itself where none does."""
    first, _, rest = folded.partition(" ")
    return rest if first in answers.lists()["yes"] else folded


def _leave(main: str, wanted: frozenset[str], reading: Understanding) -> bool:
    """Whether the reader is trusted more than the words. No reading tells better than the words where a technician is."""
    return main in _lists()["leave"] and reading.confidence >= TRUSTED and "track" not in wanted


def _next(reading: Understanding, refused: frozenset[str]) -> tuple[str, ...]:
    return (next((i for i in reading.scores if i not in refused), "inform"),)


@lru_cache(maxsize=4096)
def named(text: str, of_a_booking: bool = False) -> tuple[frozenset[str], frozenset[str]]:
    """The intents whose words occur, and those whose words occur only after a "not"."""
    wanted: set[str] = set()
    refused: set[str] = set()
    demanded = False
    lists = _lists()
    for clause in CLAUSE.split(text[:1000]):
        folded = f" {NUMBER.sub('0', answers.fold(clause))} "
        about_rules = _first(lists["wishes"][RULES]["phrases"], folded) is not None
        for intent, cue in lists["wishes"].items():
            if about_rules and intent != RULES:
                continue
            found = _first(cue["phrases"], folded)
            about = (of_a_booking and intent in ("cancel", "reschedule")) or _first(cue["about"], folded) is not None
            if found is None and about:
                found = _first(cue["verbs"], folded)
            if found is None:
                continue
            before = folded[:found].split()
            if intent == "cancel" and _first(lists["but_later"], folded[found:]) is not None and _first(lists["stay_away"], folded) == found:
                continue
            if intent == "ask_human" and _first(lists["has_said"], folded[found:]) is not None:
                continue  # "your manager promised me": nobody is asked for
            if intent == "request_refund" and _ends_with(lists["when_before"], before):
                wanted.add("refund_status")
            elif intent != RULES and _ends_with(lists["not_before"], before[-NEAR:]):
                refused.add(intent)
            elif intent == RULES or not _ends_with(lists["if_before"], before[-5:]):
                wanted.add(intent)
                demanded |= intent == "request_refund" and _first(lists["demands"], folded) is not None
    if {"track", "request_refund"} <= wanted:  # "where is" the money; who claims it, or waited for nobody and wants it back, asks for it
        claimed = demanded or _first(lists["waiting"], f" {answers.fold(text)} ") is not None
        wanted = wanted - {"track"} if claimed else wanted - {"track", "request_refund"} | {"refund_status"}
    return frozenset(wanted), frozenset(refused - wanted)


def _first(phrases: tuple[str, ...], folded: str) -> int | None:
    """Where the first of the phrases stands in a folded clause that begins and ends with a space; in Arabic letters also after w, f, l."""
    found = answers.pattern(phrases, "وفل").search(folded)
    return found.start() if found else None


def _ends_with(phrases: Iterable[str], words: list[str]) -> bool:
    near = f" {' '.join(words)} "
    return any(f" {p} " in near for p in phrases)


@cache
def _lists() -> dict[str, Any]:
    raw = yaml.load(DATA.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)

    def folded(phrases: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f for p in phrases if (f := answers.fold(p))))

    def verbs(cue: dict[str, Any]) -> tuple[str, ...]:
        """With the pronouns that Darija and Arabic hang on a verb."""
        return tuple(
            dict.fromkeys(
                f"{v}{e}" for v in folded(cue.get("verbs") or ()) for e in ("", *folded(raw["endings"]["arab" if v > "\u05ff" else "latn"]))
            )
        )

    wishes = {
        intent: {part: folded(cue.get(part) or ()) for part in ("phrases", "about")} | {"verbs": verbs(cue)} for intent, cue in raw["wishes"].items()
    }
    return {
        "not_before": folded(raw["not_before"]),
        "if_before": folded(raw["if_before"]),
        "when_before": folded(raw["when_before"]),
        "but_later": folded(raw["but_later"]),
        "stay_away": folded(raw["stay_away"]),
        "waiting": folded(raw["waiting"]),
        "demands": folded(raw["demands"]),
        "supposes": folded(raw["supposes"]),
        "if_need_be": folded(raw["if_need_be"]),
        "has_said": folded(raw["has_said"]),
        "leave": frozenset(raw["leave"]),
        "wishes": wishes,
    }
