"""Reads a phone number as Moroccans write it: spaces, dots, +212, 00212, Arabic-Indic digits."""

from __future__ import annotations

import re

import phonenumbers

_RUN = re.compile(r"(?<![\w\d])(?:\+|00)?\(?\d(?:[\s.\-()/_]{0,3}\d){7,14}(?!\d)")


def find_phone(text: str) -> tuple[str, int, int] | None:
    """(E.164, start, end) of the first valid number in a cleaned text, read as Moroccan when it has no country code; None when there is none."""
    for run in _RUN.finditer(text):
        raw = run.group()
        written = re.sub(r"[^\d+]", "", raw)
        if re.fullmatch(r"212\d{9,10}", written):
            written = "+" + written
        written = re.sub(r"^(\+212|00212)0", r"\1", written)
        if re.fullmatch(r"[67]\d{8}", written):
            written = "0" + written
        try:
            number = phonenumbers.parse(written, "MA")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), run.start(), run.end()
    return None
