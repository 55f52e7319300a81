"""The technician's link: one tap in an SMS opens the page of an offer, then of the job, and what is tapped there is done."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, HTTPException, Path
from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from bot.wiring import House

ANSWERS = {"a": "accept", "d": "decline"}
LETTERS = {answer: letter for letter, answer in ANSWERS.items()}
Token = Annotated[str, Path(max_length=40)]
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

    When it expires follows from the offer and its job (bot.onetap_page.expired): a date inside would cost characters of the SMS.
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
    """`GET /t/<token>` shows the offer or the job and its buttons (a link preview must not accept a job), `POST` does what was tapped.

    `spread` is called after a tap: others are to hear of it.
    """
    from bot import onetap_page
    from bot.onetap_actions import ACTIONS, Tap, do

    router = APIRouter(tags=["technicians"], responses={404: {"description": "Not one of our links."}, 410: {"description": "Its job is long over."}})

    @router.get("/t/{token_text}", response_class=HTMLResponse)
    def show(token_text: Token) -> HTMLResponse:
        """The offer, or the job it became, with a button per answer."""
        known = read(house.market.secret, token_text)
        return onetap_page.page(house, known[0]) if known else onetap_page.message("fr", "bad_link", status=404)

    @router.post("/t/{token_text}", response_class=HTMLResponse)
    def tap(
        token_text: Token,
        answer: Annotated[str, Form(max_length=12, description="accept decline other_time en_route arrived done position")] = "",
        step: Annotated[str, Form(max_length=20, description="what the page showed: a tap counts once")] = "",
        start: Annotated[str, Form(max_length=20, description="with other_time: YYYY-MM-DDTHH:MM, on a Moroccan clock")] = "",
        amount: Annotated[str, Form(max_length=20, description="with done: MAD")] = "",
        lat: Annotated[str, Form(max_length=24)] = "",
        lon: Annotated[str, Form(max_length=24)] = "",
    ) -> HTMLResponse:
        """Does what was tapped; the same tap again changes nothing."""
        known = read(house.market.secret, token_text)
        if known is None:
            return onetap_page.message("fr", "bad_link", status=404)
        chosen = answer or known[1]
        if chosen not in ACTIONS:
            problem = f"one of {', '.join(ACTIONS)}"
            raise HTTPException(422, {"error": "malformed", "fields": [{"field": "answer", "problem": problem}]})
        shown = do(house, known[0], Tap(chosen, step, start, amount, lat, lon))
        spread()
        return shown

    return router
