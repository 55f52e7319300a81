"""Reads what a reply states as values (amounts, references, hours, days, phones), so that a check holds in every script and digit system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.middleware.claims import BARE_HOUR, claims, fold, phone_key, western, words
from bot.middleware.claims import spellings as name_spellings
from domain.engagement.reply import LOCALES
from domain.files import read_yaml
from prompts import wording

WORDS = Path(__file__).with_name("values.yaml")
#: Direction marks and joiners that a renderer puts around numbers in Arabic text: invisible, and no part of a value.
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

KINDS: tuple[str, ...] = ("amount", "ref", "time", "date", "percent", "phone", "name", "number")


@dataclass(frozen=True)
class Value:
    """One comparable value of a text; times are (hour, minute), dates (day, month), phones their national digits."""

    kind: str
    value: Any


def plain(text: str) -> str:
    """Western digits and separators, no invisible marks: what a pattern is tried on beside the text itself."""
    return western(INVISIBLE.sub("", text))


def values(text: str, now: datetime | None = None) -> set[Value]:
    """Every value stated. `now` (local) lets days called by name ("ghedda", "jeudi") count as their date."""
    shown = plain(text)
    found = {Value(c.kind, c.value) for c in claims(shown)}
    found |= {Value("time", (int(h) % 24, 0)) for h in BARE_HOUR.findall(shown)}
    found |= {Value("time", (int(m["h"] or m["h2"]) % 24, 0)) for m in _hour().finditer(shown)}
    found |= {Value("date", day) for day in _days(shown, now)}
    return found


def states(text: str, kind: str, wanted: Any, now: datetime | None = None) -> bool:
    """Whether `text` says this value, however it is written. An hour before noon also stands for the afternoon ("3 d l3chiya")."""
    if kind == "name":
        return bool(name_spellings(fold(str(wanted))) & set(words(text)))
    value = comparable(kind, wanted)
    if kind == "number":
        return any(v.value == value for v in values(text, now) if v.kind in ("number", "amount", "percent")) or value in _bare_numbers(text)
    said = {v.value for v in values(text, now) if v.kind == kind}
    if kind == "time":
        return value in said or any(h <= 12 and m == value[1] and h % 12 == value[0] % 12 for h, m in said)
    if kind == "amount":
        return any(abs(v - value) < 0.5 for v in said)
    return value in said


def comparable(kind: str, wanted: Any) -> Any:
    """A scenario's way of writing a value, as it is compared. Raises ValueError naming the form that is understood."""
    try:
        match kind:
            case "amount" | "percent" | "number":
                return float(wanted)
            case "ref":
                return re.sub(r"\D", "", str(wanted)) or _refuse()
            case "time":
                if isinstance(wanted, int):  # YAML reads 10:00 as minutes
                    return divmod(wanted, 60)
                hour, minute = str(wanted).split(":")
                return int(hour), int(minute)
            case "date":
                day = wanted if isinstance(wanted, date) else date.fromisoformat(str(wanted)[:10])
                return day.day, day.month
            case "phone":
                return phone_key(str(wanted)) or _refuse()
            case "name":
                return str(wanted)
    except (ValueError, TypeError) as error:
        raise ValueError(f'{kind}: {wanted!r} cannot be compared; write amount: 320, ref: BR-1042, time: "10:00", date: 2026-11-24') from error
    raise ValueError(f"unknown kind of value {kind!r}; one of {', '.join(KINDS)}")


def _refuse() -> Any:
    raise ValueError("no digits")


def _bare_numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"(?<![\w.,:/-])\d+(?![\w:/]|[.,]\d)", plain(text))}


def _days(text: str, now: datetime | None) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    folded = f" {' '.join(words(text))} "
    numbered = re.sub(r"\s+", " ", " ".join(fold(w) for w in re.findall(r"[^\W\d_]+|\d+", text)))
    for name, month in _months().items():
        found |= {(int(d), month) for d in re.findall(rf"(?<!\d)(\d{{1,2}}) (?:of |de )?{re.escape(name)}\b", numbered)}
        found |= {(int(d), month) for d in re.findall(rf"\b{re.escape(name)} (?:the )?(\d{{1,2}})(?!\d)", numbered)}
    if now is not None:
        for name, ahead in _named_days(now.weekday()).items():
            if f" {name} " in folded:
                day = now.date() + timedelta(days=ahead)
                found.add((day.day, day.month))
    return found


@cache
def _months() -> dict[str, int]:
    return {fold(name): n for locale in LOCALES for n, name in enumerate(wording.names(locale)["months"], 1)}


@cache
def _named_days(weekday: int) -> dict[str, int]:
    """Folded name of a day -> how many days from one that is `weekday`; a weekday's name means the next of them."""
    found: dict[str, int] = {}
    for locale in LOCALES:
        names = wording.names(locale)
        for n, name in enumerate(names["weekdays"]):
            found[" ".join(words(name))] = (n - weekday - 1) % 7 + 1
        for key, ahead in (("today", 0), ("tomorrow", 1), ("yesterday", -1)):
            found[" ".join(words(names[key]))] = ahead
    return {name: ahead for name, ahead in found.items() if name}


@cache
def _hour() -> re.Pattern[str]:
    raw = read_yaml(WORDS)
    before, after = "|".join(map(re.escape, raw["before_hour"])), "|".join(map(re.escape, raw["after_hour"]))
    unit = "|".join(map(re.escape, raw["no_hour_after"]))
    hour = r"(?:[01]?\d|2[0-4])(?![\d:.,/h])"
    return re.compile(rf"(?<!\w)(?:{before}) (?P<h>{hour})(?! ?(?:{unit})(?!\w))|(?<![\w.,:/-])(?P<h2>{hour}) (?:{after})(?!\w)", re.IGNORECASE)
