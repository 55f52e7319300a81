"""A value is the same value in every script and digit system, and an oracle can say what a pattern wants."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.example import example
from evals.graders.values import comparable, states
from evals.graders.words import says

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("wakha m3a 10 d sbah ghedda", "time", "10:00"),
        ("jeudi 26 novembre à 10h", "time", "10:00"),
        ("at 3:30 pm", "time", "15:30"),
        ("غدا على الساعة ١٠", "time", "10:00"),
        ("غدا على الساعة ١٠", "date", "2026-11-24"),
        ("nhar lkhmis 26/11", "date", "2026-11-26"),
        ("jeudi 26 novembre", "date", "2026-11-26"),
        ("Thursday 26 November", "date", "2026-11-26"),
        ("الثمن \u2066٣٢٠\u2069 درهم", "amount", 320),
        ("1 250 MAD", "amount", 1250),
        ("entre 250 et 320 DH", "amount", 250),
        ("réf. BR-1042.", "ref", "BR-1042"),
        ("+212 661 00 00 01", "phone", "0661000001"),
        ("أحمد جاي", "name", "ahmed"),
        ("عندك 3 ديال الخدمات", "number", 3),
    ],
)
def test_a_value_is_read_whatever_it_is_written_in(text: str, kind: str, value: object) -> None:
    assert says(text, {kind: value}, NOW)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("dans 10 minutes", "time", "10:00"),
        ("à 10:30", "time", "10:00"),
        ("3200 dh", "amount", 320),
        ("BR-10421", "ref", "BR-1042"),
        ("nhar ljem3a 27/11", "date", "2026-11-26"),
        ("Ahmadi street", "name", "youssef"),
    ],
)
def test_another_value_is_not_it(text: str, kind: str, value: object) -> None:
    assert not says(text, {kind: value}, NOW)


@given(st.integers(100, 9999), st.sampled_from(["{} MAD", "{} dh", "{} درهم", "taman {} dhs", "{} dirhams"]), st.booleans())
def test_any_amount_is_found_in_either_digits(amount: int, form: str, arabic: bool) -> None:
    written = str(amount).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) if arabic else str(amount)
    assert states(form.format(written), "amount", amount)
    assert not states(form.format(written), "amount", amount + 1)


def test_a_pattern_in_western_digits_matches_arabic_ones() -> None:
    assert says("الثمن ٣٢٠ درهم", r"\b320\b")


@pytest.mark.parametrize(("kind", "value"), [("time", "ten"), ("amount", "a lot"), ("date", "26/11"), ("ref", "none"), ("colour", "red")])
def test_a_value_that_cannot_be_compared_is_refused(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"value|compared"):
        comparable(kind, value)


PATTERNS = [r"(?<!\d)(15|150)(?!\d)", r"\d{3}|[٠-٩]{3}", "(?i)ahmed|BR-1101|10:00", "(?i)cash|card", "^salam", r"[^a-z]\s+x?", r"(a|b(c|d))+e"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_example_matches_its_pattern(pattern: str) -> None:
    found = example(pattern)
    assert found is not None and re.search(pattern, found)


def test_no_example_where_nothing_can_match() -> None:
    assert example(r"a(?!b)b") is None
