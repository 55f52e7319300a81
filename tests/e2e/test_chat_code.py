"""A visitor of the chat page proves their phone with a code by SMS, in conversation with the embedded brain."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from bot import wiring
from bot.app import create_app
from channels.base import Capabilities
from channels.web import StoredPhotos, WebChat, WebSettings, history_of
from domain.clock import SystemClock
from domain.rules import MarketRules
from domain.store.migrate import migrate
from domain.store.tables import Conversation
from tests.support.builders import NoKnowledge, settings_in
from tests.support.desk import Busy
from tests.support.fake_channel import FakeChannel
from tests.support.talking_app import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]
SECRET = b"a secret of the tests, long enough"


@pytest.fixture
def service(tmp_path: Path, browser: Browser) -> Iterator[tuple[Page, Any, FakeChannel]]:
    """The chat page of a whole house, whose SMS go nowhere."""
    settings = settings_in(tmp_path)
    migrate(settings.store_url)
    sms = FakeChannel("sms", Capabilities(max_text=1530))
    house = wiring.build(settings, clock=SystemClock(), channels={"sms": sms}, knowledge=NoKnowledge(), rules=MarketRules())
    house.channels["web"] = WebChat(WebSettings(secret=SECRET, poll_seconds=3600), history_of(house.db), StoredPhotos(house.db, house.clock))
    with serving(create_app(house, worker=Busy(house))) as server:
        context = browser.new_context(viewport={"width": 320, "height": 568}, locale="fr-FR")
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.goto(server.url + "/chat")
        page.locator("#state.on").wait_for()
        yield page, house, sms
        context.close()
    house.close()


def until(found: Callable[[], Any], seconds: float = 30) -> Any:
    """What `found` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return value


def test_a_code_that_came_by_sms_opens_what_is_the_persons_own(service: tuple[Page, Any, FakeChannel]) -> None:
    page, house, sms = service
    text, bot = page.locator("#text"), page.locator(".msg.bot")
    text.fill("Bonjour, je veux voir mes réservations")
    text.press("Enter")
    expect(bot).to_have_count(1, timeout=60_000)  # the models are read now
    text.fill("0661000001")
    text.press("Enter")
    code = page.get_by_label("Code reçu par SMS")
    expect(code).to_be_focused()
    [digits] = re.findall(r"\b\d{6}\b", until(lambda: sms.texts("+212661000001"))[0])
    wrong = str((int(digits) + 1) % 1_000_000).zfill(6)
    for attempt, answers in ((wrong, 3), (digits, 4)):
        code.fill(attempt)
        page.get_by_role("button", name="Valider").click()
        expect(bot).to_have_count(answers)
    expect(page.locator("#code")).to_be_hidden()
    with house.db.reading() as session:
        talk = session.scalars(select(Conversation).where(Conversation.channel == "web")).one()
        assert talk.verified and talk.client is not None and talk.client.phone == "+212661000001"
