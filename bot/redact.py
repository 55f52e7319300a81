"""Finds what is somebody's own in a text (phones, cards, identity numbers, addresses) and keeps it out of logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.middleware.claims import western
from domain.files import read_yaml

WORDS = Path(__file__).parents[1] / "prompts" / "system" / "redaction.yaml"
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CARD = re.compile(r"(?<![\w])\d(?:[ -]?\d){12,18}(?!\d)")
PHONE = re.compile(  # Moroccan with or without prefix, or any number written internationally
    r"(?<![\w.])(?:(?:(?:\+|00) ?212|0)[ .()-]{0,2}[5-8](?:[ .()-]{0,2}\d){8}|\+\d(?:[ .()-]{0,2}\d){7,13}|212[5-8]\d{8})(?!\d)"
)
CIN = re.compile(r"(?<![\w-])[A-Z]{1,2} ?\d{5,6}(?![\w-])", re.IGNORECASE)


def private_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of what looks private, left to right, without overlaps; digits of any script count."""
    plain = western_same_length(text)
    taken: list[tuple[int, int, str]] = []
    for kind, pattern in (("EMAIL", EMAIL), ("CARD", CARD), ("PHONE", PHONE), ("CIN", CIN), ("ADDRESS", _address())):
        for m in pattern.finditer(plain):
            if kind == "CARD" and not luhn(m[0]):
                continue
            if all(m.end() <= start or m.start() >= end for start, end, _ in taken):
                taken.append((m.start(), m.end(), kind))
    yield from sorted(taken)


def redact(text: str) -> str:
    """For logs and traces: kinds instead of details, not reversible."""
    for start, end, kind in reversed(list(private_spans(text))):
        text = f"{text[:start]}<{kind}>{text[end:]}"
    return text


class RedactingFilter(logging.Filter):
    """Redacts what a record will say, its arguments and its traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def luhn(written: str) -> bool:
    digits = [int(c) for c in written if c.isdecimal()]
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def western_same_length(text: str) -> str:
    return western(text) if len(western(text)) == len(text) else text


@cache
def _address() -> re.Pattern[str]:
    raw = read_yaml(WORDS)
    street, door, numbered, small = ("|".join(raw[name]) for name in ("street", "door", "numbered", "small"))
    # after the name's first word only capitals go on: people write their wish right behind an address
    french = rf"\d{{1,4}}(?: ?bis| ?ter)?,? (?:{numbered})\b\.? (?:(?:{small})\b ?)*[^\W\d][\w'-]+(?-i:(?: [A-ZÀ-Ý][\w'-]+)*)"
    one = rf"(?:{french}|(?:{street})\b[^\n,;.!?،؟]{{0,40}}?\d+\w?|(?:{door}) ?(?:n°|nm|رقم)? ?(?:\d+\w?|[A-Z]\b))"
    return re.compile(rf"(?<!\w){one}(?:[ ,،-]*{one})*(?!\w)", re.IGNORECASE)
