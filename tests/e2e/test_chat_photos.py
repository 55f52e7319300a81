"""Photos on the chat page in a real browser: chosen, pasted, dropped, refused in words, and kept through any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from channels.base import InboundMessage
from channels.photos import look
from channels.web import WebSettings
from domain.engagement.reply import LOCALES, Reply
from prompts import replies
from tests.support.pictures import jpeg_head, png
from tests.support.talking_app import Server, Talk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., tuple[Page, Talk, Server]]

# Hands a picture to the page as another program would, by pasting or dropping it.
HAND_OVER = """async (way) => {
  const canvas = new OffscreenCanvas(200, 100), files = new DataTransfer();
  canvas.getContext('2d').fillRect(0, 0, 90, 90);
  files.items.add(new File([await canvas.convertToBlob()], 'fuite.png', { type: 'image/png' }));
  const paste = new ClipboardEvent('paste', { clipboardData: files, cancelable: true });
  document.dispatchEvent(way === 'paste' ? paste : new DragEvent('drop', { dataTransfer: files, cancelable: true }));
}"""


# A phone that takes half a second to make a photo small.
SLOW_PHONE = """() => {
  const toBlob = HTMLCanvasElement.prototype.toBlob;
  HTMLCanvasElement.prototype.toBlob = function (...how) { setTimeout(() => toBlob.apply(this, how), 500); };
}"""


def quiet(message: InboundMessage) -> list[Reply]:
    return [Reply("Merci pour la photo.", "fr", "latn")] if message.kind == "photo" else []


def choose(page: Page, *contents: bytes, name: str = "fuite.jpg") -> None:
    page.locator("#file").set_input_files([FilePayload(name=name, mimeType="image/jpeg", buffer=content) for content in contents])


def write(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def kinds(talk: Talk) -> list[str]:
    return [m.text or m.kind for m in talk.taken]


def test_a_chosen_photo_is_seen_before_it_leaves_made_small_and_arrives_before_its_words(chat: Open) -> None:
    page, talk, _ = chat(quiet)
    choose(page, png(3000, 1500), png(40, 30))
    expect(page.locator("#tray img")).to_have_count(2)
    page.get_by_role("button", name="Retirer cette photo").nth(1).click()
    expect(page.locator("#tray img")).to_have_count(1)
    assert talk.taken == []
    write(page, "Voilà la fuite")
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(2)
    assert kinds(talk) == ["photo", "Voilà la fuite"]
    kept = talk.channel.fetch(talk.taken[0].payload["url"], 10**7, 1)
    assert (look(kept.content).mime, look(kept.content).width, look(kept.content).height) == ("image/jpeg", 1600, 800)
    shown = page.get_by_role("img", name="Votre photo")
    expect(shown).to_have_js_property("naturalWidth", 1600)
    expect(page.locator(".msg progress")).to_be_hidden()
    page.reload()
    expect(shown).to_have_js_property("naturalWidth", 1600)  # still there, from this browser's own memory


def test_words_sent_while_a_photo_is_being_made_small_wait_for_it(chat: Open) -> None:
    page, talk, _ = chat(quiet)
    page.evaluate(SLOW_PHONE)
    choose(page, png())
    write(page, "hahiya")
    choose(page, png(50, 50))
    write(page, "w hadi")
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(4)
    assert kinds(talk) == ["photo", "hahiya", "photo", "w hadi"]
    expect(page.locator("#tray")).to_be_hidden()


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_photo_is_pasted_or_dropped(chat: Open, way: str) -> None:
    page, talk, _ = chat(quiet)
    page.evaluate(HAND_OVER, way)
    expect(page.locator("#tray img")).to_have_count(1)
    page.locator("#send").click()
    expect(page.locator(".msg.bot")).to_have_count(1)
    assert kinds(talk) == ["photo"]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_that_lies_about_being_a_photo_is_refused_in_the_persons_words(chat: Open, locale: str) -> None:
    page, talk, server = chat(quiet)
    page.goto(f"{server.url}/chat?lang={locale}")
    page.locator("#state.on").wait_for()
    alert = page.get_by_role("alert")
    for content, code in ((b"<html>no photo</html>", "not"), (jpeg_head(900, 600), "broken"), (png(8000, 7000), "pixels")):
        choose(page, content)
        expect(alert).to_have_text(replies.render(f"channel.page_photo_{code}", locale))
    expect(page.locator("#tray")).to_be_hidden()
    write(page, "salam")
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(1)
    assert kinds(talk) == ["salam"] and talk.photos.kept == {}


def test_a_photo_heavier_than_the_page_or_the_server_takes_says_so_and_what_comes_after_it_leaves(chat: Open, tmp_path: Path) -> None:
    talk = Talk(quiet, WebSettings(secret=b"a secret of the tests, long enough", poll_seconds=3600, max_photo=200))
    page, _, _ = chat(quiet, talk)
    (tmp_path / "heavy.png").write_bytes(png() + b"\0" * (26 * 2**20))
    page.locator("#file").set_input_files(tmp_path / "heavy.png")
    expect(page.get_by_role("alert")).to_contain_text("25 Mo au plus")
    choose(page, png())
    write(page, "et voilà")
    expect(page.locator(".msg.me .why")).to_contain_text("trop lourde")
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(1)
    assert kinds(talk) == ["et voilà"]


def test_photos_and_words_written_offline_outlive_the_page_and_leave_once_in_their_order(chat: Open) -> None:
    page, talk, server = chat(quiet)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    server.stop()
    expect(page.locator("#away")).to_be_visible()
    write(page, "wahed")
    choose(page, png())
    write(page, "jouj")
    choose(page, png(50, 50))
    page.locator("#send").click()
    expect(page.locator(".msg.me .meta[data-state=pending]")).to_have_count(4)
    page.reload()
    expect(page.locator(".msg.me .meta[data-state=pending]")).to_have_count(4)
    expect(page.get_by_role("img", name="Votre photo").nth(1)).to_have_js_property("naturalWidth", 50)
    server.start()
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(4, timeout=20_000)
    assert kinds(talk) == ["wahed", "photo", "jouj", "photo"]
    assert len(talk.photos.kept) == 2


def test_an_upload_that_the_network_cuts_begins_again_and_arrives_once(chat: Open) -> None:
    page, talk, _ = chat(quiet)
    tries = 0

    def first_is_cut(route: Route) -> None:
        nonlocal tries
        tries += 1
        route.abort() if tries == 1 else route.continue_()

    page.route("**/chat/photo*", first_is_cut)
    choose(page, png())
    write(page, "men b3d")
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(2, timeout=20_000)
    assert tries == 2 and kinds(talk) == ["photo", "men b3d"]


def test_a_photo_of_a_session_that_ended_leaves_in_the_new_one(chat: Open) -> None:
    page, talk, _ = chat(quiet)
    page.evaluate("() => localStorage.setItem('bricol.token', 'forged')")
    page.context.set_offline(True)
    expect(page.locator("#state.off")).to_be_attached()
    choose(page, png())
    page.locator("#send").click()
    page.context.set_offline(False)
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(1)
    assert kinds(talk) == ["photo"]
