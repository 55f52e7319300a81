"""Whatever arrives is understood somehow: no text, mutated, endless or from no alphabet, raises or stalls the reader."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.entities import extract
from bot.brain.understanding.reader import ARTEFACT, Reader
from evals.bench import fuzz

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ALPHABET = "aeimnou 0123456789357:/.,-'?!+*#@\n\u200f\u0640٣٤ابةتحدرسعفقلمنوي⭐➄²½dhmadbr"
HELD_OUT = Path(__file__).parents[1] / "entities" / "heldout"
WRITTEN = [
    str(line).partition(" => ")[0]
    for file in sorted(HELD_OUT.glob("*.yaml"))
    for lines in yaml.safe_load(file.read_text(encoding="utf-8")).values()
    for line in lines
]
FLOODS = ("nuit ", "m3a 3 sbah ", "mn lundi ", "kan m3a 3 ", "300 dh wla ", "hay ", "06 ", "br ", "⭐", "ma dow 3la qdam ", "\u0300", "1/")
GIVEN = settings(max_examples=1000, deadline=None)


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The reader that serves; its grammars may not hide a fault here as they do in a conversation."""
    return Reader(ARTEFACT, _strict)


def _strict(text: str, **asked: Any) -> dict[str, Any]:
    try:
        return extract(text, **asked)
    except Exception as fault:
        raise AssertionError(f"{fault!r} on {text!r}") from fault


def read(reader: Reader, text: str, context: str | None = None) -> None:
    _strict(text, role="technician", context=context, now=NOW)
    record = reader.understand(text, context=context, now=NOW)
    assert record.intents and 0 <= record.confidence <= 1


@GIVEN
@given(st.text(max_size=150), st.one_of(st.none(), st.text(max_size=60)))
def test_any_text_gets_a_record(reader: Reader, text: str, context: str | None) -> None:
    read(reader, text, context)


@GIVEN
@given(st.text(alphabet=ALPHABET, max_size=80))
def test_any_heap_of_letters_and_figures_gets_a_record(reader: Reader, text: str) -> None:
    read(reader, text)


@GIVEN
@given(st.randoms(use_true_random=False), st.integers(0, 10**6))
def test_what_people_write_with_accidents_of_typing_gets_a_record(reader: Reader, draw: Any, which: int) -> None:
    read(reader, fuzz.mutated(draw, WRITTEN[which % len(WRITTEN)]))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=ALPHABET, min_size=1, max_size=12), st.integers(2_000, 20_000))
def test_a_text_without_end_gets_a_record(reader: Reader, piece: str, length: int) -> None:
    read(reader, (piece * length)[:length])


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_of_one_thing_is_not_slower_than_its_length(piece: str) -> None:
    """Four times the text within the limit takes about four times as long: nothing is looked through again for each word."""
    short, long = _seconds(piece, 450), _seconds(piece, 1_800)
    assert long < 12 * short + 0.02


def _seconds(piece: str, length: int) -> float:
    def once(extra: int) -> float:
        text = f"{extra} {(piece * length)[:length]}"
        begun = time.process_time()
        extract(text, now=NOW)
        find_hazard(text)
        return time.process_time() - begun

    return min(once(extra) for extra in range(4))
