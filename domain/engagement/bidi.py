"""Keeps numbers, references and Latin names readable inside Arabic sentences, and hostile direction marks out."""

from __future__ import annotations

import re
import unicodedata

LRI, PDI, RLM = "\u2066", "\u2069", "\u200f"
_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f\x80-\x9f\ud800-\udfff]")
_URL = re.compile(r"https?://\S+")
_LATIN = "A-Za-z\u00c0-\u024f"
# A run that starts and ends with a letter or digit of the Latin side; inside, anything but an Arabic letter, a bracket or a line end.
_RUN = re.compile(rf"[+#]?[{_LATIN}0-9](?:[{_LATIN}0-9@:/._\-–+%&=?#'’*]|[ ](?=[+{_LATIN}0-9]))*(?<=[{_LATIN}0-9%])")
_DISORDERS = re.compile(rf"[{_LATIN}+\-–/ ]")  # a bare number needs no help


def clean(text: str) -> str:
    """Without control characters, direction overrides and lone surrogates; line ends stay, tabs become spaces."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))


def is_rtl(text: str) -> bool:
    """Whether the first letter with a direction is Arabic: what a phone uses to lay the paragraph out."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def isolate(text: str) -> str:
    """Puts a left-to-right isolate around each Latin run, range and phone number of a text with Arabic letters in it.

    Without it "+212..." shows its plus at the wrong end and "10:00-12:00" reads backwards. Links are left bare (phones
    would take the closing mark into the address). Doing it twice changes nothing.
    """
    text = text.replace(LRI, "").replace(PDI, "")
    if not any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
        return text
    out, at = [], 0
    for link in _URL.finditer(text):
        out += [_RUN.sub(_wrapped, text[at : link.start()]), link.group()]
        at = link.end()
    return "".join([*out, _RUN.sub(_wrapped, text[at:])])


def _wrapped(run: re.Match[str]) -> str:
    words = run.group()
    return f"{LRI}{words}{PDI}" if _DISORDERS.search(words) else words
