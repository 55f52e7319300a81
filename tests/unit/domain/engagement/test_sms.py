"""What an SMS costs, checked against the standard and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engagement import sms

LIMITS = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
GSM = st.text("abcdefghijklmnopqrstuvwxyz ABC0123456789@$èéàùìò\n€[]{}~^|\\.,:;!?")
ANY = st.text(st.characters(blacklist_categories=["Cs"])) | GSM | st.text("ابتثجحخد 0123🙂ab")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("GSM-7", 0)),
        ("a" * 160, ("GSM-7", 1)),
        ("a" * 161, ("GSM-7", 2)),
        ("a" * 306, ("GSM-7", 2)),
        ("a" * 307, ("GSM-7", 3)),
        ("€" * 80, ("GSM-7", 1)),
        ("€" * 81, ("GSM-7", 2)),
        ("é" * 160, ("GSM-7", 1)),
        ("ê", ("UCS-2", 1)),
        ("ç", ("UCS-2", 1)),
        ("ع" * 70, ("UCS-2", 1)),
        ("ع" * 71, ("UCS-2", 2)),
        ("ع" * 134, ("UCS-2", 2)),
        ("ع" * 135, ("UCS-2", 3)),
        ("🙂" * 35, ("UCS-2", 1)),
        ("🙂" * 36, ("UCS-2", 2)),
        ("🙂" * 67, ("UCS-2", 3)),  # 33 a part: a pair is never torn
    ],
)
def test_parts_are_counted_as_operators_bill_them(text: str, expected: tuple[str, int]) -> None:
    assert sms.segments(text) == expected


@given(ANY)
def test_parts_joined_give_the_text_and_each_fits(text: str) -> None:
    parts = sms.split(text)
    encoding, count = sms.segments(text)
    assert "".join(parts) == text
    assert len(parts) == count
    single, multi = LIMITS[encoding]
    limit = single if count <= 1 else multi
    for part in parts:
        size = len(part.encode("utf-16-be")) // 2 if encoding == "UCS-2" else sum(2 if c in "\f^{}\\[~]|€" else 1 for c in part)
        assert 0 < size <= limit


@given(ANY, ANY)
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert sms.segments(text + more).parts >= sms.segments(text).parts


@given(ANY)
def test_cheap_spelling_never_costs_more_and_doing_it_twice_changes_nothing(text: str) -> None:
    plain = sms.to_gsm7(text)
    assert sms.segments(plain).parts <= max(1, sms.segments(text).parts) or len(plain) > len(text)
    assert sms.to_gsm7(plain) == plain
    assert plain == text or sms.is_gsm7(plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ça sera prêt, garçon", "Ça sera pret, garcon"),
        ("l’électricien arrive à 10 h…", "l'électricien arrive à 10 h..."),
        ("« œuvre » – fenêtre", '" oeuvre " - fenetre'),
        ("Confirmé ✅ BR-1042", "Confirmé BR-1042"),
        ("السلام ça va", "السلام ça va"),
        ("🙂", "🙂"),
    ],
)
def test_marks_that_cost_twice_are_dropped_where_the_words_stay_readable(text: str, expected: str) -> None:
    assert sms.to_gsm7(text) == expected


@given(ANY, st.integers(1, 3))
def test_what_is_cut_fits(text: str, parts: int) -> None:
    assert sms.segments(sms.fit(text, parts)).parts <= parts


@given(st.text("abcdefghij ", min_size=150, max_size=400))
def test_an_offer_too_long_keeps_its_answers_and_its_link(story: str) -> None:
    tail = "1=oui 2=non 3=autre heure https://bricol.ma/t/9-aX3kd02Lm1"
    cut = sms.fit(f"Bricol: {story} {tail}")
    assert cut.endswith(tail)
    assert cut.startswith("Bricol")
    assert sms.segments(cut) == ("GSM-7", 1)


def test_a_text_that_fits_is_left_alone() -> None:
    assert sms.fit("Ahmed yji m3a 10:00. 1=wakha 2=la") == "Ahmed yji m3a 10:00. 1=wakha 2=la"
