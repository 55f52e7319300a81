"""Throws 100,000 random and mutated messages at the reader: none may raise, none of 2,000 characters may take more than 50 ms."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from evals.bench.figures import Figure, at_most, quantile

MESSAGES = 100_000
LIMIT_MS = 50
LONGEST = 2_000  # characters
SEED = 20261121
_NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
#: Ranges of code points: ASCII, accents, Arabic and its forms, marks that combine, signs of direction, dingbats, emoji, everything.
_RANGES = ((32, 126), (48, 57), (160, 591), (1536, 1791), (65136, 65276), (768, 879), (8192, 8303), (9728, 10175), (0x1F300, 0x1FAFF), (1, 0xD7FF))
_GLUE = ("", " ", "\n", ", ", "...", "\u200f", "\u0640", "  ", "؟ ")
_KINDS = ("mutated", "mutated", "mutated", "mutated", "random", "long")


def measure() -> list[Figure]:
    """Figures for `bricol bench fuzz`: how many raised, and how long the slowest takes when it is read again (best of five, ms)."""
    from bot.brain.understanding.entities import extract
    from bot.brain.understanding.reader import ARTEFACT, Reader

    logging.getLogger("bot.brain.understanding.reader").setLevel(logging.CRITICAL)  # a fault is counted here, not logged 100,000 times
    raised: list[str] = []

    def watched(text: str, **given: Any) -> dict[str, Any]:
        try:
            return extract(text, **given)
        except Exception:
            raised.append(text)
            raise

    reader = Reader(ARTEFACT, watched)
    took: list[tuple[float, str]] = []
    for text in messages(MESSAGES, SEED):
        begun = time.perf_counter()
        try:
            reader.understand(text, now=_NOW)
        except Exception:
            raised.append(text)
        took.append(((time.perf_counter() - begun) * 1000, text))
    worst, slow = max((_again(reader, text), text) for _, text in sorted(took)[-30:])
    return [
        at_most("messages that made the reader raise", len(raised), "", 0, repr(raised[0][:60]) if raised else f"of {MESSAGES:,}"),
        at_most("reading one message, the slowest, best of five", worst, "ms", LIMIT_MS, f"{len(slow)} characters: {slow[:40]!r}"),
        at_most("reading one message of up to 200 characters, p95", quantile([ms for ms, text in took if len(text) <= 200], 0.95), "ms", 8),
    ]


def messages(count: int, seed: int) -> Iterator[str]:
    """`count` messages of at most 2,000 characters: what people write with letters lost, doubled and moved, random signs, floods of one thing."""
    from prompts.sentences import load

    draw = random.Random(seed)
    written = [sentence.text for sentence in load()]
    for _ in range(count):
        kind = draw.choice(_KINDS)
        if kind == "random":
            yield _random(draw, draw.randint(0, 200))
        elif kind == "mutated":
            yield mutated(draw, draw.choice(written))
        else:
            yield _long(draw, written)


def mutated(draw: random.Random, text: str) -> str:
    """The text after a few accidents of typing."""
    letters = list(text)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(letters) + 1)
        accident = draw.randrange(5)
        if accident == 0 and letters:
            del letters[at - 1]
        elif accident == 1:
            letters.insert(at, _random(draw, 1))
        elif accident == 2:
            letters[at:at] = letters[at : at + draw.randint(1, 12)] * draw.randint(1, 4)
        elif accident == 3:
            letters[at:], letters[:at] = letters[:at], letters[at:]
        else:
            letters[at : at + 1] = [str(draw.randrange(10))]
    return "".join(letters)[:LONGEST]


def _long(draw: random.Random, written: Sequence[str]) -> str:
    """Close to 2,000 characters: one message over and over, many messages, a flood of one word or sign."""
    kind = draw.randrange(4)
    if kind == 0:
        text = (draw.choice(written) + draw.choice(_GLUE)) * LONGEST
    elif kind == 1:
        text = draw.choice(_GLUE).join(draw.choice(written) for _ in range(60))
    elif kind == 2:
        word = draw.choice(draw.choice(written).split() or ["a"])
        text = (word + draw.choice(_GLUE)) * LONGEST
    else:
        text = _random(draw, LONGEST)
    return text[:LONGEST]


def _random(draw: random.Random, length: int) -> str:
    low, high = draw.choice(_RANGES)
    return "".join(chr(draw.randint(low, high)) for _ in range(length))


def _again(reader: Any, text: str) -> float:
    times = []
    for extra in range(5):
        begun = time.perf_counter()
        reader.understand(text[: LONGEST - 1] + str(extra), now=_NOW)  # another text each time: nothing comes from a cache
        times.append((time.perf_counter() - begun) * 1000)
    return min(times)
