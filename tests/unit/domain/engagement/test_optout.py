"""STOP in every language is a STOP; a cancelled or interrupted job never is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.engagement import optout
from domain.engagement.optout import fold, match, wants_back

CASES = yaml.safe_load(Path(__file__).with_name("optout_cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", CASES["all"])
def test_a_wish_for_no_more_messages_is_understood(text: str) -> None:
    assert match(text) == "all"


@pytest.mark.parametrize("text", CASES["promotions"])
def test_a_wish_for_no_more_advertising_leaves_the_rest_on(text: str) -> None:
    assert match(text) == "promotions"


@pytest.mark.parametrize("text", CASES["none"])
def test_words_about_a_job_never_opt_out(text: str) -> None:
    assert match(text) is None


@pytest.mark.parametrize("text", CASES["back"])
def test_a_wish_to_hear_from_us_again_is_understood_and_is_no_stop(text: str) -> None:
    assert (wants_back(text), match(text)) == (True, None)


@pytest.mark.parametrize("text", CASES["not_back"] + CASES["all"] + CASES["none"][:12])
def test_words_about_a_job_are_no_start(text: str) -> None:
    assert not wants_back(text)


def test_no_word_of_the_lists_is_a_word_for_cancelling() -> None:
    lexicon = yaml.safe_load(optout.DATA.read_text(encoding="utf-8"))
    folded = {word for role in ("exact", "verbs") for phrase in lexicon[role] for word in [fold(str(phrase))]}
    assert folded.isdisjoint(
        {fold(w) for w in ("cancel", "annuler", "annule", "annulez", "lghi", "nlghi", "lghiha", "لغي", "ألغي", "إلغاء", "الغاء", "نلغي")}
    )


@given(st.sampled_from(["STOP", "وقف الرسائل", "7bso 3lia lmsg", "désabonner"]), st.text("!. \n🙂…", max_size=4), st.booleans())
def test_case_and_punctuation_do_not_matter(words: str, around: str, upper: bool) -> None:
    assert match(around + (words.upper() if upper else words) + around) == "all"


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert match(text) in (None, "all", "promotions")
