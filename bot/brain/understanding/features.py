"""Turns a message and what we said before it into hashed features, the same at training and at serving time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from bot.brain.understanding.entities.normalise import entries
from bot.brain.understanding.normalise import normalise, tokens
from domain.skeleton import skeleton

BITS = 17  # 131,072 buckets for all blocks together
LANGUAGE_BITS = 16
Hashes = npt.NDArray[np.int64]  # from 0 to 2**32 - 1
Blocks = dict[str, Hashes]  # the features of a message by kind
Features = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]

# How much each block weighs after its own length is taken out; chosen by cross-validation (finetune/LOG.md).
WEIGHTS = {"c": 1.0, "w": 1.0, "k": 0.8, "s": 0.8, "x": 1.0, "b": 1.2, "m": 0.3}

_LONGEST_CHOICE = 40  # letters of an answer that may be a number and a polite word
_KEPT_UP_TO = 24  # letters of a word whose n-grams are kept

_OPTION = re.compile(r"(?<!\w)(\d)\s*[=:.)-]\s*([^\d=\n]{2,40}?)(?=[,;.]|\s+\d\s*[=:.)-]|$)")
_BARE_NUMBER = re.compile(r"\W*(?P<before>[^\W\d]*)\W*(?P<number>\d)\W*(?P<after>[^\W\d]*)\W*")


def chosen_option(text: str, context: str | None) -> str:
    """A bare "2", or "2 svp", after "1=accepter 2=refuser" read as "2 refuser"; any other text as it is."""
    bare = _BARE_NUMBER.fullmatch(text) if context and len(text) <= _LONGEST_CHOICE else None
    if bare and context and {bare["before"].lower(), bare["after"].lower()} <= _beside_a_choice():
        for number, label in _OPTION.findall(context):
            if number == bare["number"]:
                return f"{number} {label.strip()}"
    return text


@cache
def _beside_a_choice() -> frozenset[str]:
    """What may stand beside the number of a choice: "2 svp", "raqm 2"."""
    return frozenset(["", *entries("numbers", "beside_a_choice")])


def hashed(block: str, items: Iterable[str]) -> Hashes:
    """A 32-bit hash of each item; the same item of another block has another."""
    start = crc32(block.encode())
    return np.array([crc32(item.encode(), start) for item in items], dtype=np.int64)


def grams(block: str, words: Iterable[str], shortest: int, longest: int) -> Hashes:
    """The hashes of the character n-grams inside word boundaries, which are spaces."""
    found = [(_kept if len(word) <= _KEPT_UP_TO else _grams)(block, word, shortest, longest) for word in words]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _grams(block: str, word: str, shortest: int, longest: int) -> Hashes:
    padded = f" {word} "
    sizes = range(shortest, min(longest, len(padded)) + 1)
    return hashed(block, [padded[at : at + n] for n in sizes for at in range(len(padded) - n + 1)])


_kept = lru_cache(maxsize=20_000)(_grams)  # words come again, within a message and in the next one


def pairs(words: list[str]) -> Iterable[str]:
    return (f"{a} {b}" for a, b in itertools.pairwise(words))


def blocks(text: str, context: str | None = None) -> Blocks:
    """The features of a message by kind: characters, words, consonant skeletons (both scripts alike), context, signs."""
    normal = normalise(chosen_option(text, context))
    words = tokens(normal)
    bones = [b for b in map(skeleton, words) if b]
    found = {
        "c": grams("c", words, 1, 5),
        "w": hashed("w", [*words, *pairs(["^", *words, "$"])]),
        "k": grams("k", bones, 2, 4),
        "s": hashed("s", [*bones, *pairs(["^", *bones, "$"])]),
    }
    if context:
        said = tokens(normalise(context))
        said_bones = [b for b in map(skeleton, said) if b]
        found["x"] = hashed("x", [*said, *said_bones, *pairs(said), *pairs(said_bones)])
        # A short answer means something only together with the question: "1", "ghali", "la".
        answer = ["^".join((a, b)) for a in ["*", *bones[:4]] for b in said_bones] if len(words) <= 6 else []
        found["b"] = hashed("b", [*answer, *(f"!{b}" for b in bones), *(f"!{w}" for w in words)])
    signs = [
        f"n{min(len(words), 30).bit_length()}",
        "ctx" if context else "alone",
        *(sign for sign in "?!%" if sign in normal),
        *(["؟"] if "؟" in normal else []),
        *(["num"] if any(c.isdigit() for c in normal) else []),
    ]
    found["m"] = hashed("m", signs)
    return found


def vector(found: Blocks, bits: int = BITS, idf: npt.NDArray[np.float32] | None = None) -> Features:
    """Bucket numbers (0 .. 2**bits - 1) and weights; each block has length WEIGHTS[block] in the end. A bucket that two blocks share comes twice."""
    mask = (1 << bits) - 1
    marked = [(hashes & mask) + (number << bits) for number, hashes in enumerate(found.values())]
    both, times = np.unique(np.concatenate(marked), return_counts=True)
    index, block = both & mask, both >> bits
    values = 1 + np.log(times)
    if idf is not None:
        values *= idf[index]
    length = np.sqrt(np.bincount(block, values * values, len(found)))
    length[length == 0] = 1.0
    weight = np.array([WEIGHTS.get(name, 1.0) for name in found])
    return index, (values * (weight / length)[block]).astype(np.float32)


def language_blocks(text: str) -> Blocks:
    """Features of which language a text is in: characters across words, and words."""
    words = tokens(normalise(text))
    return {"c": grams("c", words, 1, 5), "w": hashed("w", [*words, *pairs(words)])}
