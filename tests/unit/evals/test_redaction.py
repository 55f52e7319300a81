"""Real people leave no trace in a scenario: every planted detail is replaced, the same one by the same fake."""

from __future__ import annotations

import pytest

from evals.redaction import Fakes

PEOPLE = ["Salma Bennani", "سلمى"]
ADDRESSES = ["12 rue Ibn Sina, imm 4"]


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("ana Salma, nemrti 0661234567", ["Salma", "661234567"]),
        ("رقمي ٠٦٦١٢٣٤٥٦٧ أنا سلمى", ["٠٦٦١٢٣٤٥٦٧", "سلمى"]),
        ("j'habite 12 rue Ibn Sina, imm 4 au maarif", ["Ibn Sina"]),
        ("zen9at 45 imm 6 appt 2, maarif", ["zen9at 45", "imm 6"]),
        ("CIN BE123456, carte 4111 1111 1111 1111, mail salma.b@gmail.com", ["BE123456", "4111 1111", "salma.b", "gmail"]),
        ("BR-1042 dyali", ["1042"]),
        ("Je m'appelle Clotilde Duroc", ["Clotilde", "Duroc"]),
        ("M. BENNANI Salma ici", ["BENNANI", "Salma"]),
        ("fatima zahra hya li ghadi t7el, w rachid", ["fatima", "rachid"]),
        ("212661234567 / +212 6 61 23 45 67", ["661234567", "61 23 45 67"]),
    ],
)
def test_a_planted_detail_is_replaced(text: str, gone: list[str]) -> None:
    fakes = Fakes(PEOPLE, ADDRESSES)
    hidden = fakes.hide(text)
    assert not [detail for detail in gone if detail.casefold() in hidden.casefold()]
    assert fakes.left_in(hidden) == []
    assert fakes.left_in(text), "the last look would not see it"


def test_the_same_person_is_the_same_fake_in_both_scripts() -> None:
    fakes = Fakes(["Ahmed"])
    latin, arabic = fakes.hide("Ahmed jay, Ahmed"), fakes.hide("أحمد جاي")
    assert len(set(latin.replace(",", "").split()) - {"jay"}) == 1
    assert (latin.split()[0], arabic.split()[0]) == ("Mounia", "منية")


def test_phones_keep_their_form_and_stay_one_person() -> None:
    fakes = Fakes()
    assert fakes.hide("0661234567, +212661234567").split(", ") == ["0610990001", "+212610990001"]
    assert fakes.hide(fakes.hide("0661234567")) == "0610990001", "a fake is nobody's detail"


def test_what_is_nobodys_stays() -> None:
    text = "bghit plombier f maarif ghedda m3a 10:30, taman 320 dh"
    assert Fakes(PEOPLE, ADDRESSES).hide(text) == text
