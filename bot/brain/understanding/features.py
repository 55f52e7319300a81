"""Turns a message and what we said before it into hashed features, the same at training and at serving time."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from zlib import crc32

import numpy as np
import numpy.typing as npt

from bot.brain.understanding.normalise import normalise, tokens
from domain.skeleton import skeleton

BITS = 17  # 131,072 buckets for all blocks together
LANGUAGE_BITS = 16
Features = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]

# How much each block weighs after its own length is taken out; chosen by cross-validation (finetune/LOG.md).
WEIGHTS = {"c": 1.0, "w": 1.0, "k": 0.8, "s": 0.8, "x": 1.0, "b": 1.2, "m": 0.3}

_OPTION = re.compile(r"(?<!\w)(\d)\s*[=:.)-]\s*([^\d=\n]{2,40}?)(?=[,;.]|\s+\d\s*[=:.)-]|$)")
_BARE_NUMBER = re.compile(r"\W*(\d)\W*")


def chosen_option(text: str, context: str | None) -> str:
    """A bare "2" after "1=accepter 2=refuser" read as "2 refuser"; any other text as it is."""
    bare = _BARE_NUMBER.fullmatch(text)
    if bare and context:
        for number, label in _OPTION.findall(context):
            if number == bare.group(1):
                return f"{number} {label.strip()}"
    return text


def grams(words: Iterable[str], shortest: int, longest: int) -> Iterable[str]:
    """Character n-grams inside word boundaries, which are spaces."""
    for word in words:
        padded = f" {word} "
        for n in range(shortest, longest + 1):
            if n > len(padded):
                break
            for at in range(len(padded) - n + 1):
                yield padded[at : at + n]


def pairs(words: list[str]) -> Iterable[str]:
    return (f"{a} {b}" for a, b in itertools.pairwise(words))


def blocks(text: str, context: str | None = None) -> dict[str, list[str]]:
    """The features of a message by kind: characters, words, consonant skeletons (both scripts alike), context, signs."""
    normal = normalise(chosen_option(text, context))
    words = tokens(normal)
    bones = [b for b in map(skeleton, words) if b]
    found = {
        "c": list(grams(words, 1, 5)),
        "w": [*words, *pairs(["^", *words, "$"])],
        "k": list(grams(bones, 2, 4)),
        "s": [*bones, *pairs(["^", *bones, "$"])],
    }
    if context:
        said = tokens(normalise(context))
        said_bones = [b for b in map(skeleton, said) if b]
        found["x"] = [*said, *said_bones, *pairs(said), *pairs(said_bones)]
        # A short answer means something only together with the question: "1", "ghali", "la".
        if len(words) <= 6:
            found["b"] = ["^".join((a, b)) for a in ["*", *bones[:4]] for b in said_bones]
        found["b"] = [*found.get("b", []), *(f"!{b}" for b in bones), *(f"!{w}" for w in words)]
    found["m"] = [
        f"n{min(len(words), 30).bit_length()}",
        "ctx" if context else "alone",
        *(sign for sign in "?!%" if sign in normal),
        *(["؟"] if "؟" in normal else []),
        *(["num"] if any(c.isdigit() for c in normal) else []),
    ]
    return found


def vector(found: dict[str, list[str]], bits: int = BITS, idf: npt.NDArray[np.float32] | None = None) -> Features:
    """Bucket numbers (0 .. 2**bits - 1) and weights; each block has length WEIGHTS[block] in the end. A bucket that two blocks share comes twice."""
    mask = (1 << bits) - 1
    index: list[npt.NDArray[np.int64]] = []
    values: list[npt.NDArray[np.float32]] = []
    for block, items in found.items():
        if not items:
            continue
        start = crc32(block.encode())
        times = Counter([crc32(item.encode(), start) & mask for item in items])
        at = np.fromiter(times, dtype=np.int64, count=len(times))
        here = (1 + np.log(np.fromiter(times.values(), dtype=np.float64, count=len(times)))).astype(np.float32)
        if idf is not None:
            here = here * idf[at]
        length = float(np.sqrt((here * here).sum()))
        values.append(here * (WEIGHTS.get(block, 1.0) / length) if length else here)
        index.append(at)
    if not index:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    return np.concatenate(index), np.concatenate(values)


def language_blocks(text: str) -> dict[str, list[str]]:
    """Features of which language a text is in: characters across words, and words."""
    words = tokens(normalise(text))
    return {"c": list(grams(words, 1, 5)), "w": [*words, *pairs(words)]}
