"""Whatever a value is called in a language-script, in a sentence and with the spelling of another person, it is read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.brain.understanding.entities import extract
from domain.engagement.reply import LOCALES
from prompts.wording import format_money, format_time, format_when, part_name

FORMS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("rendered.yaml").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
RAMADAN = datetime(2027, 2, 20, 12, 0, tzinfo=UTC)
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
EASTERN = ("ary-Arab", "ar")
settings.register_profile("rendered", deadline=None)  # the first call reads the word lists
settings.load_profile("rendered")
BIG_LOCALE = st.sampled_from(sorted(LOCALES))


@cache
def said(section: str) -> list[tuple[str, str, str]]:
    """(value, locale, words) of every form of a section."""
    return [(str(value), locale, words) for value, locales in FORMS[section].items() for locale, every in locales.items() for words in every]


def carried(draw: st.DataObject, locale: str, words: str) -> str:
    return str(draw.draw(st.sampled_from(FORMS["carriers"][locale]))).format(words)


def respelt(draw: st.DataObject, locale: str, text: str) -> str:
    """The text as another person might write it: one habit of spelling, other figures, capitals, stray spaces."""
    if draw.draw(st.booleans()):
        old, new = draw.draw(st.sampled_from(FORMS["noise"][locale]))
        at = text.find(old)
        text = text if at < 0 or not text[at - 1 : at].strip() else text[:at] + new + text[at + len(old) :]
    if locale in EASTERN:
        return text.translate(ARABIC_INDIC) if draw.draw(st.booleans()) else text
    return draw.draw(st.sampled_from([text, text.capitalize(), text.upper(), text.replace(" ", "  ")]))


@given(st.sampled_from(said("dates")), st.data())
def test_a_day_is_read_back(form: tuple[str, str, str], draw: st.DataObject) -> None:
    value, locale, words = form
    text = carried(draw, locale, words)
    assert extract(text, now=NOW).get("date") == value, text


@given(st.sampled_from(said("parts")), st.data())
def test_a_part_of_the_day_is_read_back(form: tuple[str, str, str], draw: st.DataObject) -> None:
    value, locale, words = form
    text = carried(draw, locale, words)
    assert extract(text, now=NOW).get("time") == value, text


@given(st.sampled_from(said("dates")), st.data())
def test_a_day_and_a_part_of_it_are_read_back_together(form: tuple[str, str, str], draw: st.DataObject) -> None:
    value, locale, words = form
    part, _, name = draw.draw(st.sampled_from([found for found in said("parts") if found[1] == locale and found[0] not in ("now", "night")]))
    text = carried(draw, locale, f"{words} {name}")
    found = extract(text, now=NOW)
    assert (found.get("date"), found.get("time")) == (value, part), text


@given(st.sampled_from(said("ramadan")), st.data())
def test_in_ramadan_the_meals_of_the_fast_tell_the_hour(form: tuple[str, str, str], draw: st.DataObject) -> None:
    value, locale, words = form
    text = carried(draw, locale, words)
    assert extract(text, now=RAMADAN).get("time") == value, text


def test_after_breakfast_is_a_morning_when_nobody_fasts() -> None:
    assert extract("mor lftor", now=NOW)["time"] == "morning"
    assert extract("f rmdan, mor lftor", now=NOW)["time"] == "evening"


@given(st.sampled_from(["ary-Latn", "ary-Arab", "ar"]), st.integers(1, 12), st.data())
def test_an_hour_in_words_is_read_back(locale: str, hour: int, draw: st.DataObject) -> None:
    minute = draw.draw(st.sampled_from(sorted(FORMS["minutes"][locale])))
    words = f"{FORMS['hours'][locale][hour - 1]} {draw.draw(st.sampled_from(FORMS['minutes'][locale][minute]))}".strip()
    text = carried(draw, locale, draw.draw(st.sampled_from(FORMS["at"][locale])).format(words))
    clock = ((hour if hour > 6 else hour + 12) * 60 + minute) % (24 * 60)
    if minute < 0 and hour in (1, 7):  # "one less a quarter" is past noon, "seven less a quarter" may be either half of the day
        return
    assert extract(text, now=NOW).get("time") == f"{clock // 60:02d}:{clock % 60:02d}", text


@given(st.sampled_from(sorted(FORMS["digits"])), st.integers(8, 20), st.integers(0, 11), st.data())
def test_an_hour_in_figures_is_read_back(locale: str, hour: int, fifth: int, draw: st.DataObject) -> None:
    words = draw.draw(st.sampled_from(FORMS["digits"][locale])).format(h=hour, m=f"{5 * fifth:02d}")
    text = respelt(draw, locale, carried(draw, locale, words))
    assert extract(text, now=NOW).get("time") == f"{hour:02d}:{5 * fifth:02d}", text


@given(st.sampled_from(sorted(FORMS["amounts"])), st.integers(2, 400), st.data())
def test_an_amount_in_any_unit_is_read_back(locale: str, tens: int, draw: st.DataObject) -> None:
    words = draw.draw(st.sampled_from(FORMS["amounts"][locale])).format(n=10 * tens, r=200 * tens, a=tens)
    written = words.translate(ARABIC_INDIC) if locale in EASTERN and draw.draw(st.booleans()) else words
    assert extract(written, now=NOW).get("amount_mad") == 10 * tens, written


@given(st.sampled_from([(value, words) for value, every in FORMS["amount_words"].items() for words in every]))
def test_an_amount_in_words_is_read_back(form: tuple[int, str]) -> None:
    assert extract(form[1], now=NOW).get("amount_mad") == form[0], form[1]


@given(st.sampled_from([(value, words) for value, every in FORMS["quantities"].items() for words in every]))
def test_a_count_is_read_back(form: tuple[int, str]) -> None:
    assert extract(form[1], now=NOW).get("quantity") == form[0], form[1]


@given(st.sampled_from([(value, words) for value, every in FORMS["ratings"].items() for words in every]))
def test_a_note_is_read_back(form: tuple[int, str]) -> None:
    assert extract(form[1], now=NOW).get("rating") == form[0], form[1]


@given(BIG_LOCALE, st.integers(1, 6), st.integers(8, 20), st.sampled_from([0, 15, 30, 45]), st.data())
def test_what_we_write_ourselves_is_read_back(locale: str, ahead: int, hour: int, minute: int, draw: st.DataObject) -> None:
    moment = f"2026-11-{2 + ahead:02d}T{hour:02d}:{minute:02d}"
    text = carried(draw, locale, format_when(moment, locale, NOW))
    found = extract(text, now=NOW)
    assert found.get("time") == f"{hour:02d}:{minute:02d}", text
    weekday = date.fromisoformat(moment[:10]).strftime("%a").lower()
    assert found.get("date") in ("tomorrow", f"weekday:{weekday}", moment[:10]), text


@given(BIG_LOCALE, st.integers(20, 9_000), st.sampled_from(["morning", "noon", "afternoon", "evening"]))
def test_our_own_names_of_money_hours_and_parts_are_read_back(locale: str, amount: int, part: str) -> None:
    assert extract(format_money(amount, locale), now=NOW).get("amount_mad") == amount
    assert extract(f"{format_time('2026-11-02T10:30', locale)}", now=NOW).get("time") == "10:30"
    assert extract(part_name(part, locale), now=NOW).get("time") in (part, "12:00")


@settings(max_examples=300)
@given(st.sampled_from(said("dates") + said("parts")), st.data())
def test_the_spelling_of_another_person_is_read_all_the_same(form: tuple[str, str, str], draw: st.DataObject) -> None:
    value, locale, words = form
    text = respelt(draw, locale, words)
    found = extract(text, now=NOW)
    assert value in (found.get("date"), found.get("time")), text
