"""Cuts questions and documents into what BM25 counts: words, the consonants both scripts share, and pieces of words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.skeleton import skeleton
from domain.spelling import bare, clean

WORD = re.compile(r"[^\W_]+")
WHOLE, CONSONANTS, PIECE = 1.0, 0.7, 0.25  # how much each kind of term counts


def terms(text: str) -> Iterator[tuple[str, float]]:
    """(term, weight): whole words first, then their consonants in one alphabet ("kifach", "كيفاش" -> "kfS"), then pieces, which forgive spelling."""
    for word in WORD.findall(clean(text)):
        yield f"w:{word}", WHOLE
        for consonants in dict.fromkeys(skeleton(part) for part in bare(word)):
            if len(consonants) > 1:
                yield f"s:{consonants}", CONSONANTS
        padded = f" {word} "
        for size in (3, 4):
            for at in range(len(padded) - size + 1):
                yield padded[at : at + size], PIECE
