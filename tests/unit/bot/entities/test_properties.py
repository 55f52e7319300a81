"""What the grammars do on any text: never raise, and read back what templates write in five languages and scripts."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.brain.understanding.entities import extract, place
from bot.brain.understanding.entities.normalise import clean, entries
from domain.spelling import fold, slips
from prompts import sentences

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FORMS = {  # one frame per language and script; {} is a clock time of the day, {m} the month's name
    "ary-Latn": ("bghit chi wahd {} m3a {}h", "ghedda"),
    "ary-Arab": ("بغيت شي واحد {} مع {}:00", "غدا"),
    "fr": ("je voudrais un rendez-vous {} à {}h", "demain"),
    "ar": ("أريد موعدا {} على الساعة {}:00", "غدا"),
    "en": ("I need someone {} at {}:00", "tomorrow"),
}
AMOUNTS = ("khellst {} dh", "خلصت {} درهم", "j'ai payé {} dirhams", "دفعت {} درهما", "I paid {} MAD")
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")


@pytest.fixture(scope="module", autouse=True)
def lists_read() -> None:
    """The word lists are read once, outside what hypothesis times."""
    extract("salam", now=NOW)


@given(st.text(max_size=200), st.one_of(st.none(), st.text(max_size=80)), st.sampled_from(["client", "technician"]))
def test_no_text_makes_it_raise(text: str, context: str | None, role: str) -> None:
    extract(text, role=role, context=context, now=NOW)


@given(st.text(alphabet="0123456789:/-., hdmw3a7le٠٥ءمعد+brn⭐'", max_size=60))
def test_no_heap_of_digits_and_marks_makes_it_raise(text: str) -> None:
    extract(text, now=NOW)


@given(st.text(max_size=120))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.sampled_from(sorted(FORMS)), st.integers(8, 20), st.booleans())
def test_tomorrow_at_an_hour_reads_back_in_every_language_and_script(form: str, hour: int, arabic_digits: bool) -> None:
    frame, day = FORMS[form]
    digits = str(hour).translate(ARABIC_INDIC) if arabic_digits and "Arab" in form else str(hour)
    found = extract(frame.format(day, digits), now=NOW)
    assert (found["date"], found["time"]) == ("tomorrow", f"{hour:02d}:00")


@given(st.sampled_from(AMOUNTS), st.integers(20, 9_999), st.booleans())
def test_an_amount_reads_back_in_every_language_and_script(frame: str, amount: int, arabic_digits: bool) -> None:
    written = str(amount).translate(ARABIC_INDIC) if arabic_digits else str(amount)
    assert extract(frame.format(written), now=NOW)["amount_mad"] == amount


@given(st.integers(1, 400))
def test_a_calendar_date_is_the_next_such_day(ahead: int) -> None:
    day = date(2026, 11, 2) + timedelta(days=ahead)
    found = extract(f"le {day.day} {MONTHS[day.month - 1]}", now=NOW)["date"]
    assert found == (day.isoformat() if ahead < 365 else day.replace(year=day.year - 1).isoformat())


@given(st.integers(0, 99_999_999), st.sampled_from(["6", "7"]), st.sampled_from([" ", ".", "-", ""]), st.booleans(), st.booleans())
def test_a_mobile_number_reads_back_however_it_is_cut_and_is_never_an_amount(digits: int, kind: str, cut: str, abroad: bool, arabic: bool) -> None:
    national = f"{kind}{digits:08d}"
    rest = cut.join(national[i : i + 2] for i in range(1, 9, 2))
    written = ("+212 " if abroad else "0") + national[0] + rest
    found = extract(f"nmra dyali {written.translate(ARABIC_INDIC) if arabic else written}", now=NOW)
    if "phone" in found:  # some prefixes are not given out, and the numbering plan refuses them
        assert found["phone"] == f"+212{national}"
    assert "amount_mad" not in found


@given(st.integers(1000, 999_999), st.sampled_from(["BR-{}", "br{}", "Br {}", "b.r. {}", "commande {}", "réf {}", "رقم الحجز {}", "booking {}"]))
def test_a_reference_reads_back(number: int, form: str) -> None:
    found = extract("fin wslat " + form.format(number), now=NOW)
    assert found["booking_ref"] == f"BR-{number}"
    assert "amount_mad" not in found


@pytest.mark.parametrize("text", ["a" * 100_000, "1 " * 50_000, "m3a 3 w ness " * 5_000, "\u0300" * 50_000, "0 6 " * 20_000, "BR-" * 30_000])
def test_a_flood_of_text_costs_little(text: str) -> None:
    start = time.perf_counter()
    extract(text, now=NOW)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("word", sorted(entries("slips", "words")))
def test_a_slip_of_the_thumb_in_a_word_of_time_changes_nothing(word: str) -> None:
    other = {clean(one) for one in entries("slips", "other_words")}
    meant = {k: v for k, v in extract(f"{word} 10:00", now=NOW).items() if k in ("date", "time")}
    for slipped in sorted(slips(clean(word)) - other):
        if slipped == clean(slipped):  # a letter three times is no slip but a stretch
            read = {k: v for k, v in extract(f"{slipped} 10:00", now=NOW).items() if k in ("date", "time")}
            assert read == meant, slipped


@pytest.mark.parametrize(
    ("written", "city", "district"),
    [
        ("targa, marrakehc", "marrakech", "targa"),
        ("casabalnca maarif", "casablanca", "maarif"),
        ("mohammdia", "mohammedia", None),
        ("balance", None, None),
    ],
)
def test_a_slip_in_the_name_of_a_place_is_heard_and_another_word_is_none(written: str, city: str | None, district: str | None) -> None:
    found = extract(written, now=NOW)
    assert (found.get("city"), found.get("district")) == (city, district)


def test_no_word_of_our_sentences_is_taken_for_a_slip_in_a_name() -> None:
    said = {word for sentence in sentences.load() for word in re.findall(r"[^\W_]+", clean(sentence.text))}
    for written, meant in place._slipped().items():
        assert written not in said or fold(written) == fold(meant), (written, meant)
