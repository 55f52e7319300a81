"""The chat page in a real browser: conversations in two scripts, taps, codes, and a network that comes and goes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels.base import InboundMessage
from channels.web import WebSettings
from domain.engagement.reply import LOCALES, Option, Reply, language_script_of
from prompts import replies
from tests.support.talking_app import Server, Talk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
Open = Callable[..., tuple[Page, Talk, Server]]

LATIN = Reply("Salam! Fin kayn lmochkil?", "ary", "latn", "place")
ARABIC = Reply("مزيان، BR-1042 غدا 10:00-12:00. نأكدها؟", "ary", "arab", "confirm", (Option("آه، أكد", "yes"), Option("لا", "no")))


# How far from the left each of these words is painted inside an element.
LEFT_EDGES = """(element, words) => words.map((word) => {
  const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (walk.nextNode()) {
    const at = walk.currentNode.data.indexOf(word);
    if (at < 0) continue;
    range.setStart(walk.currentNode, at);
    range.setEnd(walk.currentNode, at + word.length);
    return range.getBoundingClientRect().left;
  }
})"""


def mirror(message: InboundMessage) -> list[Reply]:
    """Answers in the script it was written in."""
    return [ARABIC if any("\u0600" <= c <= "\u06ff" for c in message.text) else LATIN]


def echo(message: InboundMessage) -> list[Reply]:
    return [Reply(f"gelti: {message.text}", "ary", "latn")]


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def bubbles(page: Page) -> list[str]:
    """What stands in the conversation, top to bottom, without the times."""
    return [b.inner_text().split("\n")[0] for b in page.locator(".msg").all()]


def test_a_conversation_in_arabizi(chat: Open) -> None:
    page, talk, _ = chat(mirror)
    say(page, "slm, lma kaysil f cuisine")
    expect(page.locator(".msg.bot")).to_contain_text("Fin kayn lmochkil?")
    expect(page.locator(".msg.bot")).to_have_attribute("dir", "ltr")
    expect(page.locator(".msg.me .meta [role=img]")).to_have_attribute("aria-label", "wsel")
    expect(page.locator("#text")).to_have_attribute("placeholder", "Ktb message")
    assert [m.text for m in talk.taken] == ["slm, lma kaysil f cuisine"]


def test_arabic_reads_from_the_right_with_numbers_in_order_and_options_are_tapped(chat: Open) -> None:
    page, talk, _ = chat(mirror)
    say(page, "السلام، الما كيسيل")
    bubble = page.locator(".msg.bot")
    expect(bubble).to_have_attribute("dir", "rtl")
    assert bubble.evaluate("n => getComputedStyle(n).direction") == "rtl"
    assert page.locator(".msg.me").evaluate("n => getComputedStyle(n).direction") == "rtl"
    order = bubble.evaluate(LEFT_EDGES, ["10:00", "12:00"])
    assert order[0] < order[1], "the range must read 10:00-12:00, not backwards"
    page.get_by_role("button", name="آه، أكد").click()
    expect(page.locator(".msg.me")).to_have_count(2)
    expect(page.locator(".msg.bot")).to_have_count(2)
    assert (talk.taken[1].kind, talk.taken[1].text, talk.taken[1].payload) == ("button", "آه، أكد", {"payload": "yes"})


def test_a_first_message_is_one_tap_away_in_four_languages(chat: Open) -> None:
    page, talk, _ = chat(mirror)
    expect(page.locator(".hello")).to_have_count(4)
    assert [h.split("\n")[0] for h in page.locator(".hello").all_inner_texts()] == ["Slm", "السلام", "Bonjour", "Hello"]
    page.locator(".hello").nth(1).click()
    expect(page.locator(".msg.bot")).to_have_count(1)
    expect(page.locator("#welcome")).to_be_hidden()
    assert talk.taken[0].text == "السلام"


def test_nothing_is_lost_or_repeated_when_the_server_restarts(chat: Open) -> None:
    page, talk, server = chat(echo)
    say(page, "wahed")
    expect(page.locator(".msg.bot")).to_have_count(1)
    server.stop()
    expect(page.locator("#state.off")).to_be_attached()
    say(page, "jouj")
    say(page, "tlata")
    expect(page.locator(".msg.me .meta[data-state=pending]")).to_have_count(2)
    talk.tell(talk.taken[0].sender, Reply("mn b3d", "ary", "latn"))  # leaves while the page is away
    server.start()
    expect(page.locator(".msg.bot")).to_have_count(4)
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(3)
    assert [m.text for m in talk.taken] == ["wahed", "jouj", "tlata"]
    texts = bubbles(page)
    assert sorted(texts) == sorted(["wahed", "gelti: wahed", "jouj", "tlata", "mn b3d", "gelti: jouj", "gelti: tlata"])
    page.reload()
    page.locator("#state.on").wait_for()
    assert bubbles(page) == texts


def test_messages_written_without_a_network_leave_when_it_is_back(chat: Open) -> None:
    page, talk, _ = chat(echo)
    page.context.set_offline(True)
    expect(page.locator("#state.off")).to_be_attached()
    say(page, "ana hna")
    assert talk.taken == []
    page.context.set_offline(False)
    expect(page.locator(".msg.bot")).to_contain_text("gelti: ana hna")
    assert [m.text for m in talk.taken] == ["ana hna"]


def test_messages_written_offline_outlive_the_page_and_leave_once_in_their_order(chat: Open) -> None:
    page, talk, server = chat(echo)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    say(page, "wahed")
    expect(page.locator(".msg.bot")).to_have_count(1)
    server.stop()
    expect(page.locator("#away")).to_be_visible()
    for word in ("jouj", "tlata", "rb3a"):
        say(page, word)
    page.locator("#text").fill("khmsa, mazal ma kemmeltch")
    page.reload()  # nobody answers: the browser opens the page as it was last seen
    expect(page.locator(".msg.me .meta[data-state=pending]")).to_have_count(3)
    expect(page.locator("#away")).to_contain_text("Kaytsnnaw: 3")
    assert page.locator("#text").input_value() == "khmsa, mazal ma kemmeltch"
    assert [m.text for m in talk.taken] == ["wahed"]
    server.start()
    expect(page.locator(".msg.bot")).to_have_count(4, timeout=20_000)
    expect(page.locator("#away")).to_be_hidden()
    assert [m.text for m in talk.taken] == ["wahed", "jouj", "tlata", "rb3a"]
    assert sorted(bubbles(page)) == sorted([*(m.text for m in talk.taken), *(f"gelti: {m.text}" for m in talk.taken)])


def test_a_network_that_flickers_while_somebody_writes_doubles_and_loses_nothing(chat: Open) -> None:
    page, talk, _ = chat(echo)
    written = [f"kelma {n}" for n in range(10)]
    for n, word in enumerate(written):
        page.context.set_offline(n % 3 == 1)
        say(page, word)
        if n == 5:
            page.evaluate("() => dispatchEvent(new Event('offline'))")  # the line falls just after it was written
    page.context.set_offline(False)
    expect(page.locator(".msg.me .meta[data-state=ok]")).to_have_count(10, timeout=30_000)
    expect(page.locator(".msg.bot")).to_have_count(10)
    assert [m.text for m in talk.taken] == written
    assert [text for text in bubbles(page) if text.startswith("kelma")] == written


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_speaks_and_turns_with_the_conversation_and_says_kindly_that_it_is_offline(chat: Open, locale: str) -> None:
    language, script = language_script_of(locale)
    page, _, _ = chat(lambda m: [Reply("BR-1042", language, script)])
    say(page, "salam")
    expect(page.locator(".msg.bot")).to_have_count(1)
    html = page.locator("html")
    expect(html).to_have_attribute("dir", "rtl" if script == "arab" else "ltr")
    expect(html).to_have_attribute("lang", re.compile(f"^{language}"))
    page.context.set_offline(True)
    expect(page.get_by_role("status")).to_contain_text(replies.render("channel.page_away", locale))
    mine, ours = (page.locator(f".msg.{who}").bounding_box() for who in ("me", "bot"))
    assert mine and ours and (mine["x"] < ours["x"]) == (script == "arab")


def test_a_second_tab_joins_the_same_conversation(chat: Open) -> None:
    page, talk, server = chat(echo)
    say(page, "wahed")
    expect(page.locator(".msg.bot")).to_have_count(1)
    other = page.context.new_page()
    other.goto(server.url + "/chat")
    expect(other.locator(".msg")).to_have_count(2)
    other.locator("#state.on").wait_for()
    say(other, "jouj")
    expect(other.locator(".msg")).to_have_count(4)
    expect(page.locator(".msg")).to_have_count(4)
    assert len({m.sender for m in talk.taken}) == 1


def test_a_new_conversation_is_really_new(chat: Open) -> None:
    page, talk, _ = chat(echo)
    say(page, "wahed")
    expect(page.locator(".msg.bot")).to_have_count(1)
    page.get_by_role("button", name="Hadra jdida").click()
    page.keyboard.press("Escape")
    expect(page.locator(".msg")).to_have_count(2)
    page.get_by_role("button", name="Hadra jdida").click()
    page.get_by_role("dialog").get_by_role("button", name="Mse7").click()
    expect(page.locator(".msg")).to_have_count(0)
    page.locator("#state.on").wait_for()
    say(page, "jouj")
    expect(page.locator(".msg.bot")).to_have_count(1)
    assert len({m.sender for m in talk.taken}) == 2


def test_a_code_is_asked_for_with_digits_and_sent_as_a_message(chat: Open) -> None:
    def agent(message: InboundMessage) -> list[Reply]:
        verified = message.text == "482913"
        return [Reply("Safi, verifié.", "ary", "latn") if verified else Reply("Ktb lcode.", "ary", "latn", "code")]

    page, talk, _ = chat(agent)
    say(page, "chouf les réservations dyali")
    code = page.get_by_label("Lcode li jak f SMS")
    expect(code).to_be_focused()
    code.fill("111111")
    page.keyboard.press("Enter")
    expect(page.locator(".msg.bot")).to_have_count(2)  # a wrong one is asked again, and does not stay
    assert code.input_value() == ""
    code.fill("482 913")
    page.get_by_role("button", name="Akked").click()
    expect(page.locator(".msg.bot").nth(2)).to_contain_text("Safi")
    expect(page.locator("#code")).to_be_hidden()
    assert [m.text for m in talk.taken[1:]] == ["111111", "482913"]


def test_a_rating_is_one_tap(chat: Open) -> None:
    page, talk, _ = chat(lambda m: [Reply("Ch7al ta3tih mn 1 l 5?", "ary", "latn", "rating" if len(m.text) > 1 else None)])
    say(page, "salam")
    page.locator(".option.star").nth(4).click()
    expect(page.locator(".msg.bot")).to_have_count(2)
    assert talk.taken[1].text == "5"


def test_a_place_is_shared_when_the_person_allows_it(chat: Open) -> None:
    page, talk, _ = chat(echo, geolocation={"latitude": 33.585, "longitude": -7.632}, permissions=["geolocation"])
    page.locator("#place").click()
    expect(page.locator(".msg.me .pin")).to_contain_text("33.5850, -7.6320")
    expect(page.locator(".msg.bot")).to_have_count(1)
    assert (talk.taken[0].kind, talk.taken[0].payload) == ("location", {"lat": 33.585, "lon": -7.632})


def test_a_refused_place_is_answered_with_another_way(chat: Open) -> None:
    page, talk, _ = chat(echo)
    page.locator("#place").click()
    expect(page.get_by_role("alert")).to_contain_text("Écrivez plutôt votre quartier")
    assert talk.taken == []


def test_what_people_write_is_never_read_as_html(chat: Open) -> None:
    page, _, _ = chat(lambda m: [Reply(m.text, "fr", "latn", options=(Option("<b>Oui</b>", "y"),))])
    say(page, "<img src=x onerror=alert(1)> *gras* https://bricol.ma/t/1 BR-1042")
    bubble = page.locator(".msg.bot")
    expect(bubble).to_contain_text("<img src=x onerror=alert(1)>")
    assert bubble.locator("img").count() == 0
    assert page.locator(".option b").count() == 0
    assert bubble.locator("a").get_attribute("rel") == "noopener noreferrer"


def test_the_page_asks_nothing_of_anyone_else_and_keeps_its_own_rules(chat: Open) -> None:
    asked: list[str] = []
    broken: list[str] = []
    page, _, server = chat(mirror)
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: broken.append(m.text) if m.type == "error" else None)
    page.reload()
    page.locator("#state.on").wait_for()
    say(page, "السلام")
    expect(page.locator(".msg.bot")).to_have_count(1)
    assert asked
    assert {url for url in asked if not url.startswith(server.url)} == set()
    assert broken == []


@pytest.mark.parametrize(("width", "height"), [(320, 568), (390, 844), (768, 1024), (1280, 800)])
def test_nothing_sticks_out_at_any_width(chat: Open, width: int, height: int) -> None:
    options = tuple(Option(f"Technicien {n}", str(n), "4.8 ★ · 320 MAD · Casablanca Maârif Extension") for n in range(4))
    page, _, _ = chat(lambda m: [Reply("x" * 300, "fr", "latn", "choice", options)], viewport={"width": width, "height": height})
    say(page, "y" * 200)
    expect(page.locator(".option")).to_have_count(4)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    box = page.locator("#send").bounding_box()
    assert box
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height


def test_the_demos_phones_show_what_technicians_get_beside_the_chat(chat: Open) -> None:
    sms: list[dict[str, Any]] = []
    secret = b"a secret of the tests, long enough"
    talk = Talk(echo, WebSettings(secret=secret, poll_seconds=3600), recent_sms=lambda: list(sms))
    page, _, server = chat(echo, talk, viewport={"width": 1280, "height": 800})
    expect(page.locator("#phone")).to_contain_text("Rien encore")
    base = {"phone": "+212662000001", "name": "Ahmed", "role": "technician", "encoding": "GSM-7", "parts": 1, "at": "2026-11-23T09:00:00+00:00"}
    sms.insert(0, {**base, "id": "o1", "direction": "to", "text": f"BR-1 Maarif. 1=oui 2=non {server.url}/t/1-a"})
    expect(page.locator("#phone .text.to")).to_contain_text("1=oui")
    sms.insert(0, {**base, "id": "i1", "direction": "from", "text": "1", "at": "2026-11-23T09:00:04+00:00"})
    expect(page.locator("#phone .cost.from")).to_contain_text("réponse simulée")
    assert page.locator("#phone .text a").get_attribute("href") == f"{server.url}/t/1-a"
    page.goto(server.url + "/demo")
    expect(page.locator(".phone .bar")).to_contain_text("Ahmed")
