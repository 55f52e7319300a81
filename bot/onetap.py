"""The technician's link: one tap in an SMS opens a page with the offer, one more answers it."""

from __future__ import annotations

import base64
import hashlib
import hmac

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
