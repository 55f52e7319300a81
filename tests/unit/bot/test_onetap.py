"""One-tap links: short, signed, and nothing else opens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.onetap import OneTapLinks, read, token

SECRET = b"0123456789abcdef0123456789abcdef"


@given(st.integers(1, 10**12), st.sampled_from(["accept", "decline"]))
def test_a_token_reads_back_and_stays_short(offer: int, answer: str) -> None:
    assert read(SECRET, token(SECRET, offer, answer)) == (offer, answer)
    assert len(token(SECRET, offer, answer)) <= 22


@given(st.text(max_size=40))
def test_no_other_text_is_a_token(text: str) -> None:
    assert read(SECRET, text) is None


@given(st.integers(1, 10**6), st.integers(0, 30), st.sampled_from("0aZ_-é"))
def test_a_changed_token_is_refused(offer: int, place: int, letter: str) -> None:
    genuine = token(SECRET, offer, "accept")
    place %= len(genuine)
    changed = genuine[:place] + letter + genuine[place + 1 :]
    assert changed == genuine or read(SECRET, changed) is None


def test_another_house_signs_differently() -> None:
    assert read(b"another secret of another house!", token(SECRET, 7, "accept")) is None


def test_a_link_leaves_room_for_the_offer_in_one_sms() -> None:
    link = OneTapLinks("https://bricol.ma", SECRET).one_tap(123_456, "accept")
    assert len(link) <= 40
