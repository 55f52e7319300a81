"""Words that name a wish outright: heard in every language-script, not heard where they are refused or only asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.brain.cues import corrected, named
from bot.brain.understanding.base import Understanding


def read(intent: str, confidence: float = 0.9) -> Understanding:
    return Understanding("fr", "latn", (intent,), confidence=confidence, scores={intent: confidence})


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("il faut annuler le peintre de mardi", "cancel"),
        ("kindly cancel the locksmith", "cancel"),
        ("lghiha lia lah y7efdek", "cancel"),
        ("المرجو إلغاء الحجز", "cancel"),
        ("on peut décaler d'une heure ?", "reschedule"),
        ("wach nbeddlo lmaw3id?", "reschedule"),
        ("هل يمكن تغيير الساعة", "reschedule"),
        ("could he come at 5 instead of 3", "reschedule"),
        ("je demande le remboursement", "request_refund"),
        ("عطيوني فلوسي", "request_refund"),
        ("le menuisier a rayé mon parquet", "report_damage"),
        ("lm3allem herresli tlfaza", "report_damage"),
        ("je veux un humain", "ask_human"),
    ],
)
def test_a_named_wish_outweighs_a_sure_reading(text: str, intent: str) -> None:
    assert corrected(read("book_service"), text).main == intent


@pytest.mark.parametrize("text", ["n'annulez surtout pas", "don't cancel it", "bla ma tlghi", "لا ألغي الموعد"])
def test_a_refused_wish_is_not_heard(text: str) -> None:
    assert "cancel" not in corrected(read("cancel"), text).intents


@pytest.mark.parametrize("text", ["what is your refund policy", "si j'annule, je paie combien ?", "شروط الإلغاء", "ila lghit wach nkhelles"])
def test_asking_about_the_rules_is_no_wish(text: str) -> None:
    assert corrected(read("cancel"), text).main == "ask_faq"


@pytest.mark.parametrize("text", ["je veux changer la serrure", "bghit nbeddel robinet", "le vent a cassé ma vitre", "I need to move my furniture"])
def test_work_to_be_done_is_no_change_of_a_booking(text: str) -> None:
    assert corrected(read("book_service"), text).main == "book_service"


def test_beside_a_booking_the_same_words_change_it() -> None:
    assert corrected(read("inform"), "make it friday", of_a_booking=True).main == "reschedule"
    assert corrected(read("inform"), "make it friday").main == "inform"


def test_when_money_comes_back_asks_where_it_is() -> None:
    assert corrected(read("book_service"), "quand serai-je remboursée ?").main == "refund_status"


@given(st.text(max_size=300))
def test_any_text_is_read_the_same_twice_and_never_both_wanted_and_refused(text: str) -> None:
    wanted, refused = named(text)
    assert not wanted & refused
    assert corrected(read("inform"), text) == corrected(read("inform"), text)


@pytest.mark.parametrize(
    "text",
    [
        "merci, et si le travail est mal fait ?",
        "w ila kherrbo chi 7aja?",
        "وإلا خسرو شي حاجة؟",
        "ماذا لو كان العمل سيئا؟",
        "ok, what if he breaks a tile?",
    ],
)
def test_what_only_might_happen_is_a_question_about_the_rules(text: str) -> None:
    assert corrected(read("complain"), text).main == corrected(read("report_damage"), text).main == "ask_faq"


@pytest.mark.parametrize("text", ["le travail est mal fait, et maintenant ?", "kherrbo lia 7aja, chno ndir?", "he broke a tile, what now?"])
def test_what_has_happened_is_a_complaint_though_it_ends_with_a_question(text: str) -> None:
    assert corrected(read("complain"), text).main != "ask_faq"
