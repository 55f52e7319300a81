"""The page of a technician's link, from the offer to the amount: without JavaScript, in five language-scripts, each tap once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.app import create_app
from bot.onetap_actions import money
from bot.wiring import House
from domain.engagement.reply import LOCALES, language_script_of
from domain.geo import cities
from domain.geo.position import in_morocco, reachable
from domain.store.positions import last_position
from domain.store.tables import Booking, BookingEvent, Offer, Technician
from prompts import replies
from tests.support.offered import offered_house

MAARIF = {"lat": "33.5822", "lon": "-7.6325"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An offer is open."""
    house = offered_house(tmp_path)
    yield house
    house.close()


class Phone:
    """A browser without JavaScript: it posts the forms that the page holds, as they are."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.web = TestClient(create_app(house), follow_redirects=True)
        found = re.search(r"/t/[\w-]+", house.channels["sms"].sent[0].text)  # type: ignore[attr-defined]
        assert found
        self.link = found.group()
        self.page = ""

    def look(self) -> str:
        answer = self.web.get(self.link)
        assert answer.status_code == 200
        self.page = answer.text
        return self.page

    def tap(self, action: str, **fields: str) -> str:
        """Taps a button of the page last seen; it must be there."""
        assert f'value="{action}"' in self.page, f"{action} is not on the page"
        step = re.search(r'name="step" value="([\w-]+)"', self.page)
        assert step
        self.last = {"answer": action, "step": step[1], **fields}
        return self.again()

    def again(self) -> str:
        answer = self.web.post(self.link, data=self.last)
        assert answer.status_code == 200
        self.page = answer.text
        return self.page

    def has(self, entry: str, locale: str = "ary-Latn", **facts: Any) -> bool:
        from html import escape

        return escape(replies.render(f"onetap.{entry}", locale, **facts), quote=False).replace('"', "&#34;") in self.page.replace("&#39;", "'")


@pytest.fixture
def phone(house: House) -> Phone:
    return Phone(house)


def job(house: House) -> Booking:
    with house.db.reading() as session:
        return session.scalars(select(Booking)).one()


def events(house: House) -> list[str]:
    with house.db.reading() as session:
        return list(session.scalars(select(BookingEvent.event).order_by(BookingEvent.id)))


def test_a_job_from_the_offer_to_the_amount_with_nothing_but_the_link(house: House, phone: Phone) -> None:
    phone.look()
    phone.tap("accept")
    assert job(house).status == "confirmed" and phone.has("accepted", ref=job(house).ref)
    for action in ("en_route", "arrived"):
        phone.tap(action)
        assert job(house).status == action
    phone.tap("done", amount="٣٠٠")
    assert (job(house).status, job(house).final_mad) == ("done", Decimal(300))
    assert phone.has("finished", ref=job(house).ref) and "<form" not in phone.page


def test_every_tap_counts_once_however_often_it_is_sent(house: House, phone: Phone) -> None:
    phone.look()
    phone.tap("accept")
    phone.tap("en_route")
    before = events(house)
    for _ in range(3):
        phone.again()
        assert phone.has("seen_already")
    assert events(house) == before


def test_an_old_page_cannot_turn_back_what_happened_since(house: House, phone: Phone) -> None:
    phone.look()
    phone.tap("accept")
    old = phone.page
    phone.tap("arrived")
    phone.page = old
    phone.tap("en_route")
    assert job(house).status == "arrived"
    assert 'value="en_route"' not in phone.page


def test_another_time_is_asked_of_the_client(house: House, phone: Phone) -> None:
    phone.look()
    start = re.search(r'<option value="([\dT:-]+)"', phone.page)
    assert start
    phone.tap("other_time", start=start[1])
    assert phone.has("other_sent")
    with house.db.reading() as session:
        assert session.scalars(select(Offer.status)).one() == "countered"


@pytest.mark.parametrize("start", ["", "soon", "2020-01-01T10:00", "2026-13-45T99:99"])
def test_a_time_that_cannot_be_is_refused_kindly(house: House, phone: Phone, start: str) -> None:
    phone.look()
    phone.tap("other_time", start=start)
    assert phone.has("bad_time") and 'value="accept"' in phone.page


@pytest.mark.parametrize(("amount", "entry"), [("a lot", "bad_amount"), ("-5", "bad_amount"), ("999999999", "bad_amount"), ("5000", "")])
def test_an_amount_that_cannot_be_leaves_the_job_open(house: House, phone: Phone, amount: str, entry: str) -> None:
    phone.look()
    phone.tap("accept")
    phone.tap("done", amount=amount)
    assert job(house).status == "confirmed"
    assert 'class="note wrong"' in phone.page and (not entry or phone.has(entry))
    phone.tap("done", amount="")
    assert job(house).status == "done"


@given(st.integers(0, 99_999), st.sampled_from(["{}", " {} dh", "{},50", "{}.5 MAD"]), st.sampled_from(["0123456789", "٠١٢٣٤٥٦٧٨٩"]))
def test_an_amount_is_read_in_any_digits(amount: int, form: str, digits: str) -> None:
    written = form.format(amount).translate(str.maketrans("0123456789", digits))
    assert money(written) == pytest.approx(amount + (0.5 if "5" in form else 0))


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_an_amount(text: str) -> None:
    assert money(text) is None or 0 <= money(text) < 100_000  # type: ignore[operator]


def test_a_shared_position_is_kept_when_it_can_be(house: House, phone: Phone) -> None:
    phone.look()
    phone.tap("accept")
    phone.tap("position", **MAARIF)
    assert phone.has("position_sent")
    with house.db.reading() as session:
        found = last_position(session, job(house).id)
    assert found is not None and (found.lat, found.lon) == (33.5822, -7.6325)
    house.clock.advance(minutes=1)  # type: ignore[attr-defined]
    for lat, lon in (
        ("48.85", "2.35"),
        ("nan", "0"),
        ("x", ""),
        ("34.02", "-6.84"),
        ("33.58", "-12"),
    ):  # Paris, words, Rabat in a minute, the sea
        phone.tap("position", lat=lat, lon=lon)
        assert phone.has("bad_position"), (lat, lon)
    assert events(house).count("position") == 1
    assert job(house).status == "confirmed"


def test_nobody_shares_a_position_for_a_job_that_is_not_theirs_or_over(house: House, phone: Phone) -> None:
    phone.look()
    assert 'value="position"' not in phone.page
    phone.tap("accept")
    shown = phone.page
    phone.tap("done", amount="")
    phone.page = shown
    phone.tap("position", **MAARIF)
    assert "position" not in events(house)


def test_every_district_we_serve_lies_in_morocco_and_the_neighbours_do_not() -> None:
    for city in cities().values():
        assert in_morocco(city.lat, city.lon), city.id
        assert all(in_morocco(d.lat, d.lon) for d in city.districts.values()), city.id
    for name, lat, lon in (
        ("Madrid", 40.4, -3.7), ("Tarifa", 36.2, -5.6), ("Oran", 35.7, -0.6), ("Tlemcen", 34.88, -1.32), ("Las Palmas", 28.1, -15.4),
        ("Nouadhibou", 20.9, -17.03), ("Tindouf", 27.67, -8.15), ("null island", 0.0, 0.0), ("nowhere", float("nan"), float("inf")),
    ):  # fmt: skip
        assert not in_morocco(lat, lon), name


def test_a_jump_that_no_car_makes_is_not_reachable() -> None:
    from tests.support.clock import MONDAY

    casa, rabat = (33.58, -7.63), (34.02, -6.84)
    assert reachable(casa, MONDAY, rabat, MONDAY + timedelta(hours=1))
    assert not reachable(casa, MONDAY, rabat, MONDAY + timedelta(minutes=10))
    assert reachable(casa, MONDAY, (33.59, -7.63), MONDAY)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_speaks_as_the_technician_does(house: House, phone: Phone, locale: str) -> None:
    language, script = language_script_of(locale)
    with house.db.transaction() as session:
        session.execute(update(Technician).values(language=language, script=script))
    phone.look()
    assert f'<html lang="{language}" dir="{"rtl" if script == "arab" else "ltr"}">' in phone.page
    assert phone.has("accept", locale) and phone.has("title", locale)
    phone.tap("accept")
    assert all(phone.has(entry, locale) for entry in ("title_job", "en_route", "arrived", "done", "amount", "position"))


def test_every_locale_has_every_word_of_the_page() -> None:
    words = {locale: {k for k in replies.entries(locale) if k.startswith("onetap.")} for locale in LOCALES}
    assert all(keys == words["fr"] for keys in words.values())
    for key in words["fr"]:
        assert len({frozenset(replies.needs(key, locale)) for locale in LOCALES}) == 1, key


@pytest.mark.parametrize("days", [5, 400])
def test_a_link_dies_with_a_kind_word_days_after_its_job(house: House, phone: Phone, days: int) -> None:
    phone.look()
    phone.tap("accept")
    house.clock.advance(hours=24 * days)  # type: ignore[attr-defined]
    gone = phone.web.get(phone.link)
    assert gone.status_code == 410
    phone.page = gone.text
    assert phone.has("expired") and job(house).ref not in gone.text
    answer = phone.web.post(phone.link, data={"answer": "done", "amount": "10"})
    assert (answer.status_code, job(house).status) == (410, "confirmed")


@given(st.text("0123456789abcdefghijklmnopqrstuvwxyzABC_-", max_size=30))
def test_a_forged_link_is_told_so_kindly_and_does_nothing(text: str) -> None:
    from bot.onetap import read

    assert read(b"0123456789abcdef0123456789abcdef", text) is None


def test_who_forges_a_link_gets_a_kind_page(phone: Phone) -> None:
    for method in (phone.web.get, phone.web.post):
        answer = method(phone.link[:-1] + ("A" if phone.link[-1] != "A" else "B"))
        phone.page = answer.text
        assert answer.status_code == 404 and phone.has("bad_link", "fr")


def test_the_page_asks_nothing_of_anybody_else_and_is_not_kept(phone: Phone) -> None:
    answer = phone.web.get(phone.link)
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r'(?:src|href)="(?!tel:)', answer.text)


def test_address_and_phone_are_there_only_while_the_job_is_theirs(house: House, phone: Phone) -> None:
    with house.db.transaction() as session:
        session.execute(update(Booking).values(address="12 rue Abou Inane"))
    assert "Abou Inane" not in phone.look() and "tel:" not in phone.page
    assert "Abou Inane" in phone.tap("accept") and 'href="tel:+212661000001"' in phone.page
    phone.tap("done", amount="")
    assert "Abou Inane" not in phone.look() and "tel:" not in phone.page
