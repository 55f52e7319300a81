"""Hears one message that takes a job and refuses another: "the glazing yes, the carpentry no"."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.brain import answers, asides
from bot.brain.worker_words import worker_says

#: What says which of several jobs is meant.
NAMES_A_JOB = frozenset({"service", "district", "city", "ref", "date", "time"})
_JOINERS = "mais|par contre|but|walakin|ama|amma|w|et|and|ولكن|لكن|أما|اما|و"
_PIECE = re.compile(rf"[,;!?،؛؟\n]+|\.(?!\d)| (?:{_JOINERS}) | (?=و(?:ديال|لخرى|الأخرى|هاديك))", re.IGNORECASE)


@dataclass(frozen=True)
class Side:
    """A job named, and taken or refused; without slots it is the other one."""

    takes: bool
    slots: Mapping[str, Any]


def both_sides(text: str, read: Callable[[str], tuple[str, dict[str, Any]]]) -> tuple[Side, ...]:
    """Each job that is named with what is said to it; empty where all are taken, all refused, or it is not plain which.

    `read`: of a piece of the text, its language and the slots it brings.
    """
    pieces = [piece.strip() for piece in _PIECE.split(text) if piece.strip()]
    if len(pieces) < 2 or not any(_takes(piece, "ary") is False for piece in pieces):
        return ()
    found: list[Side] = []
    slots: dict[str, Any] | None = None
    takes: bool | None = None
    for piece in pieces:
        language, brought = read(piece)
        named = {name: value for name, value in brought.items() if name in NAMES_A_JOB}
        said = _takes(piece, language)
        if named and slots and takes is None:
            return ()
        if named or (slots is None and said is not None and asides.has("the_other", piece)):
            slots = named
        takes = takes if said is None else said
        if slots is not None and takes is not None:
            found.append(Side(takes, slots))
            slots, takes = None, None
    return tuple(found) if {side.takes for side in found} == {True, False} else ()


def _takes(piece: str, language: str) -> bool | None:
    """True or False where the words take or refuse a job; None where they do neither, or both."""
    words = [word for word in answers.fold(piece).split() if word != "la" or language != "fr"]  # the French article
    cannot = worker_says("cannot", piece)
    refuses = cannot or any(word in answers.lists()["no"] for word in words) or worker_says("but_not", piece)
    takes = answers.says("yes", piece) or asides.has("takes_it", piece) or (not cannot and worker_says("can", piece))
    return takes if takes != refuses else None
