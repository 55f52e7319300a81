from __future__ import annotations

import pytest

from bot.brain.understanding.features import chosen_option
from bot.brain.understanding.normalise import normalise, script_of
from domain.skeleton import skeleton


@pytest.mark.parametrize(
    ("latin", "arabic"),
    [("3afak", "عافاك"), ("bghit", "بغيت"), ("plombier", "بلومبي"), ("lclim", "لكليم"), ("khassni", "خاصني"), ("ghedda", "غدا"), ("l7it", "الحيط")],
)
def test_a_word_has_the_same_bones_in_both_scripts(latin: str, arabic: str) -> None:
    assert skeleton(normalise(latin)).rstrip("r") == skeleton(normalise(arabic))


@pytest.mark.parametrize(
    ("one", "other"),
    [("3AFAK", "3afak"), ("éteint", "eteint"), ("إلغاء", "الغاء"), ("bzzzzaf", "bzzaf"), ("٢٥", "25"), ("مدرسة", "مدرسه")],
)
def test_spellings_of_one_word_become_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_numbers_are_read_by_shape() -> None:
    assert normalise("0655 44 33 22") == normalise("+212655443322") == "<phone>"
    assert normalise("BR-1042") == normalise("br 3999") == "<ref>"
    assert normalise("350 dh") == normalise("420 dh")


def test_script_is_the_one_with_more_letters_and_falls_back_without_any() -> None:
    assert script_of("bghit واحد plombier") == "latn"
    assert script_of("بغيت plombier دابا عافاك") == "arab"
    assert script_of("123 👍", "arab") == "arab"


def test_a_bare_number_is_read_with_the_option_it_names() -> None:
    assert chosen_option("2", "1=accepter 2=refuser 3=autre heure") == "2 refuser"
    assert chosen_option("3.", "1=accepter, 2=refuser, 3=autre heure") == "3 autre heure"
    assert chosen_option("2", "Chhal d lbyout?") == "2"
    assert chosen_option("2 byout", "1=accepter 2=refuser") == "2 byout"
    assert chosen_option("2 svp", "1=accepter 2=refuser") == chosen_option("raqm 2", "1=accepter 2=refuser") == "2 refuser"
