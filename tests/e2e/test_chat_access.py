"""The chat for everybody: screen readers, keyboards alone, tired eyes, unsteady hands; checked in every state, both directions and both schemes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels.base import InboundMessage
from domain.engagement.reply import Option, Reply, language_script_of
from tests.support.axe import barriers
from tests.support.pictures import png
from tests.support.talking_app import Server, Talk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]
Open = Callable[..., tuple[Page, Talk, Server]]
NARROW = {"width": 320, "height": 568}
PICTURES = os.environ.get("BRICOL_TEST_PICTURES")  # a folder: keep what the pages look like

WORDS: dict[str, tuple[str, str, tuple[str, str], str, str]] = {
    "ltr": ("Bonjour, ça fuit", "Ahmed, demain 10:00, 255-420 DH, https://bricol.ma/t/1", ("Oui, réserver", "Non"), "Quel code ?", "fr"),
    "rtl": ("السلام، الما كيسيل", "أحمد، غدا 10:00، بين 255 و420 درهم. BR-1042", ("آه، أكد", "لا"), "شنو هو الكود؟", "ary-Arab"),
}
# What is there to tap with less than 44 px, and which words with less than 24.
SMALL = """() => [...document.querySelectorAll('button, input:not([type=file]), textarea')].filter((e) => e.checkVisibility())
  .map((e) => [e.id || e.className || e.textContent, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44).map(([name]) => name)"""
SIZES = """() => { const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim(), box = walk.currentNode.parentElement, size = parseFloat(getComputedStyle(box).fontSize);
    if (text && size < 24 && box.checkVisibility() && !box.closest('script, .heard')) found.push([text.slice(0, 20), size]);
  }
  return found; }"""


def agent(way: str) -> Callable[[InboundMessage], list[Reply]]:
    _, offer, options, code, locale = WORDS[way]
    language, script = language_script_of(locale)

    def answer(message: InboundMessage) -> list[Reply]:
        if message.kind == "photo":
            return [Reply(code, language, script, "code")]
        return [Reply(offer, language, script, "confirm", tuple(Option(title, title) for title in options))]

    return answer


def states(page: Page, way: str) -> Iterator[str]:
    """Brings the page from one state to the next, telling each."""
    yield "hello"
    page.locator("#text").fill(WORDS[way][0])
    page.locator("#text").press("Enter")
    expect(page.locator(".option")).to_have_count(2)
    yield "options"
    page.locator("#file").set_input_files({"name": "fuite.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator("#tray img")).to_be_visible()
    yield "tray"
    page.locator("#send").click()
    expect(page.locator("#code")).to_be_visible()
    yield "code"
    page.context.set_offline(True)
    page.locator("#file").set_input_files({"name": "fuite.png", "mimeType": "image/png", "buffer": png()})
    expect(page.locator("#tray img")).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#away")).to_be_visible()
    expect(page.locator(".msg progress").nth(1)).to_be_visible()
    yield "offline"
    page.locator("#new").click()
    yield "sure"
    page.keyboard.press("Escape")
    page.locator("#big").click()
    yield "big"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", ["ltr", "rtl"])
def test_axe_finds_nothing_serious_no_text_below_7_to_1_and_nothing_too_small_to_tap_in_any_state(chat: Open, way: str, scheme: str) -> None:
    locale = "fr-FR" if way == "ltr" else "ar-MA"
    page, _, _ = chat(agent(way), viewport=NARROW, color_scheme=scheme, locale=locale, reduced_motion="reduce")
    for state in states(page, way):
        assert page.locator("html").get_attribute("dir") == way
        assert (barriers(page), page.evaluate(SMALL)) == ([], []), state
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), state
        if PICTURES:
            page.screenshot(path=str(Path(PICTURES) / f"chat-{way}-{scheme}-{state}.png"))


@pytest.mark.parametrize("way", ["ltr", "rtl"])
def test_large_text_is_24_px_everywhere_and_is_remembered(chat: Open, way: str) -> None:
    page, _, server = chat(agent(way), viewport=NARROW)
    big = page.locator("#big")
    assert page.evaluate(SIZES)
    big.click()
    expect(big).to_have_attribute("aria-pressed", "true")
    for state in states(page, way):
        if state == "offline":
            break
        assert page.evaluate(SIZES) == [], state
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), state
    page.goto(server.url + "/chat")
    expect(big).to_have_attribute("aria-pressed", "true")
    big.click()
    page.reload()
    expect(big).to_have_attribute("aria-pressed", "false")


def test_everything_is_done_by_keys_alone(chat: Open) -> None:
    page, talk, _ = chat(agent("rtl"))
    page.keyboard.press("Tab")  # from wherever the page began
    page.locator("#text").focus()
    page.keyboard.type(WORDS["rtl"][0])
    page.keyboard.press("Enter")
    expect(page.locator(".option")).to_have_count(2)
    names: list[Any] = []
    for _ in range(14):
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"))
    assert {"آه، أكد", "لا", "صيفط", "صيفط البلاصة ديالي", "صيفط تصويرة", "كبّر الكتابة", "هضرة جديدة", "الهضرة"} <= set(names)
    page.locator(".option").nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".msg.bot")).to_have_count(2)
    assert [m.text for m in talk.taken] == [WORDS["rtl"][0], "آه، أكد"]
    assert page.evaluate("() => document.activeElement.id") in ("text", "scroll")  # not lost with the button that is gone


def test_each_message_of_ours_is_announced_once_and_none_again_after_a_reload(chat: Open) -> None:
    watch = """() => { window.spoken = []; new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) =>
      spoken.push(node.textContent)))).observe(document.getElementById('heard'), { childList: true }); }"""
    page, talk, server = chat(lambda m: [Reply(f"gelti: {m.text}", "ary", "latn", options=(Option("Wakha", "yes"),))])
    page.evaluate(watch)
    for word in ("wahed", "jouj"):
        page.locator("#text").fill(word)
        page.locator("#text").press("Enter")
        expect(page.locator(".msg.bot").last).to_contain_text(word)
    server.stop()
    expect(page.locator("#state.off")).to_be_attached()
    talk.tell(talk.taken[0].sender, Reply("mn b3d", "ary", "latn"))
    server.start()
    expect(page.locator(".msg.bot")).to_have_count(3)
    said = [text for text in page.evaluate("() => spoken") if text.startswith("Bricol")]
    assert said == ["Bricol: gelti: wahed\nWakha", "Bricol: gelti: jouj\nWakha", "Bricol: mn b3d"]
    page.reload()
    page.locator("#state.on").wait_for()
    expect(page.locator(".msg.bot")).to_have_count(3)
    assert page.locator("#heard").text_content() == ""
    assert page.get_by_role("log").get_attribute("aria-live") == "off"  # the log itself is read on demand


def test_who_wants_no_motion_sees_none(chat: Open) -> None:
    moving = "() => document.getAnimations().length"
    page, _, _ = chat(lambda m: [], reduced_motion="reduce")
    page.locator("#text").fill("salam")
    page.locator("#text").press("Enter")
    expect(page.locator("#typing")).to_be_visible()
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0
