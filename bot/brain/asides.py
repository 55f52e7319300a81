"""Knows by plain words what a message is about beside our business with it: the way to a door, whether we are a machine, orders about how we work."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.brain import answers
from prompts import wording

DATA = Path(__file__).parents[2] / "prompts" / "asides.yaml"
SHORT = 6  # words: a question about ourselves and little else
COURTESIES = ("filler", "courtesy", "yes")  # lists of prompts/answers.yaml


@lru_cache(maxsize=8192)
def has(name: str, text: str) -> bool:
    """Whether a phrase of a list of prompts/asides.yaml occurs in the text."""
    return answers.holds(answers.phrases_of(DATA)[name], answers.fold(text))


def for_the_visit(text: str, names_technician: bool = False) -> bool:
    """Whether the text says how to get in, or asks to pass a word on to who comes, and asks us nothing."""
    to_worker = has("relay_to", text) and (names_technician or has("worker", text))
    return (has("access", text) or has("relay", text) or to_worker or calls_ahead(text)) and not answers.asks(text)


def calls_ahead(text: str) -> bool:
    """Whether somebody is to be called before the visit: "عيطو للكاري قبل ما يوصل"."""
    return has("calls", text) and has("before_visit", text)


def of_a_contact(text: str) -> bool:
    """Of a message with a phone number in it: whether that is of somebody else, who is at home or opens the door."""
    return not has("own_call", text) and not answers.asks(text)


def of_a_street(text: str) -> bool:
    """Whether it tells a street or a door and its number, and asks nothing: "dar f zen9et 14, nemra 3"."""
    return answers.says("address", text) and any(c.isdigit() for c in text) and not answers.asks(text)


def elsewhere(text: str) -> bool:
    """Whether the text speaks of work in a Moroccan town where nobody of ours works; not of coming from there."""
    folded, lists = f" {answers.fold(text)} ", answers.phrases_of(DATA)
    return has("elsewhere", text) and not any(f" {word} {town} " in folded for word in lists["coming_from"] for town in lists["elsewhere"])


def how_are_you(text: str) -> bool:
    """Whether the whole message asks how we are, with nothing but courtesies around it."""
    words = answers.fold(text).split()
    phrases = answers.phrases_of(DATA)["how_are_you"]
    known = [p for p in phrases if f" {p} " in f" {' '.join(words)} "]
    named = {word for phrase in known for word in phrase.split()}
    courtesies = {word for name in COURTESIES for phrase in answers.lists()[name] for word in phrase.split()}
    return bool(known) and len(words) <= SHORT and all(word in named or word in courtesies for word in words)


def asks_who_answers(text: str) -> bool:
    """Whether it asks if a person or a machine writes; who wants a person asks something else."""
    asked = has("asks_us", text) or answers.asks(text)
    return has("robot", text) and asked and not has("wants_one", text)


def asks_danger(text: str) -> bool:
    """Whether it asks if there is danger."""
    return has("danger", text) and (answers.asks(text) or has("asks", text))


def of_another(text: str) -> bool:
    """Whether somebody else's data are spoken of, and not the writer's own."""
    return has("of_another", text) and not has("own", text)


def excludes(name: str, text: str) -> bool:
    """Whether the technician of that name is the one who is not wanted: "somebody other than Ahmed"."""
    for written in {answers.fold(wording.person_name(name, locale)) for locale in ("ary-Latn", "ary-Arab")}:
        before, named, _ = f" {answers.fold(text)} ".partition(f" {written} ")
        said = "".join(f" {word}" for word in before.split() if word not in answers.phrases_of(DATA)["before_a_name"])
        if named and any(said.endswith(f" {phrase}") for phrase in answers.phrases_of(DATA)["but_not"]):
            return True
    return False
