"""The desk in a real browser, with the chat page beside it: a client asks for a person, the person answers, the bot goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import delete

from bot.app import create_app
from channels.desk import accounts
from channels.web import StoredPhotos, WebChat, WebSettings, history_of
from domain.clock import SystemClock
from domain.engagement.reply import Reply
from domain.store.desk_tables import DeskCase
from domain.store.tables import Client, Conversation, OutboxRow, WebPhoto
from tests.support.axe import serious
from tests.support.builders import ScriptedAgent, build_house
from tests.support.desk import PASSWORD, Busy, quick_passwords, staff
from tests.support.pictures import png
from tests.support.talking_app import Server, serving
from tools import registry
from tools.context import TurnContext

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

PICTURES = os.environ.get("BRICOL_TEST_PICTURES")  # a folder: keep what the pages look like
ASKS = "عافاك بغيت نهضر مع شي واحد، الخدمة ما تصايباتش"


def bot(text: str, context: TurnContext) -> Reply:
    """Calls a person when it is asked to; says that it is the bot otherwise."""
    if "نهضر" in text:
        registry.call("escalate_to_human", context, {"reason": "dispute", "note": "الخدمة ما تصايباتش"})
        return Reply("واخا، واحد من الفرقة غادي يجاوبك هنا.", "ary", "arab")
    return Reply("مرحبا، أنا هنا.", "ary", "arab")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Any]]:
    quick_passwords(monkeypatch)
    house = build_house(tmp_path, agent=ScriptedAgent(bot), clock=SystemClock(), channels=[])
    web = WebSettings(secret=b"a secret of the tests, long enough", poll_seconds=3600)
    house.channels["web"] = WebChat(web, history_of(house.db), StoredPhotos(house.db, house.clock))
    staff(house)
    with serving(create_app(house, worker=Busy(house))) as server:
        yield server, house
    house.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(url: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1360, "height": 860}, "locale": "fr-FR", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def signed_in(page: Page, login: str = "karima") -> Page:
    page.get_by_label("Identifiant").fill(login)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    return page


def test_a_client_asks_for_a_person_who_answers_and_the_bot_goes_on(place: tuple[Server, Any], opened: Callable[..., Page]) -> None:
    server, house = place
    desk = signed_in(opened(server.url + "/desk"))
    expect(desk.locator("#state.on")).to_be_attached()
    client = opened(server.url + "/chat", viewport={"width": 390, "height": 844})
    client.locator("#state.on").wait_for()
    write(client, ASKS)
    expect(client.locator(".msg.bot")).to_have_count(1)

    desk.locator(".case").click()  # it came by itself
    expect(desk.locator("#side .sum")).to_contain_text("litige")
    expect(desk.locator("#side .sum")).to_contain_text("الخدمة ما تصايباتش")
    expect(desk.locator(".line.client .text")).to_have_text(ASKS)
    desk.keyboard.press("t")
    expect(desk.locator(".owner.mine")).to_be_visible()
    desk.locator("#text").fill("السلام، معاك كريمة. غادي نشوف معاك هادشي دابا.")
    desk.keyboard.press("Control+Enter")
    expect(client.locator(".msg.bot").nth(1)).to_contain_text("معاك كريمة")
    write(client, "شكرا بزاف")
    expect(desk.locator(".line.client")).to_have_count(2)
    expect(client.locator(".msg.bot")).to_have_count(2)  # the bot says nothing

    desk.locator("#text").blur()
    desk.keyboard.press("b")
    desk.get_by_label("Note pour les collègues").fill("صافي، تصايب المشكل")
    desk.get_by_label("Et maintenant, le bot").select_option("check_in")
    desk.locator("#back .main").click()
    expect(desk.locator(".owner.bot")).to_be_visible()
    expect(client.locator(".msg.bot").nth(2)).to_contain_text("كلشي مزيان دابا")  # the bot takes it up again by itself
    write(client, "سلام")
    expect(client.locator(".msg.bot").nth(3)).to_contain_text("أنا هنا")
    with house.db.reading() as session:
        assert session.query(DeskCase).one().outcome == "handed_back"


def test_a_photo_of_the_chat_page_is_seen_at_the_desk_and_one_that_is_gone_says_so(place: tuple[Server, Any], opened: Callable[..., Page]) -> None:
    server, house = place
    client = opened(server.url + "/chat", viewport={"width": 390, "height": 844})
    client.locator("#state.on").wait_for()
    client.locator("#file").set_input_files({"name": "fuite.png", "mimeType": "image/png", "buffer": png(900, 600)})
    expect(client.locator("#tray img")).to_have_count(1)
    write(client, ASKS)
    expect(client.locator(".msg.bot").last).to_contain_text("غادي يجاوبك")
    desk = signed_in(opened(server.url + "/desk"))
    desk.locator(".case").click()
    photo = desk.get_by_role("img", name="Photo du client")
    expect(photo).to_have_js_property("naturalWidth", 900)
    keep(desk, "desk-photo")
    with house.db.transaction() as session:
        session.execute(delete(WebPhoto))
    later = signed_in(opened(server.url + "/desk"))
    later.locator(".case").click()
    expect(later.locator(".line.client").first).to_contain_text("Cette photo n'est plus disponible.")


def test_a_session_that_expires_loses_no_word(place: tuple[Server, Any], opened: Callable[..., Page]) -> None:
    server, house = place
    client = opened(server.url + "/chat", viewport={"width": 390, "height": 844})
    client.locator("#state.on").wait_for()
    write(client, ASKS)
    expect(client.locator(".msg.bot")).to_have_count(1)
    desk = signed_in(opened(server.url + "/desk"))
    desk.locator(".case").click()
    desk.locator("#take").click()
    expect(desk.locator(".owner.mine")).to_be_visible()
    desk.locator("#text").fill("un long message")
    accounts.close(house.db, house.clock.now(), "karima")
    desk.locator("#send").click()
    expect(desk.get_by_role("alert")).to_contain_text("session a expiré")
    assert desk.locator("#text").input_value() == "un long message"
    expect(client.locator(".msg.bot")).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(place: tuple[Server, Any], opened: Callable[..., Page], scheme: str) -> None:
    server, _ = place
    client = opened(server.url + "/chat", viewport={"width": 390, "height": 844})
    client.locator("#state.on").wait_for()
    write(client, ASKS)
    expect(client.locator(".msg.bot")).to_have_count(1)
    desk = opened(server.url + "/desk", color_scheme=scheme)
    assert serious(desk) == []
    signed_in(desk, "lalla").locator(".case").click()
    desk.locator("#take").click()
    expect(desk.locator(".owner.mine")).to_be_visible()
    desk.locator("#d-canned").evaluate("d => d.open = true")
    assert serious(desk) == []
    desk.get_by_role("button", name="Agir pour le client").click()
    assert serious(desk) == []
    desk.keyboard.press("Escape")
    desk.keyboard.press("b")
    desk.get_by_label("Et maintenant, le bot").select_option("propose_visit")
    assert serious(desk) == []
    for page in ("unsent", "reports"):
        desk.goto(f"{server.url}/desk/{page}")
        assert serious(desk) == []


def test_what_could_not_be_sent_leaves_at_one_press_and_somebody_is_found_by_name(place: tuple[Server, Any], opened: Callable[..., Page]) -> None:
    server, house = place
    client = opened(server.url + "/chat", viewport={"width": 390, "height": 844})
    client.locator("#state.on").wait_for()
    write(client, ASKS)
    expect(client.locator(".msg.bot")).to_have_count(1)
    with house.db.transaction() as session:
        talk = session.query(Conversation).one()
        salma = Client(phone="+212661000001", name="Salma", created_at=house.clock.now())
        session.add(salma)
        session.flush()
        talk.client_id, talk.verified = salma.id, True
        lost = {"channel": "web", "to": talk.address, "status": "failed", "error": "network: timeout", "created_at": house.clock.now()}
        session.add(OutboxRow(key="lost", conversation_id=talk.id, reply=Reply("مازال معاك", "ary", "arab").to_dict(), **lost))
    desk = signed_in(opened(server.url + "/desk"), "lalla")
    expect(desk.locator(".unsent")).to_contain_text("1")
    desk.keyboard.press("/")
    desk.keyboard.type("salma")
    desk.keyboard.press("Enter")
    expect(desk.locator("#found .case")).to_have_count(1)
    desk.locator(".unsent a").click()
    expect(desk.locator(".letter .why")).to_contain_text("L'opérateur ou le réseau")
    desk.get_by_role("button", name="Renvoyer").click()
    expect(desk.get_by_role("alert")).to_contain_text("Renvoyé")
    expect(client.locator(".msg.bot")).to_have_count(2)


def write(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")
