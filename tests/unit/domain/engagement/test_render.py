"""A reply's form on each channel: nothing lost, everything within what the channel shows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Capabilities
from channels.twilio import TwilioSms, TwilioWhatsApp
from channels.web import WebChat
from domain import engagement
from domain.engagement import sms
from domain.engagement.bidi import LRI, PDI, clean, isolate
from domain.engagement.render import Form, shorten
from domain.engagement.reply import Option, Reply

WHATSAPP, SMS, WEB = TwilioWhatsApp.capabilities, TwilioSms.capabilities, WebChat.capabilities
CHANNELS = {"whatsapp": WHATSAPP, "sms": SMS, "web": WEB, "bare": Capabilities(max_text=4096)}
YES, NO = Option("Ah, wakha", "yes"), Option("La", "no")


def one(text: str, options: tuple[Option, ...] = (), channel: str = "whatsapp", script: str = "latn", **more: bool) -> Form:
    [form] = engagement.render(Reply(text, "ary", script, options=options), channel, CHANNELS[channel], **more)  # type: ignore[arg-type]
    return form


def test_few_short_options_become_buttons() -> None:
    form = one("Nakked?", (YES, NO))
    assert (form.kind, form.text) == ("buttons", "Nakked?")
    assert [o["payload"] for o in form.options] == ["yes", "no"]


def test_more_options_than_buttons_become_a_list() -> None:
    form = one("Khtar:", tuple(Option(f"Technicien {n}", str(n)) for n in range(5)))
    assert (form.kind, len(form.options)) == ("list", 5)


def test_options_with_something_more_to_say_become_a_list() -> None:
    assert one("Khtar:", (Option("Ahmed", "1", "4.8, 320 dh"), Option("Youssef", "2", "4.6"))).kind == "list"


@pytest.mark.parametrize(
    "options",
    [
        tuple(Option(f"t{n}", str(n)) for n in range(11)),  # too many rows
        (Option("a title that is longer than any row of a list", "1"), NO),
        (Option("Ah", "1"), Option("Ah", "2")),  # providers refuse equal titles
    ],
)
def test_options_that_fit_nowhere_become_numbers(options: tuple[Option, ...]) -> None:
    form = one("Khtar:", options)
    assert (form.kind, form.options) == ("text", ())
    assert form.text.split("\n") == ["Khtar:", *(f"{n}. {o.title}" for n, o in enumerate(options, 1))]


def test_an_sms_numbers_its_options_once() -> None:
    assert one("Nakked?", (YES, NO), "sms").text == "Nakked?\n1. Ah, wakha\n2. La"
    assert one("Nakked? 1=wakha 2=la", (YES, NO), "sms").text == "Nakked? 1=wakha 2=la"


def test_an_offer_stays_within_one_part() -> None:
    long = "Bricol: plomberie, Maarif, " + "zenqa " * 40 + "\n1=oui 2=non https://bricol.ma/t/1"
    assert sms.segments(one(long, channel="sms", one_part=True).text) == ("GSM-7", 1)
    assert one(long, channel="sms", one_part=True).text.endswith("1=oui 2=non https://bricol.ma/t/1")
    assert sms.segments(one(long, channel="sms").text).parts > 1


def test_an_offer_in_arabic_letters_tells_the_job_beside_its_link() -> None:
    offer = "Bricol: البلومبي، المعاريف، غدا 10:00. 1=آه 2=لا 3=وقت آخر http://localhost:8000/t/1-aTknaDf8bUA"
    assert one(offer, channel="sms", script="arab", one_part=True).text == offer
    assert sms.segments(one(offer.replace("المعاريف", "المعاريف " * 40), channel="sms", script="arab", one_part=True).text).parts == 2


def test_arabic_options_keep_their_side_and_latin_names_their_order() -> None:
    form = one("ختار:", (Option("Ahmed Benani", "1"), Option("يوسف", "2")), "bare", "arab")
    assert form.text == f"ختار:\n\u200f1. Ahmed Benani\n\u200f2. {'يوسف'}"
    assert f"{LRI}10:00-12:00{PDI}" in one("غدا 10:00-12:00", script="arab").text


@pytest.mark.parametrize(
    ("text", "isolated"),
    [
        ("الرقم BR-1042 ديالك", ["BR-1042"]),
        ("عيط ل +212 661 00 00 01 دابا", ["+212 661 00 00 01"]),
        ("من 10:00-12:00 مع Ahmed Benani.", ["10:00-12:00", "Ahmed Benani"]),
        ("الثمن 320 درهم", []),
        ("شوف https://bricol.ma/t/1-a دابا", []),
        ("salam, BR-1042", []),
    ],
)
def test_only_what_would_read_backwards_is_isolated(text: str, isolated: list[str]) -> None:
    found = [part.split(PDI)[0] for part in isolate(text).split(LRI)[1:]]
    assert found == isolated


def test_a_name_cannot_turn_the_rest_of_a_message_around() -> None:
    form = one("Technicien \u202eevil\u2066 ghadi yji\x00\x07", script="latn")
    assert form.text == "Technicien evil ghadi yji"


WORDS = st.text(st.sampled_from("aZ9é 10:-+.،؟!\nبسلام🙂*#\u202e\u2066\x00\t"), max_size=3000)
OPTIONS = st.lists(st.builds(Option, st.text("abا 1", min_size=1, max_size=30), st.text(min_size=1), st.text("xyب", max_size=90)), max_size=12).map(
    tuple
)


@given(WORDS, OPTIONS, st.sampled_from(sorted(CHANNELS)))
def test_every_form_fits_its_channel_and_no_option_is_lost(text: str, options: tuple[Option, ...], channel: str) -> None:
    can = CHANNELS[channel]
    form = one(text, options, channel)
    assert len(form.text) <= can.max_text
    assert not [c for c in form.text if unicodedata.category(c) == "Cc" and c != "\n"]
    if form.kind in ("buttons", "list"):
        most, size = (can.buttons, can.button_title) if form.kind == "buttons" else (can.list_rows, can.row_title)
        assert form.text
        assert len(form.text) <= can.rich_text
        assert len(form.options) == len(options) <= most
        assert all(0 < len(o["title"]) <= size and len(o["description"]) <= can.row_description for o in form.options)
        assert len({o["title"] for o in form.options}) == len(options)
    else:
        assert form.options == ()


@given(WORDS)
def test_isolating_is_balanced_undone_by_removing_marks_and_done_once(text: str) -> None:
    text = clean(text)
    done = isolate(text)
    assert done.replace(LRI, "").replace(PDI, "") == text
    assert isolate(done) == done
    depth = 0
    for char in done:
        depth += (char == LRI) - (char == PDI)
        assert depth in (0, 1)
    assert depth == 0


@given(WORDS, st.integers(1, 200))
def test_a_shortened_text_is_the_beginning_of_the_text(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))


def test_a_text_is_cut_at_a_sentence_where_there_is_one() -> None:
    assert shorten("Ahmed yji ghedda m3a 10. Ila bghiti tbeddel lwe9t goulha lina.", 40) == "Ahmed yji ghedda m3a 10.…"
    assert shorten("Ahmed yji ghedda", 12) == "Ahmed yji…"
