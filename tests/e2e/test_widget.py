"""The chat on another site's page: one line of script, a button in the corner, and a frame from our own address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from channels.base import InboundMessage
from channels.web import WebSettings
from domain.engagement.reply import Reply
from tests.support.axe import barriers
from tests.support.talking_app import Talk, serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ARABIC = Reply("مرحبا، فين ساكنين؟", "ary", "arab")


def echo(message: InboundMessage) -> list[Reply]:
    return [ARABIC if "سلام" in message.text else Reply(f"Vous dites : {message.text}", "fr", "latn")]


@dataclass
class Shop:
    """A page of somebody else's, and the chat behind its button."""

    page: Page
    talk: Talk
    errors: list[str]

    @property
    def button(self) -> Any:
        return self.page.locator("button.launch")

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def open(self) -> None:
        self.button.press("Enter")
        self.chat.locator("#state.on").wait_for()

    def write(self, text: str, replies: int) -> None:
        self.chat.locator("#text").fill(text)
        self.chat.locator("#text").press("Enter")
        expect(self.chat.locator(".msg.bot")).to_have_count(replies)


Open = Callable[..., Shop]


@pytest.fixture
def shop(browser: Browser) -> Iterator[Open]:
    with ExitStack() as stack:
        contexts: list[BrowserContext] = []

        def open_page(*, told: bool = True, lang: str = "fr", attributes: str = "", **options: Any) -> Shop:
            site = FastAPI()
            at = stack.enter_context(serving(site))
            talk = Talk(echo, WebSettings(secret=b"a secret of the tests, long enough", poll_seconds=3600, sites=(at.url,) if told else ()))
            ours = stack.enter_context(serving(talk.app))
            # the site's own rules let nothing of others run but this script and its frame
            policy = f"default-src 'self'; img-src data:; script-src {ours.url}; frame-src {ours.url}"
            body = f'<!doctype html><html lang="{lang}"><title>Droguerie</title><link rel="icon" href="data:,"><main><h1>Droguerie</h1></main>'
            line = f'<script src="{ours.url}/widget.js" async {attributes}></script>'
            site.get("/")(lambda: HTMLResponse(body + line, headers={"Content-Security-Policy": policy}))
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "fr-FR", **options})
            contexts.append(context)
            page, errors = context.new_page(), []
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
            page.goto(at.url)
            page.locator("button.launch").wait_for()
            return Shop(page, talk, errors)

        yield open_page
        for context in contexts:
            context.close()


def test_one_line_opens_a_chat_that_keys_alone_can_use_and_close(shop: Open) -> None:
    there = shop()
    expect(there.button).to_have_attribute("aria-label", "Discuter avec Bricol")
    expect(there.button).to_have_attribute("aria-expanded", "false")
    there.open()
    expect(there.page.get_by_role("dialog", name="Chat Bricol")).to_be_visible()
    expect(there.chat.locator("#text")).to_be_focused()
    there.page.keyboard.type("Bonjour")  # whoever opened it writes at once
    there.page.keyboard.press("Enter")
    expect(there.chat.locator(".msg.bot")).to_contain_text("Vous dites : Bonjour")
    there.page.keyboard.press("Escape")
    expect(there.page.locator("iframe")).to_be_hidden()
    expect(there.button).to_be_focused()
    expect(there.button).to_have_attribute("aria-expanded", "false")
    assert (there.errors, [m.text for m in there.talk.taken]) == ([], ["Bonjour"])


def test_what_comes_while_it_is_closed_is_counted_said_and_read_when_it_opens(shop: Open) -> None:
    there = shop()
    there.open()
    there.write("Bonjour", 1)
    there.chat.get_by_role("button", name="Fermer le chat").click()
    for word in ("un", "deux"):
        there.talk.tell(there.talk.taken[0].sender, Reply(word, "fr", "latn"))
    expect(there.page.locator(".count")).to_have_text("2")
    expect(there.button).to_have_attribute("aria-label", "Discuter avec Bricol (nouveaux messages : 2)")
    expect(there.page.get_by_role("status")).to_have_text("nouveaux messages : 2")
    assert [s.status for s in there.talk.statuses if s.provider_id in ("web-2", "web-3")] in ([], ["delivered"] * 2)
    there.button.click()
    expect(there.chat.locator(".msg.bot").nth(2)).to_be_visible()
    expect(there.page.locator(".count")).to_be_hidden()
    there.page.reload()  # the conversation is still there, on every page of the site
    there.button.click()
    expect(there.chat.locator(".msg.bot")).to_have_count(3)


@pytest.mark.parametrize(("direction", "side", "left"), [("ltr", "end", False), ("ltr", "start", True), ("rtl", "end", True)])
def test_the_button_speaks_as_the_conversation_does_and_stays_in_the_sites_corner(shop: Open, direction: str, side: str, left: bool) -> None:
    there = shop(lang=f'en" dir="{direction}', attributes=f'data-side="{side}"')
    expect(there.button).to_have_attribute("aria-label", "Chat with Bricol")
    there.open()
    there.write("السلام", 1)
    there.page.keyboard.press("Escape")
    expect(there.button).to_have_attribute("aria-label", "هضر مع بريكول")
    box = there.button.bounding_box()
    assert box and (box["x"] < 640) == left


def test_a_narrow_page_is_filled_and_nobody_is_locked_in(shop: Open) -> None:
    there = shop(viewport={"width": 320, "height": 568})
    there.open()
    box = there.page.locator("iframe").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 320, "height": 568}
    there.chat.get_by_role("button", name="Fermer le chat").click()
    expect(there.button).to_be_visible()


def test_a_site_we_were_not_told_of_shows_no_chat_and_can_close_what_it_opened(shop: Open) -> None:
    there = shop(told=False, viewport={"width": 320, "height": 568})
    there.button.click()
    there.page.locator("button.until").click()
    expect(there.page.locator("iframe")).to_be_hidden()
    assert any("frame-ancestors" in error for error in there.errors)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_closed_and_open(shop: Open, scheme: str) -> None:
    there = shop(color_scheme=scheme, reduced_motion="reduce")
    assert barriers(there.page) == []
    there.open()
    there.write("السلام", 1)
    assert (barriers(there.page), barriers(there.page.frames[1])) == ([], [])
