"""Gives a photo of ours a signed address that a provider, or the person, can fetch it from for three days."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response

from channels.photos import NotAPhoto, look
from domain.store.outbound_media import LIFE, OutboundMedia, keep

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.wiring import House

LARGEST = 5_000_000  # bytes: WhatsApp's limit for a photo
KINDS = ("image/jpeg", "image/png")  # what every channel shows
_TOKEN = re.compile(r"(\d{1,9})-(\d{10})-([0-9a-f]{24})")
ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}, "image/png": {}}}, 404: {"description": "Unknown, or too old."}}
Token = Annotated[str, Path(max_length=50)]


def mime_of(content: bytes) -> str | None:
    """The kind of a photo that may leave, by its own bytes; None for anything else."""
    try:
        mime = look(content).mime if len(content) <= LARGEST else ""
    except NotAPhoto:
        return None
    return mime if mime in KINDS else None


def address(house: House, session: Session, conversation_id: int, content: bytes, mime: str) -> str:
    """Keeps the photo; where it can be fetched for three days."""
    now = house.clock.now()
    number = keep(session, conversation_id, content, mime, now)
    head = f"{number}-{int((now + LIFE).timestamp())}"
    return f"{house.settings.address}/media/{head}-{_signature(house.market.secret, head)}"


def number_of(secret: bytes, token: str, now: datetime) -> int | None:
    """The photo that a genuine token names, while it lives."""
    found = _TOKEN.fullmatch(token)
    if not found or not hmac.compare_digest(found[3], _signature(secret, f"{found[1]}-{found[2]}")):
        return None
    return int(found[1]) if int(found[2]) > now.timestamp() else None


def routes(house: House) -> APIRouter:
    router = APIRouter(tags=["channels"])

    @router.get("/media/{token}", response_class=Response, responses=ANSWERS)
    def photo(token: Token) -> Response:
        """A photo that somebody of ours sent, for providers and for the person."""
        number = number_of(house.market.secret, token, house.clock.now())
        with house.db.reading() as session:
            row = session.get(OutboundMedia, number) if number is not None else None
        if row is None:
            raise HTTPException(404, {"error": "not_found"})
        most = int(timedelta(hours=1).total_seconds())
        headers = {"Cache-Control": f"private, max-age={most}", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
        return Response(row.content, media_type=row.mime, headers=headers)

    return router


def _signature(secret: bytes, head: str) -> str:
    return hmac.new(secret, b"media:" + head.encode(), hashlib.sha256).hexdigest()[:24]
