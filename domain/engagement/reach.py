"""Knows the wish to be written to elsewhere ("ktbo lia f SMS machi f whatsapp") when it reads one, in every language people use with us."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from domain.engagement.optout import LONGEST, LONGEST_PHRASE, fold
from domain.files import read_yaml

Place = Literal["sms", "whatsapp", "telegram"]
#: Where we may write to somebody unasked; a web page is closed when its visitor leaves.
PLACES: tuple[Place, ...] = ("sms", "whatsapp", "telegram")
DATA = Path(__file__).with_name("reach.yaml")


def match(text: str) -> Place | None:
    """The channel that a message asks for, when it asks for nothing else; None for anything more, less, or a question."""
    if not text or len(text) > LONGEST or "?" in text or "؟" in text:
        return None
    roles = _read(tuple(fold(text).split()))
    if roles is None or not {"write", "not"} & set(roles):
        return None
    wanted: set[Place] = set()
    refused = False
    for role in roles:
        if role in PLACES:
            if not refused:
                wanted.add(role)
            refused = False
        else:
            refused = refused or role == "not"
    return wanted.pop() if len(wanted) == 1 else None


@cache
def _lexicon() -> dict[str, str]:
    """Folded phrase -> its role."""
    raw = read_yaml(DATA)
    return {fold(str(phrase)): role for role, phrases in raw.items() for phrase in phrases}


def _read(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The role of each phrase in turn, longest phrases first; None when one word is not ours."""
    if not words:
        return ()
    for end in range(min(len(words), LONGEST_PHRASE), 0, -1):
        role = _lexicon().get(" ".join(words[:end]))
        if role is not None and (rest := _read(words[end:])) is not None:
            return (role, *rest)
    return None
