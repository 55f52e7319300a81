"""Finds what a text asserts as fact: amounts, hours, dates, references, phone numbers, people; and what a conversation supports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from domain.engagement.reply import LOCALES
from domain.files import read_yaml
from prompts import wording

WORDS = Path(__file__).parents[2] / "prompts" / "system" / "claims.yaml"
NO_EVIDENCE = ("id", "lat", "lon", "score")
EMERGENCY = {15, 150, 19, 190, 177, 141}

REF = re.compile(r"\bBR[- ]?(\d{3,})\b", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\d(?:[ .()-]{0,2}\d){8,14}(?!\d)")
ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?")
CLOCK = re.compile(r"(?<![\d:.,/-])(?:([01]?\d|2[0-3]) ?[:h] ?([0-5]\d)(?![\d:])(?: ?([ap])\.?m\b)?|(1[0-2]|0?[1-9]) ?([ap])\.?m\b)", re.IGNORECASE)
HOUR = re.compile(r"(?<!\w)(?:à|vers|dès|m3a) (\d{1,2}) ?h(?!\w)", re.IGNORECASE)
BARE_HOUR = re.compile(r"(?<![\d:.,/-])([01]?\d|2[0-4]) ?h(?![a-z])", re.IGNORECASE)
DAY = re.compile(r"(?<![\d/.,-])([0-3]?\d)[/.]([01]?\d)(?:[/.](?:20)?\d\d)?(?![\d/]|[.,]\d)")
PERCENT = re.compile(r"(\d+(?:[.,]\d+)?) ?(?:%|٪)")
NUMBER = re.compile(r"(?<![\w.,:/-])\d{1,3}(?:[  .,]\d{3})+(?![\d])|(?<![\w:/-])\d+(?:[.,]\d+)?")
TOKEN = re.compile(r"<[A-Z]+_\d+>")
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Claim:
    """`kind`: amount number percent time date ref phone name token. `value` is comparable, `written` is as in the text."""

    kind: str
    value: Any
    written: str


@dataclass
class Evidence:
    """What a conversation supports; grows with `add_*`."""

    numbers: set[float] = field(default_factory=set)
    hours: set[tuple[int, int]] = field(default_factory=set)
    loose_hours: set[int] = field(default_factory=set)  # a person's bare "3": any minute of that hour
    dates: set[tuple[int, int]] = field(default_factory=set)  # (day, month)
    refs: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def add_text(self, text: str, *, person: bool = False) -> None:
        """`person`: their own words, where a bare number may be an hour or a day."""
        plain = western(text)
        for match in ISO.finditer(plain):
            self.dates.add((int(match[3]), int(match[2])))
            if match[4]:
                self.hours.add((int(match[4]), int(match[5])))
        self.refs |= {m[1] for m in REF.finditer(plain)}
        self.phones |= {phone_key(m[0]) for m in PHONE.finditer(plain)}
        self.hours |= {value for _, value in clocks(plain)} | {(int(h), 0) for h in BARE_HOUR.findall(plain)}
        self.dates |= {(int(m[1]), int(m[2])) for m in DAY.finditer(plain)}
        found = {number(m[0]) for m in NUMBER.finditer(plain)}
        self.numbers |= found
        if person:
            self.loose_hours |= {int(n) for n in found if n <= 24 and n == int(n)} | {int(h) for h in BARE_HOUR.findall(plain)}
        self.words |= set(words(text))

    def add_json(self, value: Any, key: str = "") -> None:
        """A tool result or the facts, to any depth. Identifiers and scores are no evidence for a price."""
        if isinstance(value, Mapping):
            for inner, item in value.items():
                self.add_json(item, str(inner))
        elif isinstance(value, list | tuple):
            for item in value:
                self.add_json(item, key)
        elif isinstance(value, str):
            self.add_text(value)
            if key in ("name", "technician", "previous", "client_name"):
                for locale in LOCALES:
                    self.words |= set(words(wording.person_name(value, locale)))
        elif isinstance(value, int | float) and not isinstance(value, bool) and not key.endswith(NO_EVIDENCE):
            self.numbers.add(abs(float(value)))  # "30 less" is told without its sign

    def add_now(self, now: datetime) -> None:
        """The present, and the days people call by name."""
        self.hours.add((now.hour, now.minute))
        self.numbers.add(float(now.year))
        self.dates |= {((now + timedelta(days=d)).day, (now + timedelta(days=d)).month) for d in (-1, 0, 1, 2)}

    def supports(self, claim: Claim) -> bool:
        match claim.kind:
            case "amount" | "number" | "percent":
                near = (n for n in self.numbers if n == claim.value or (n != int(n) and abs(n - claim.value) < 1))
                return next(near, None) is not None or (claim.kind == "number" and claim.value in EMERGENCY)
            case "time":
                return any(_same_clock(claim.value, h) for h in self.hours) or any(claim.value[0] % 12 == h % 12 for h in self.loose_hours)
            case "date":
                return claim.value in self.dates
            case "ref":
                return claim.value in self.refs
            case "phone":
                return claim.value in self.phones
            case "name":
                return bool(self.words & spellings(claim.value))
        return False


def claims(text: str) -> list[Claim]:
    """Everything in `text` that must be true. Emergency numbers are always allowed."""
    plain = western(text)
    found = [Claim("token", m[0], m[0]) for m in TOKEN.finditer(plain)]

    def take(kind: str, matches: Iterable[tuple[re.Match[str], Any]]) -> None:
        nonlocal plain
        for match, value in list(matches):
            found.append(Claim(kind, value, match[0].strip()))
            plain = plain[: match.start()] + " " * len(match[0]) + plain[match.end() :]

    take("ref", ((m, m[1]) for m in REF.finditer(plain)))
    priced = [m.span() for m in _data()["money"].finditer(plain)]
    take("phone", ((m, phone_key(m[0])) for m in PHONE.finditer(plain) if not ISO.match(m[0]) and not _is_price(m, priced)))
    take("time", clocks(plain))
    take("time", ((m, (int(m[1]), 0)) for m in HOUR.finditer(plain) if int(m[1]) < 24))
    take("percent", ((m, number(m[1])) for m in PERCENT.finditer(plain)))
    money = _data()["money"]
    take("amount", ((m, v) for m in money.finditer(plain) for v in _amounts(m)))
    take("date", ((m, (int(m[1]), int(m[2]))) for m in DAY.finditer(plain) if 1 <= int(m[1]) <= 31 and 1 <= int(m[2]) <= 12 and m[0] != "24/7"))
    take("number", ((m, number(m[0])) for m in NUMBER.finditer(plain) if number(m[0]) >= 100 or "." in m[0] or "," in m[0]))
    found += [Claim("name", key, written) for key, written in names(text)]
    return found


def _is_price(match: re.Match[str], priced: Iterable[tuple[int, int]]) -> bool:
    """Whether what has the digits of a phone is a range of money, "7220-11890 dh"; no phone begins otherwise than with 0, + or 212."""
    return not match[0].startswith(("0", "+", "212")) and any(start <= match.start() and match.end() <= end for start, end in priced)


def clocks(plain: str) -> Iterator[tuple[re.Match[str], tuple[int, int]]]:
    """(match, (hour, minute)) of every hour written with its minutes or with am/pm."""
    for m in CLOCK.finditer(plain):
        hour, minute, half = (int(m[1]), int(m[2]), m[3]) if m[1] else (int(m[4]), 0, m[5])
        if half and hour <= 12:
            hour = hour % 12 + (12 if half.lower() == "p" else 0)
        yield m, (hour, minute)


def names(text: str) -> Iterator[tuple[str, str]]:
    """First names of people, and whoever is called the technician: (comparable, as written)."""
    data = _data()
    for match in WORD.finditer(text):
        key = fold(match[0])
        if key in data["names"] and (key not in data["also_words"] or (match[0][0].isupper() and match.start() and text[match.start() - 1] == " ")):
            yield key, match[0]
    for match in data["titled"].finditer(text):
        if fold(match[1]) not in data["names"] and fold(match[1]) not in data["not_names"]:
            yield fold(match[1]), match[1]


@cache
def spellings(key: str) -> frozenset[str]:
    """All folded ways to write one first name, in both scripts."""
    return _data()["names"].get(key, frozenset()) | {key}


def words(text: str) -> Iterator[str]:
    return (fold(m[0]) for m in WORD.finditer(text))


def western(text: str) -> str:
    """Western digits and separators."""
    text = text.replace("٫", ".").replace("٬", ",").replace("\u00a0", " ").replace("\u202f", " ")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def fold(word: str) -> str:
    """Lower case, no accents, no article, one spelling per Arabic letter."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    return bare.translate(str.maketrans("ىةـ", "يه ")).replace(" ", "")


def number(written: str) -> float:
    """ "1 250" "1.250" "1,250" -> 1250; "287,5" -> 287.5."""
    bare = written.replace(" ", "")
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", bare):
        return float(re.sub(r"[.,]", "", bare))
    return float(bare.replace(",", "."))


def phone_key(written: str) -> str:
    """The national digits: "+212 661-000001", "0661000001" -> "661000001"."""
    return re.sub(r"\D", "", written).removeprefix("00").removeprefix("212").lstrip("0")


def _amounts(match: re.Match[str]) -> Iterator[float]:
    """Both ends of a range; ryal (20 to the dirham) count as the dirhams they are."""
    ryal = bool(match["ryal"])
    for written in (match["low"], match["high"], match["before"]):
        if written:
            yield number(written) / 20 if ryal else number(written)


def _same_clock(claimed: tuple[int, int], known: tuple[int, int]) -> bool:
    """A claim before noon also names the afternoon ("3:30 d l3chiya")."""
    return claimed == known or (claimed[0] <= 12 and claimed[1] == known[1] and claimed[0] % 12 == known[0] % 12)


@cache
def _data() -> dict[str, Any]:
    raw = read_yaml(WORDS)
    amount = r"\d{1,3}(?:[ .,]\d{3})+(?!\d)|\d+(?:[.,]\d+)?"
    dirham, ryal, to = "|".join(raw["dirham"]), "|".join(raw["ryal"]), "|".join(raw["to"])
    after = rf"(?<![\w.,])(?:(?P<low>{amount}) ?(?:{to}) ?)?(?P<high>{amount}) ?(?:(?:{dirham})|(?P<ryal>{ryal}))(?!\w)"
    money = rf"{after}|(?<!\w)(?:{dirham}) ?(?P<before>{amount})"
    known: dict[str, frozenset[str]] = {}
    for group in raw["first_names"]:
        keys = frozenset(fold(n) for n in group.split())
        known.update({key: known.get(key, frozenset()) | keys for key in keys})
    titled = rf"(?<!\w)(?:{'|'.join(raw['titles'])}) ((?:[A-Z][\w'-]{{2,}})|(?:[\u0621-\u064a]{{3,}}))"
    return {
        "money": re.compile(money, re.IGNORECASE),
        "names": known,
        "also_words": {fold(w) for w in raw["also_words"]},
        "titled": re.compile(titled),
        "not_names": {fold(w) for w in raw["not_names"]},
    }
