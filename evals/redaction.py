"""Puts invented people in the place of real ones, the same one each time, and finds what is left of the real ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bot.middleware.claims import fold, names, phone_key, western
from bot.middleware.claims import spellings as name_spellings
from bot.redact import private_spans
from domain.files import read_yaml

FAKES = Path(__file__).with_name("fakes.yaml")
ARABIC = re.compile(r"[\u0621-\u064a]")
REF = re.compile(r"\bBR([- ]?)(\d{3,})\b", re.IGNORECASE)
DIGITS = re.compile(r"\d(?:[ .()/-]{0,2}\d){7,}")


@dataclass
class Fakes:
    """One conversation's invented details. `people`: full names known to the store; `addresses`: as the store has them."""

    people: Iterable[str] = ()
    addresses: Iterable[str] = ()
    _given: dict[tuple[str, str], int] = field(default_factory=dict)  # (kind, real) -> number of the fake
    _real: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = [_whole(part) for full in self.people for part in sorted({full, *full.split()}, key=len, reverse=True) if len(part) > 1]
        self._places = [_whole(a) for a in sorted(set(self.addresses), key=len, reverse=True) if len(a) > 3]

    def hide(self, text: str) -> str:
        """The same words about invented people."""
        for pattern in self._places:
            text = pattern.sub(lambda m: self.of("ADDRESS", m[0]), text)
        for start, end, kind in reversed(list(private_spans(text))):
            text = text[:start] + self.of(kind, text[start:end]) + text[end:]
        text = DIGITS.sub(lambda m: m[0] if self._is_fake(m[0]) else self.of("PHONE", m[0]), text)
        text = REF.sub(lambda m: self.of("REF", m[2]).replace("-", m[1] or "-"), text)
        for pattern in self._names:
            text = pattern.sub(lambda m: self.of("NAME", m[0]), text)
        for _, written in list(names(text)):
            text = _whole(written).sub(lambda m: self.of("NAME", m[0]), text)
        return _introduced().sub(lambda m: m[1] + self.of("NAME", m[2]), text)

    def of(self, kind: str, detail: str) -> str:
        """The invented detail in place of a real one; a fake stays what it is."""
        if (kind == "NAME" and fold(detail) in _fake_names()) or (kind == "PHONE" and self._is_fake(detail)):
            return detail
        key = _key(kind, detail)
        number = self._given.setdefault((kind, key), sum(k == kind for k, _ in self._given))
        self._real.setdefault(kind, set()).add(detail)
        data = _data()
        match kind:
            case "NAME":
                # the same person in both scripts
                return str(data["names"][number % len(data["names"])][bool(ARABIC.search(detail))])
            case "PHONE":
                fake = f"61099{number + 1:04d}"
                return f"+212{fake}" if western(detail).strip().startswith(("+", "00")) else f"0{fake}"
            case "REF":
                return f"BR-{7001 + number}"
            case "ADDRESS":
                return _nth(data["addresses"]["arab" if ARABIC.search(detail) else "latn"], number)
            case "EMAIL":
                return _nth(data["emails"], number)
            case "CARD":
                return _nth(data["cards"], number)
        return _nth(data["cins"], number)

    def left_in(self, text: str) -> list[str]:
        """Kinds of real details that are still in `text`: it must not leave then."""
        plain = western(text)
        found = []
        for kind, details in self._real.items():
            for detail in details:
                if kind == "PHONE":
                    there = phone_key(western(detail)) in re.sub(r"\D", "", plain) and not self._is_fake(detail)
                elif kind == "REF":
                    there = bool(re.search(rf"BR[- ]?{re.escape(detail)}\b", plain, re.IGNORECASE)) and not 7001 <= int(detail) < 7100
                else:
                    there = bool(_whole(detail).search(text)) and fold(detail) not in _fake_names()
                if there:
                    found.append(kind)
        return sorted(set(found))

    def _is_fake(self, written: str) -> bool:
        return phone_key(western(written)).startswith("61099") or western(written) in _data()["cards"]


def _key(kind: str, detail: str) -> str:
    if kind == "PHONE":
        return phone_key(western(detail))
    if kind == "NAME":
        return min(name_spellings(fold(detail)))
    return re.sub(r"\W+", "", detail.casefold())


def _nth(options: list[str], number: int) -> str:
    return str(options[number % len(options)])


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(FAKES)
    return found


@cache
def _fake_names() -> frozenset[str]:
    return frozenset(fold(name) for pair in _data()["names"] for name in pair)


@cache
def _introduced() -> re.Pattern[str]:
    """A capitalised name, one or two words, or after the plain words for "my name is" any Arabic pair, behind an introduction."""
    opening = "|".join(re.escape(w) for w in sorted(_data()["introduces"], key=len, reverse=True))
    return re.compile(rf"((?<!\w)(?i:{opening}) )([A-ZÀ-Ý][\w'-]+(?: [A-ZÀ-Ý][\w'-]+)?)")
