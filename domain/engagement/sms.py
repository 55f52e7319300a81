"""What an SMS costs: alphabets, parts, and spelling that keeps a message in the cheap alphabet."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038, default alphabet and its extension table (each extension character costs two septets).
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_SINGLE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
_MULTI: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}  # the header that joins parts takes 7 septets or 3 units

_PUNCTUATION = str.maketrans(
    {
        "’": "'", "‘": "'", "‚": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "•": "-", "·": "-", "×": "x", "→": "->",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "œ": "oe", "Œ": "OE", "★": "*", "☆": "*", "°": "o",
        "\u200b": "", "\u200e": "", "\u200f": "", "\u2066": "", "\u2067": "", "\u2068": "", "\u2069": "", "\ufe0f": "", "\u200d": "",
    }
)  # fmt: skip


class Segments(NamedTuple):
    encoding: Encoding
    parts: int  # what the operator bills; 0 for an empty text


def is_gsm7(text: str) -> bool:
    return all(c in _BASIC or c in _EXTENDED for c in text)


def encoding_of(text: str) -> Encoding:
    """The alphabet the whole message travels in: one character outside GSM-7 makes all of it UCS-2."""
    return "GSM-7" if is_gsm7(text) else "UCS-2"


def units(text: str) -> int:
    """Septets (GSM-7) or 16-bit units (UCS-2) of the text."""
    return sum(_width(c, encoding_of(text)) for c in text) if text else 0


def _width(char: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if char in _EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1


def split(text: str) -> list[str]:
    """The parts as a phone receives them. An escaped or a surrogate pair is never torn between two parts."""
    encoding = encoding_of(text)
    if units(text) <= _SINGLE[encoding]:
        return [text] if text else []
    parts, part, used = [], "", 0
    for char in text:
        width = _width(char, encoding)
        if used + width > _MULTI[encoding]:
            parts.append(part)
            part, used = "", 0
        part += char
        used += width
    return [*parts, part]


def segments(text: str) -> Segments:
    """(encoding, parts) of a text: GSM-7 160 then 153 a part, UCS-2 70 then 67."""
    return Segments(encoding_of(text), len(split(text)))


def to_gsm7(text: str) -> str:
    """The same words in GSM-7 spelling (ç ê â lose their mark, quotes and dashes become plain, emoji go), or the text
    untouched when that cannot make it GSM-7 (Arabic letters): then the marks cost nothing."""
    if is_gsm7(text):
        return text
    plain = "".join(_plain(c) for c in text.translate(_PUNCTUATION))
    plain = re.sub(r"(?<=\S) {2,}", " ", "\n".join(line.strip(" ") for line in plain.split("\n")))
    return plain if plain.strip() and is_gsm7(plain) else text


def _plain(char: str) -> str:
    if char in _BASIC or char in _EXTENDED:
        return char
    if unicodedata.category(char) in ("So", "Sk"):  # emoji and their skin tones
        return ""
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    return bare or char


# What a one-part message must keep whole: the answers ("1=oui 2=non ...") and links; they stand last.
_TAIL = re.compile(r"(?:\b1 ?=|\bhttps?://|\b1[.)] )")


def fit(text: str, parts: int = 1) -> str:
    """The text cut to at most `parts` parts (>= 1). What is cut is the end of the story; answers and links after it stay."""
    text = to_gsm7(text).strip()
    if segments(text).parts <= parts:
        return text
    mark = "..." if is_gsm7(text) else "…"
    found = _TAIL.search(text)
    head, tail = (text[: found.start()], text[found.start() :]) if found else (text, "")
    glue = ("\n" if head.endswith("\n") else " ") if tail else ""
    low, high, best = 0, len(head), None
    while low <= high:
        middle = (low + high) // 2
        candidate = _cut(head, middle) + mark + glue + tail
        if segments(candidate).parts <= parts:
            best, low = candidate, middle + 1
        else:
            high = middle - 1
    if best is not None:
        return best
    rest = tail or text
    while segments(rest).parts > parts:  # nothing but answers and links, and even they are too long
        rest = rest[:-1]
    return rest


def _cut(text: str, length: int) -> str:
    """At most `length` characters, ending with a whole word where there is one."""
    if length >= len(text):
        return text.rstrip()
    whole, space, _ = text[:length].rpartition(" ")
    return (whole if space and len(whole) > length // 2 else text[:length]).rstrip(" ,;:.-")
