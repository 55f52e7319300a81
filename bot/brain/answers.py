"""Reads short answers (yes, the second one, somebody cheaper) by the lists of prompts/answers.yaml, before the trained model is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[2] / "prompts" / "answers.yaml"
_ARABIC = str.maketrans("أإآٱىئؤةگڭ", "ااااييوهكك", "ـ")
_ARABIZI = re.compile(r"(?<=[a-z])[379](?=[a-z]|\b)|\b[379](?=[a-z])")
_SOUND = {"3": "a", "7": "h", "9": "q"}
_CH = re.compile("sh|x")  # as many write ch in Latin letters: "shkoun", "xkoun"
_OWN = frozenset({"wash", "ash", "mash", "cash", "max", "maxi", "fax"})  # words of other languages that would be Darija with ch
_WORD = re.compile(r"[^\W_]+")
_HOURS = re.compile(r"(?<!\d)([2-6]) ?(?:h|heures?|hours?|saat|sa3at|swayea?|ساعات)(?![^\W_])")
LATIN = "\u05ff"  # no letter up to here is Arabic
_LONGEST = 6  # words of one listed phrase
NEAR_NOT = 2  # words before an adverb, in which a "not" denies it
_LONGEST_ANSWER = 12  # words; more is no short answer


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Words in one spelling: no case, accents, Arabic marks, punctuation or doubles; Arabizi digits as letters, sh and x as ch; Western digits."""
    text = unicodedata.normalize("NFKD", text[:2000].lower().translate(_ARABIC))
    text = "".join(c for c in text if not unicodedata.combining(c)).translate(_ARABIC)
    text = "".join(str(unicodedata.digit(c)) if not c.isascii() and unicodedata.digit(c, None) is not None else c for c in text)
    text = _ARABIZI.sub(lambda m: _SOUND[m[0]], text)
    return " ".join(re.sub(r"([^\W\d_])\1+", r"\1", word if word in _OWN else _CH.sub("ch", word)) for word in _WORD.findall(text))


@cache
def lists() -> dict[str, Any]:
    """prompts/answers.yaml with every phrase folded."""
    raw: dict[str, Any] = yaml.load(DATA.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    signs = raw.pop("signs")
    folded = {name: {k: _folded(v) for k, v in value.items()} if isinstance(value, dict) else _folded(value) for name, value in raw.items()}
    return {**folded, "signs": signs}


@lru_cache(maxsize=8192)
def yes_no(text: str) -> bool | None:
    """True or False when the whole message is a yes or a no; None for anything else."""
    words = fold(text)
    if not words:  # no letters at all: a thumb may still be an answer
        signs = lists()["signs"]
        agreed, refused = (any(sign in text for sign in signs[name]) for name in ("yes", "no"))
        return agreed if agreed != refused else None
    if words in lists()["alone_yes"]:
        return True
    roles = _spell(tuple(words.split()), ("yes", "no", "filler"))
    if {"yes", "no"} <= roles:  # "la safi" is enough said; "wakha, ma kayn walo" nobody can tell
        return False if leaning(text) is False else None
    return True if "yes" in roles else False if "no" in roles else None


@lru_cache(maxsize=8192)
def leaning(text: str) -> bool | None:
    """True or False when the message begins with a yes or a no ("non, je préfère...", "ah non"); None when it begins with neither."""
    words = fold(text).split()
    if len(words) > 1 and words[0] in lists()["openers"]:  # "bon, d'accord", "ben non"
        words = words[1:]
    for size in range(min(len(words), 3), 0, -1):
        phrase = " ".join(words[:size])
        if phrase in lists()["yes"]:
            return not any(w in lists()["no"] for w in words[size : size + 1])  # "ah non"
        if phrase in lists()["no"]:
            return False
    return None


@lru_cache(maxsize=8192)
def behind_yes(text: str) -> str:
    """What stands behind the yes a message begins with, as it was written; empty where it begins with none, or is nothing else."""
    words = text.split()
    for size in range(min(len(words) - 1, 3), 0, -1):
        if fold(" ".join(words[:size])) in lists()["yes"]:
            return " ".join(words[size:])
    return ""


@lru_cache(maxsize=8192)
def hedged(text: str) -> bool:
    """Whether a message that sounds like a yes asks, doubts, sets a condition or tells us what to say: behind a yes stand a home and money."""
    folded = fold(text)
    words = folded.split()
    opens = any(" ".join(words[:size]) in lists()["conditions"] for size in (1, 2))
    return opens or asks(text) or holds(lists()["hedges"], folded)


def asks(text: str) -> bool:
    """Whether a question mark of either script is in the text."""
    return "?" in text or "؟" in text


@lru_cache(maxsize=8192)
def says(name: str, text: str) -> bool:
    """Whether a phrase of the list occurs in the text, as whole words (Arabic: also after w, b, f, l)."""
    return holds(lists()[name], fold(text))


@lru_cache(maxsize=8192)
def agrees(text: str) -> bool:
    """Whether a yes occurs in the text that is no adverb of what is denied: "ma katsme3ch mezian", "n'entend pas bien" agree to nothing."""
    folded = f" {fold(text)} "
    plain, well = tuple(p for p in lists()["yes"] if p not in lists()["well"]), tuple(lists()["well"])
    if holds(plain, folded.strip()):
        return True
    return any(not _denied(folded[: found.start() + 1].split()[-NEAR_NOT:]) for found in pattern(well, "").finditer(folded))


def _denied(before: list[str]) -> bool:
    negated = any(word in lists()["nots"] for word in before)
    return negated or any(re.fullmatch(r"ma.{2,}ch|ما.{2,}ش", word) for word in before)


@lru_cache(maxsize=8192)
def then_agrees(name: str, text: str) -> bool:
    """Whether a yes follows the last phrase of the list: "tant pis, d'accord à votre prix"."""
    folded = f" {fold(text)} "
    said = list(pattern(tuple(lists()[name]), "وبفل").finditer(folded))
    return bool(said) and holds(lists()["yes"], folded[said[-1].end() - 1 :].strip())


@lru_cache(maxsize=8192)
def after(name: str, text: str) -> str:
    """What follows the last phrase of the list, as it was written; empty when none occurs."""
    words = text.split()
    for start in range(len(words) - 1, -1, -1):
        for size in range(min(_LONGEST, len(words) - start), 0, -1):
            if fold(" ".join(words[start : start + size])) in lists()[name]:
                return " ".join(words[start + size :])
    return ""


@lru_cache(maxsize=8192)
def problem(text: str) -> str | None:
    """What went wrong with a job, in the words of report_problem; None when the words do not tell."""
    folded = fold(text)
    return next((kind for kind, phrases in lists()["problems"].items() if any(p in folded for p in phrases)), None)


@lru_cache(maxsize=8192)
def language(text: str) -> str | None:
    """The folder of prompts/replies that a wish names ("b lfransawia"), or None."""
    folded = fold(text)
    return next((locale for locale, phrases in lists()["languages"].items() if holds(phrases, folded)), None)


@lru_cache(maxsize=8192)
def position(text: str, count: int, *, alone: bool = False) -> int | None:
    """0-based place in a list of `count` that the text names by number or ordinal; None when it names none that exists.

    `alone`: only when the text is nothing but that number ("wa7ed" in "kayn chi wa7ed rkhes?" is nobody's choice).
    """
    words = fold(text)
    listed = lists()["ordinals"]
    exact = {phrase: int(n) for n, phrases in listed.items() for phrase in phrases}
    found = exact.get(words)
    if found is None:
        kept = " ".join(w for w in words.split() if w not in lists()["filler"] and w not in lists()["articles"])
        found = exact.get(kept)
        if found is None and (number := re.fullmatch(r"(?:le |la |n |nimiro |numero |raqm |رقم )?(\d)", kept or words)):
            found = int(number[1])
    if found is None and not alone and len(words.split()) <= 7:
        hits = {n for phrase, n in exact.items() if len(phrase) > 3 and not phrase.isdigit() and holds((phrase,), words)}
        found = hits.pop() if len(hits) == 1 else None
    if found is None:
        return None
    index = found - 1 if found > 0 else count + found
    return index if 0 <= index < count else None


@lru_cache(maxsize=8192)
def minutes(text: str) -> int | None:
    """A duration in whole minutes, 1..600, when the text tells one."""
    folded = fold(text)
    units = "|".join(sorted(map(re.escape, lists()["minutes"]), key=len, reverse=True))
    if number := re.search(rf"(\d{{1,3}}) ?(?:{units})(?![^\W\d_])", folded):
        return max(1, min(600, int(number[1])))
    if holds(lists()["half_hour"], folded):
        return 30
    return 60 if holds(lists()["hour"], folded) else None


@lru_cache(maxsize=8192)
def shift(text: str) -> int | None:
    """Whole minutes by which the booked hour is to move ("une heure plus tôt": -60, "30 min later": 30); None when the text tells none."""
    sign = -1 if says("sooner", text) else 1 if says("later_by", text) else 0
    hours = _HOURS.search(fold(text))
    length = 60 * int(hours[1]) if hours else minutes(text)
    return sign * length if sign and length else None


def option(text: str, options: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The option whose title or payload was typed, or whose place in the list was named."""
    folded = fold(text)
    if not folded:
        return None
    for choice in options:
        if folded in (fold(str(choice.get("title", ""))), fold(str(choice.get("payload", "")))):
            return choice
    # behind a yes or no stands a home and money: a number inside a sentence does not tap it
    decides = any(":" not in str(choice.get("payload", "")) for choice in options)
    index = position(_after_yes(folded) or text, len(options), alone=decides)
    return options[index] if index is not None else None


def _after_yes(folded: str) -> str | None:
    """The number that follows a yes: "safi 2" chooses the second, whatever the first is; None when there is none."""
    *said, number = folded.split()
    return number if said and re.fullmatch(r"[1-9]", number) and _spell(tuple(said), ("yes", "filler")) else None


def holds(phrases: Iterable[str], folded: str) -> bool:
    """Whether one of the folded phrases occurs in the folded text, as whole words (Arabic: also after w, b, f, l)."""
    return pattern(tuple(phrases), "وبفل").search(f" {folded} ") is not None


@lru_cache(maxsize=4096)
def pattern(phrases: tuple[str, ...], glued: str = "") -> re.Pattern[str]:
    """Any of the folded phrases between two spaces, in Arabic letters also behind one of the letters `glued`; of no phrase, what is never found."""
    before = f"[{glued}]?" if glued else ""
    forms = (re.escape(p) if p[0] <= LATIN else before + re.escape(p) for p in phrases)
    return re.compile(f" (?:{'|'.join(forms)}) " if phrases else r"(?!)")


def _spell(words: tuple[str, ...], roles: tuple[str, ...]) -> frozenset[str]:
    """The roles the words are made of, longest phrases first; empty when they cannot be made of listed phrases alone."""
    if len(words) > _LONGEST_ANSWER:
        return frozenset()
    for size in range(min(len(words), _LONGEST), 0, -1):
        phrase = " ".join(words[:size])
        for role in roles:
            if phrase in lists()[role]:
                if size == len(words):
                    return frozenset({role})
                if found := _spell(words[size:], roles):
                    return found | {role}
    return frozenset()


@cache
def phrases_of(path: Path) -> dict[str, dict[str, None]]:
    """The flat lists of another word file, folded: name -> phrases in their order."""
    raw: dict[str, list[Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {name: _folded(phrases) for name, phrases in raw.items()}


def mentions(text: str, phrases: Iterable[str]) -> bool:
    """Whether one of the folded phrases occurs in the text, as whole words."""
    return pattern(tuple(phrases)).search(f" {fold(text)} ") is not None


def _folded(phrases: Iterable[Any]) -> dict[str, None]:
    return dict.fromkeys(fold(str(p)) for p in phrases if fold(str(p)))
