"""Takes a visitor's photo in before its message: checked by its own bytes, kept once, whatever the network repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from channels.base import Media, MediaRefused, StoreUnavailable
from channels.photos import MIMES, NotAPhoto, look
from channels.web.door import Door
from channels.web.limits import Buckets
from channels.web.settings import WebSettings
from channels.webhook import Refused, body_of
from domain.clock import Clock
from domain.store import web_photos
from domain.store.database import Database

PATH = "/chat/photo"
SCHEME = "web"


class Photos(Protocol):
    """Where photos are kept. Called from worker threads; each may raise StoreUnavailable."""

    def keep(self, session: str, key: str, mime: str, content: bytes) -> None:
        """Keeps the photo of message `key`; the same once more changes nothing."""
        ...

    def claim(self, session: str, key: str) -> tuple[str, str] | None:
        """(address, mime) of the photo whose message has come; None: it is not here."""
        ...

    def read(self, address: str) -> Media | None: ...

    def forget(self, address: str) -> None: ...


@dataclass(frozen=True)
class StoredPhotos:
    """Photos in the store, as Photos; their addresses are `web:<row>`."""

    db: Database
    clock: Clock

    def keep(self, session: str, key: str, mime: str, content: bytes) -> None:
        try:
            with self.db.transaction() as store:
                web_photos.keep(store, session, key, mime, content, self.clock.now())
        except SQLAlchemyError as error:  # also two uploads at once of one photo: the page asks again and finds the first
            raise StoreUnavailable("the photo cannot be kept") from error

    def claim(self, session: str, key: str) -> tuple[str, str] | None:
        try:
            with self.db.transaction() as store:
                found = web_photos.claim(store, session, key)
                return (f"{SCHEME}:{found.id}", found.mime) if found else None
        except SQLAlchemyError as error:
            raise StoreUnavailable("the photo cannot be read") from error

    def read(self, address: str) -> Media | None:
        with self.db.reading() as store:
            found = web_photos.read(store, _row(address))
            return Media(found.content, found.mime) if found else None

    def forget(self, address: str) -> None:
        with self.db.transaction() as store:
            web_photos.forget(store, _row(address))


def _row(address: str) -> int:
    scheme, _, number = address.partition(":")
    if scheme != SCHEME or not (number.isascii() and number.isdigit()):
        raise MediaRefused("not_theirs")
    return int(number)


def routes(door: Door, photos: Photos, settings: WebSettings) -> APIRouter:
    router = APIRouter(tags=["chat"])
    sessions = Buckets(settings.photo_burst, settings.photos_per_second)
    addresses = Buckets(settings.photos_per_minute, settings.photos_per_minute / 60)
    answers = {401: "The session is not known.", 403: "Another site's page.", 413: "Too large.", 415: "No JPEG, PNG or WebP.", 429: "Too fast."}
    body = {"requestBody": {"required": True, "content": {mime: {"schema": {"type": "string", "format": "binary"}} for mime in MIMES}}}

    @router.post(PATH, responses={code: {"description": text} for code, text in answers.items()}, openapi_extra=body)
    async def upload(
        request: Request,
        id: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{1,60}$", description="of the message that will follow")],
        authorization: Annotated[str, Header(max_length=400, description="Bearer and the session's token")] = "",
    ) -> JSONResponse:
        """A photo, as the body; its message comes by the socket after it."""
        if not door.open_to(request.headers):
            return _no(403, "other_site")
        session = door.sessions.read(authorization.removeprefix("Bearer "))
        if session is None:
            return _no(401, "session")
        if seconds := sessions.wait(session) or addresses.wait(request.client.host if request.client else "?"):
            return _no(429, "later", **{"Retry-After": str(int(seconds) + 1)})
        try:
            content = await body_of(request, settings.max_photo)
            found = look(content)
        except ClientDisconnect:
            return _no(400, "cut_off")  # nobody hears it: the page begins again
        except Refused:
            return _no(413, "too_large")
        except NotAPhoto as no:
            return _no(415, no.code)
        await run_in_threadpool(photos.keep, session, id, found.mime, content)
        return JSONResponse({"mime": found.mime, "width": found.width, "height": found.height})

    return router


def _no(status: int, code: str, **headers: str) -> JSONResponse:
    return JSONResponse({"error": code}, status, headers=headers)
