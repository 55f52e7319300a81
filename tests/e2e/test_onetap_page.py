"""The technician's page in a real browser: on a narrow phone, right to left, with and without JavaScript."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from bot.app import create_app
from bot.wiring import House
from domain.engagement.reply import LOCALES, language_script_of
from domain.store.positions import last_position
from domain.store.tables import Booking, Technician
from prompts import replies
from tests.support.axe import serious
from tests.support.offered import offered_house
from tests.support.talking_app import serving
from tests.support.woken import Woken

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
NARROW = {"width": 320, "height": 568}
PICTURES = os.environ.get("BRICOL_TEST_PICTURES")  # a folder: keep what the pages look like


@dataclass
class Offered:
    house: House
    address: str

    def speaking(self, locale: str) -> None:
        language, script = language_script_of(locale)
        with self.house.db.transaction() as session:
            session.execute(update(Technician).values(language=language, script=script))
            session.execute(update(Booking).values(address="12 rue Abou Inane, 3e étage"))

    def job(self) -> Booking:
        with self.house.db.reading() as session:
            return session.scalars(select(Booking)).one()


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[Offered]:
    house = offered_house(tmp_path)
    found = re.search(r"/t/[\w-]+", house.channels["sms"].sent[0].text)  # type: ignore[attr-defined]
    assert found
    with serving(create_app(house, worker=Woken())) as server:
        yield Offered(house, server.url + found.group())
    house.close()


def looked_at(page: Page, name: str) -> None:
    """Nothing sticks out of a narrow phone, and nothing to tap is too small for a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
    heights = page.evaluate(
        "[...document.querySelectorAll('button, select, input:not([type=hidden]), a.call')].map(e => e.offsetHeight).filter(Boolean)"
    )
    assert heights and min(heights) >= 44, name
    assert serious(page) == [], name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"onetap-{name}.png"), full_page=True)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_old_phone_without_javascript_does_a_whole_job(browser: Browser, offered: Offered, locale: str) -> None:
    offered.speaking(locale)
    # the checks of a page are a script too: they look with one, the job is done without
    seeing = browser.new_context(viewport=NARROW, bypass_csp=True)  # type: ignore[arg-type]
    old = browser.new_context(viewport=NARROW, java_script_enabled=False)  # type: ignore[arg-type]
    page, eyes = old.new_page(), seeing.new_page()
    page.goto(offered.address)
    eyes.goto(offered.address)
    looked_at(eyes, f"offer-{locale}")
    for action in ("accept", "en_route", "arrived"):
        page.get_by_role("button", name=replies.render(f"onetap.{action}", locale), exact=True).click()
        eyes.goto(offered.address)
        looked_at(eyes, f"{action}-{locale}")
    expect(page.locator("#where")).to_be_hidden()
    page.locator("#amount").fill("300")
    page.locator("button[value=done]").click()
    expect(page.locator("form")).to_have_count(0)
    assert offered.job().status == "done"
    old.close()
    seeing.close()


def test_a_position_is_shared_on_the_tap_and_not_before(browser: Browser, offered: Offered) -> None:
    where = {"latitude": 33.5822, "longitude": -7.6325}
    context = browser.new_context(viewport=NARROW, geolocation=where, permissions=["geolocation"])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(offered.address)
    page.locator("button[value=accept]").click()
    with offered.house.db.reading() as session:
        assert last_position(session, offered.job().id) is None
    page.locator("#where button").click()
    expect(page.locator(".note")).to_have_text(replies.render("onetap.position_sent", "ary-Latn"))
    with offered.house.db.reading() as session:
        found = last_position(session, offered.job().id)
    assert found is not None and (found.lat, found.lon) == (33.5822, -7.6325)
    context.close()


def test_a_phone_that_keeps_its_position_is_no_problem(browser: Browser, offered: Offered) -> None:
    context = browser.new_context(viewport=NARROW, permissions=[])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(offered.address)
    page.locator("button[value=accept]").click()
    page.locator("#where button").click()
    expect(page.locator("#where-told")).to_have_text(replies.render("onetap.position_refused", "ary-Latn"))
    context.close()
