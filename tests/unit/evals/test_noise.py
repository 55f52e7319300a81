"""People respell differently in every trial, the same each time, and never what must stay."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.noise import Noise, kept

NUMBERS = ["320dh", "10h30", "BR-1042", "0661000001", "14:30", "٣٢٠", "24/11", "+212661000001", "3", "2eme"]
WORDS = [*NUMBERS, "m3a", "9rib", "bghit", "l'eau", "tomorrow"]
ARABIZI = "slm, bghit wa7ed lplombier 3afak lma kaysil mn t7t lavabo f cuisine, khasni chi 7ed ghedda"
FRENCH = "Bonjour, j'ai une fuite d'eau très importante à côté de l'évier, pouvez-vous venir aujourd'hui ?"
ARABIC = "السلام عليكم، أريد سباكا لإصلاح الحنفية المكسورة في المطبخ إلى غاية يوم الجمعة"


@pytest.mark.parametrize(("language", "text"), [("ary", ARABIZI), ("fr", FRENCH), ("ar", ARABIC)])
def test_trials_differ_and_repeat(language: str, text: str) -> None:
    trials = [Noise(language, trial, 7, "one")(text) for trial in range(1, 13)]
    assert trials == [Noise(language, trial, 7, "one")(text) for trial in range(1, 13)]
    assert len(set(trials)) >= 5 and any(t != text for t in trials)
    assert trials != [Noise(language, trial, 8, "one")(text) for trial in range(1, 13)], "the seed changes nothing"


def test_trial_zero_says_what_is_written() -> None:
    assert Noise("ary", 0, 7, "one")(ARABIZI) == ARABIZI


@pytest.mark.parametrize("word", ["wakha", "oui", "non", "la", "yes", "no", "لا", "نعم", "واخا", "STOP", "stop", "1", "14:30", "ok"])
def test_a_word_that_decides_stays(word: str) -> None:
    assert {Noise("ary", trial, 0, "x")(word) for trial in range(1, 40)} == {word}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 50),
    st.sampled_from(["ary", "fr", "en", "ar"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
)
def test_digits_of_numbers_never_change(trial: int, language: str, words: list[str]) -> None:
    said = Noise(language, trial, 3, "p")(" ".join(words)).split()
    assert [w for w in said if w in NUMBERS] == [w for w in words if w in NUMBERS]


def test_letters_of_arabizi_are_no_numbers() -> None:
    words = ["3h", "9dima", "2eme", "3afak", "m3a", "10h30", "5dh", "zen9at", "7", "9hwa", "br-1042", "don't"]
    assert [w for w in words if kept(w)] == ["3h", "2eme", "10h30", "5dh", "7", "br-1042", "don't"]


def test_a_respelled_message_keeps_its_words() -> None:
    for trial in range(1, 30):
        assert abs(len(Noise("ary", trial, 0, "x")(ARABIZI).split()) - len(ARABIZI.split())) <= 1
        assert not re.search(r"\s{3,}", Noise("fr", trial, 0, "x")(FRENCH))
