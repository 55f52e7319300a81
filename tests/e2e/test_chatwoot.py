"""A visitor of the page and an agent in Chatwoot: words and a photo of the agent appear in a real browser, and stay after a reload."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bot.app import create_app
from bot.wiring import House
from channels.web import StoredPhotos, WebChat, WebSettings, history_of
from domain.clock import SystemClock
from evals.providers.http import File
from tests.support import fake_chatwoot
from tests.support.builders import ScriptedAgent, build_house
from tests.support.desk import Player
from tests.support.fake_chatwoot import signed
from tests.support.talking_app import serving
from tools import registry
from tools.context import TurnContext

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
STORED = "/rails/active_storage/blobs/redirect/piece.png"


def bot(text: str, context: TurnContext) -> str:
    registry.call("escalate_to_human", context, {"reason": "asked"})
    return "Wakha, wa7ed men l fer9a ghadi yjawbek."


class Busy(Player):
    """Plays and bridges beside the server's loop, one thing after the other."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._one = Lock()

    def woken_by(self, arrivals: Any) -> None:
        with self._one:
            super().woken_by(arrivals)
            self._bridge()

    def bridged(self, conversations: list[int]) -> None:
        with self._one:
            self._bridge()

    def _bridge(self) -> None:
        assert self.inline.house.bridge is not None
        self.inline.house.bridge.settle(self.spread)


def test_an_agent_in_chatwoot_writes_and_sends_a_photo_to_a_visitor_of_the_page(tmp_path: Path, browser: Browser) -> None:
    with fake_chatwoot.running() as chatwoot:
        house = build_house(tmp_path, agent=ScriptedAgent(bot), clock=SystemClock(), channels=[], **fake_chatwoot.values(chatwoot.url))
        house.channels["web"] = WebChat(
            WebSettings(secret=b"a secret of the tests, long enough", poll_seconds=3600), history_of(house.db), StoredPhotos(house.db, house.clock)
        )
        chatwoot.stored[STORED] = File(DOT, "image/png")
        with serving(create_app(house, worker=Busy(house))) as server:
            house.settings.public_url = server.url
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(server.url + "/chat")
            page.locator("#state.on").wait_for()
            page.locator("#text").fill("bghit nhder m3a chi wa7ed")
            page.locator("#text").press("Enter")
            expect(page.locator(".msg.bot")).to_have_count(1)
            files = [{**fake_chatwoot.recorded("message_outgoing_photo")["attachments"][0], "data_url": f"https://chatwoot.example.ma{STORED}"}]
            body = chatwoot.writes(900, "Bonjour, c'est bien cette pièce ?", at=time.time(), attachments=files)
            assert httpx.post(server.url + fake_chatwoot.WEBHOOK, **signed(body)).json() == {"taken": 1}
            for _ in range(2):
                expect(page.locator(".msg.bot").last).to_contain_text("cette pièce")
                photo = page.locator(".msg.bot .theirs img")
                expect(photo).to_be_visible()
                page.wait_for_function("document.querySelector('.theirs img').naturalWidth === 1")
                page.reload()
            page.close()
        house.close()
