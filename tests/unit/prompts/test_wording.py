from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import to_local
from domain.engagement.reply import LOCALES
from prompts import wording

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday 10:00 in Casablanca
INTENTS = yaml.safe_load((wording.FOLDER.parent / "intents.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("ary-Latn", "ghedda m3a 10:00"),
        ("ary-Arab", "غدا مع 10:00"),
        ("fr", "demain à 10h"),
        ("ar", "غدًا على الساعة 10:00"),
        ("en", "tomorrow at 10:00"),
    ],
)
def test_tomorrow_at_ten_in_every_locale(locale: str, said: str) -> None:
    assert wording.format_when("2026-11-24T10:00", locale, NOW) == said


def test_a_day_further_off_carries_weekday_and_date() -> None:
    assert wording.format_day("2026-11-26T10:00", "ary-Latn", NOW) == "nhar lkhmis 26/11"
    assert wording.format_when("2026-11-26T15:30", "fr", NOW) == "jeudi 26 novembre à 15h30"
    assert wording.format_when("2026-11-26T15:30", "fr", NOW, short=True) == "jeudi 26/11 15h30"


def test_money_drops_empty_decimals_and_keeps_real_ones() -> None:
    assert wording.format_money(Decimal("320.00"), "fr") == "320 DH"
    assert wording.format_money(320.5, "fr") == "320,50 DH"
    assert wording.format_money_range(300, 300.0, "en") == "300 MAD"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_service_city_and_part_of_day_has_words(locale: str) -> None:
    words = wording.names(locale)
    assert set(words["services"]) == set(INTENTS["services"])
    assert set(words["cities"]) == set(INTENTS["cities"])
    assert len(words["weekdays"]) == 7 and len(words["months"]) == 12
    assert all(set(v) == {"work", "person"} for v in words["services"].values())


@given(days=st.integers(-400, 400), minutes=st.integers(0, 1439), locale=st.sampled_from(LOCALES))
def test_the_hour_said_is_the_hour_on_a_moroccan_clock(days: int, minutes: int, locale: str) -> None:
    moment = NOW + timedelta(days=days, minutes=minutes)
    local = to_local(moment)
    said = wording.format_when(moment, locale, NOW)
    assert re.search(rf"(?<!\d){local.hour}(:|h)" + (f"{local.minute:02d}" if local.minute else ""), said)


@given(amount=st.decimals(0, 99999, places=2), locale=st.sampled_from(LOCALES))
def test_an_amount_reads_back_as_itself(amount: Decimal, locale: str) -> None:
    said = re.search(r"[\d.,]+", wording.format_money(amount, locale))
    assert said and Decimal(said.group().replace(",", ".")) == amount


@pytest.mark.parametrize("locale", ["ary-Latn", "fr", "en"])
def test_latin_locales_hold_no_arabic_letter(locale: str) -> None:
    assert not re.search(r"[؀-ۿ]", (wording.FOLDER / f"{locale}.yaml").read_text(encoding="utf-8"))
