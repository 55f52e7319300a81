"""What we proposed is not what a person asks for who answers with another day or hour."""

from __future__ import annotations

import pytest

from bot.brain.understanding.entities import extract


@pytest.mark.parametrize(
    ("ours", "text", "wanted"),
    [
        ("Lkliyan bgha 16:00 f blast 14:00. Wakha?", "la 16 ma n9derch 3ndi khedma khra, 18 ila bgha", {"time": "18:00"}),
        ("نأكدو ليك المعلم اليوم ف2 د العشية؟", "لا 2 بكري عليا ديروها 4", {"time": "16:00"}),
        ("Nconfirmi ghedda m3a 8h?", "8 bkri bzaf 3lia, khelliha 11", {"time": "11:00"}),
        ("The client asks for 16:00 instead. OK for you?", "5 would be better", {"time": "17:00"}),
        ("Le client demande 16:00. OK ?", "16:00 c'est trop tôt, 18:00 mzyan", {"time": "18:00"}),
        ("موعدك يوم الجمعة على 11:00، هل هو مناسب؟", "لا يوم الجمعة عندنا وليمة كبيرة، فليكن السبت", {"date": "weekday:sat"}),
        (
            "Électricité à Témara mercredi 9h. Vous acceptez ?",
            "mercredi je suis pris, jeudi matin sans probleme",
            {"date": "weekday:thu", "time": "morning"},
        ),
        ("كليماتيزور فباب دكالة غدا الصباح. تقبل؟", "غدا عندي شانطي، ولا بغا نجي اليوم مور العشا", {"date": "today", "time": "night"}),
    ],
)
def test_of_what_we_said_and_something_new_the_new_is_wanted(ours: str, text: str, wanted: dict[str, str]) -> None:
    assert extract(text, context=ours).items() >= wanted.items()


@pytest.mark.parametrize(
    ("ours", "text"),
    [
        ("Rdv ghedda 10:00. Nconfirmi?", "wakha 2 techniciens"),
        ("Lmaw3id nhar 12 m3a 10:00.", "khelliha 15"),
        ("1. Adil 2. Nabil 3. Khalid. Shkoun?", "khelliha 2"),
        (None, "khelliha 11"),
    ],
)
def test_a_bare_number_is_no_hour_where_we_named_none_or_it_counts_something(ours: str | None, text: str) -> None:
    assert "time" not in extract(text, context=ours)


@pytest.mark.parametrize(
    ("text", "wanted", "never"),
    [
        ("f la salle de bain w ça coule", {}, "city"),
        ("بقعة بيضاء فالزربية", {}, "city"),
        ("شكون المسؤول ف الإدارة", {}, "district"),
        ("ma chi casa, ana f berrechid", {"city": "berrechid"}, ""),
        ("khlliwha 7tal tnin", {"date": "weekday:mon"}, ""),
        ("jeudi pas mercredi", {"date": "weekday:thu"}, ""),
        ("f la semaine jaya", {"date": "next_week"}, ""),
        ("ma tjich ghda ji mora ghda", {"date": "day_after_tomorrow"}, ""),
        ("i said today but its tomorrow", {"date": "tomorrow"}, ""),
        ("ila momkin m3a l 11 blast l 9", {"time": "11:00"}, ""),
        ("retard 1h, je cherche la pièce", {}, "time"),
        ("its been 10 working days and still no refund", {}, "time"),
        ("mn 1 l 15 decembre ana congé", {}, "time"),
    ],
)
def test_words_that_sound_like_a_place_or_a_time_and_those_that_are_one(text: str, wanted: dict[str, str], never: str) -> None:
    found = extract(text)
    assert found.items() >= wanted.items()
    assert never not in found


def test_ten_of_ten_is_five_stars_in_words_too() -> None:
    assert extract("عشرة على عشرة", context="عطي نقطة للمعلم من فضلك")["rating"] == 5
    assert "date" not in extract("le premier svp", context="Choisissez : 1. Adil 2. Nabil 3. Khalid")


@pytest.mark.parametrize(
    "text", ["انتهيت والحمد لله", "شحال نعمر الغاز", "3id mbarek 3likom", "ناضية تبارك الله", "your guy called half an hour ago"]
)
def test_blessings_and_everyday_words_name_no_technician(text: str) -> None:
    assert "technician" not in extract(text)
