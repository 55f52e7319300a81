"""The technician's link: one tap in an SMS opens a page with the offer, one more answers it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, HTTPException, Path
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, Template

from domain.engagement.reply import language_script_of, locale_of
from domain.store.conversations import conversation_for
from domain.store.tables import Offer
from prompts import replies, wording
from tools.context import TurnContext

if TYPE_CHECKING:
    from bot.wiring import House

ANSWERS = {"a": "accept", "d": "decline"}
LETTERS = {answer: letter for letter, answer in ANSWERS.items()}
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class OneTapLinks:
    """Signed, short links: an SMS of 160 characters must hold one. `tools.context.Links`."""

    def __init__(self, address: str, secret: bytes) -> None:
        self._address, self._secret = address, secret

    def one_tap(self, offer_id: int, answer: str) -> str:
        """The address that answers one offer; `answer`: accept or decline. Raises KeyError for another answer."""
        return f"{self._address}/t/{token(self._secret, offer_id, answer)}"


def token(secret: bytes, offer_id: int, answer: str) -> str:
    """About 13 characters: the offer in base 36, a letter for the answer, 60 bits of HMAC-SHA256.

    It does not expire by itself: the offer does, and an answer after its deadline is refused where offers are answered.
    """
    head = _base36(offer_id) + "-" + LETTERS[answer]
    return head + _signature(secret, head)


def read(secret: bytes, text: str) -> tuple[int, str] | None:
    """(offer id, answer) of a genuine token, else None."""
    number, dash, rest = text.partition("-")
    if not dash or not number.isascii() or not number.isalnum() or not (1 <= len(number) <= 10) or rest[:1] not in ANSWERS:
        return None
    head = f"{number}-{rest[0]}"
    if not hmac.compare_digest(rest[1:].encode(), _signature(secret, head).encode()):
        return None
    return int(number, 36), ANSWERS[rest[0]]


def _signature(secret: bytes, head: str) -> str:
    digest = hmac.new(secret, b"one-tap:" + head.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest)[:10].decode()


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = ALPHABET[rest] + digits
        if not number:
            return digits


def routes(house: House, spread: Callable[[], None] = lambda: None) -> APIRouter:
    """`GET /t/<token>` shows the offer and its buttons (a link preview must not accept a job), `POST` answers it.

    `spread` is called after an answer: others are to hear of it.
    """
    router = APIRouter(tags=["technicians"], responses={404: {"description": "Not one of our links."}})

    @router.get("/t/{token_text}", response_class=HTMLResponse)
    def show(token_text: Annotated[str, Path(max_length=40)]) -> HTMLResponse:
        """The offer, with a button per answer."""
        known = read(house.market.secret, token_text)
        return _page_of_offer(house, known[0]) if known else _page("fr", "bad_link", status=404)

    @router.post("/t/{token_text}", response_class=HTMLResponse)
    def answer(token_text: Annotated[str, Path(max_length=40)], answer: Annotated[str, Form(max_length=10)] = "") -> HTMLResponse:
        """Answers the offer; the same tap again changes nothing."""
        known = read(house.market.secret, token_text)
        if known is None:
            return _page("fr", "bad_link", status=404)
        chosen = answer or known[1]
        if chosen not in LETTERS:
            raise HTTPException(422, {"error": "malformed", "fields": [{"field": "answer", "problem": "accept or decline"}]})
        page = _answer(house, known[0], chosen)
        spread()
        return page

    return router


def _page_of_offer(house: House, offer_id: int) -> HTMLResponse:
    with house.db.transaction() as session:
        offer = session.get(Offer, offer_id)
        if offer is None:
            return _page("fr", "bad_link", status=404)
        locale = locale_of(offer.technician.language, offer.technician.script)
        now = house.clock.now()
        if offer.status != "open" or offer.deadline <= now:
            return _page(locale, "gone")
        booking = offer.booking
        place = wording.place_name(booking.city, booking.district, locale)
        lines = [
            replies.render("onetap.job", locale, service=wording.service_name(booking.service, locale), place=place),
            wording.format_when(offer.start, locale, now),
        ]
        if offer.earning_mad is not None:
            lines.append(replies.render("onetap.earn", locale, price=wording.format_money(offer.earning_mad, locale)))
    return _html(locale, lines, [(value, replies.render(f"onetap.{value}", locale)) for value in LETTERS])


def _answer(house: House, offer_id: int, answer: str) -> HTMLResponse:
    from tools import registry

    now = house.clock.now()
    with house.db.transaction() as session:
        offer = session.get(Offer, offer_id)
        if offer is None:
            return _page("fr", "bad_link", status=404)
        technician, ref, status = offer.technician, offer.booking.ref, offer.status
        talk = conversation_for(session, "sms", technician.phone, now)
        session.flush()
        context = TurnContext(
            market=house.market,
            conversation_id=talk.id,
            role="technician",
            person_id=technician.id,
            phone=technician.phone,
            verified=True,  # the link is signed and was sent to this phone
            channel="sms",
            language=technician.language,
            script=technician.script,
            turn_key=f"onetap:{offer_id}",
            now=now,
        )
    locale = locale_of(technician.language, technician.script)
    said = {"accepted": "accept", "declined": "decline"}.get(status)
    if said is None and status == "open":
        result = registry.call("answer_offer", context, {"answer": answer, "ref": ref})
        if result.get("error") == "internal":
            return _page(locale, "try_again", status=503)
        said = answer if result["ok"] else None
    return _page(locale, {"accept": "accepted", "decline": "declined"}.get(said or "", "gone"), ref=ref)


def _page(locale: str, entry: str, *, status: int = 200, **facts: str) -> HTMLResponse:
    words = replies.render(f"onetap.{entry}", locale, **facts)
    return _html(locale, [words], [], status)


def _html(locale: str, lines: list[str], buttons: list[tuple[str, str]], status: int = 200) -> HTMLResponse:
    language, script = language_script_of(locale)
    page = _template().render(
        lang=language,
        dir="rtl" if script == "arab" else "ltr",
        title=replies.render("onetap.title", locale),
        lines=lines,
        buttons=buttons,
    )
    return HTMLResponse(page, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


@cache
def _template() -> Template:
    folder = FilePath(__file__).parent / "pages"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=False).get_template("onetap.html")
