"""Serves the chat page, the demo's phones and their few files; nothing comes from anywhere else."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool

from channels.web.history import RecentSms
from domain.engagement.reply import LOCALES
from prompts import replies

STATIC = FilePath(__file__).parent / "static"
ALONE = ("widget.js", "offline.js")  # at addresses of their own, filled with what they must know
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json"}
_PLAIN = {"X-Content-Type-Options": "nosniff"}
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


def routes(recent_sms: RecentSms | None, sites: Sequence[str] = ()) -> APIRouter:
    """`sites`: others than ours whose pages may frame the chat."""
    router = APIRouter(tags=["chat"])

    @router.get("/chat", response_class=HTMLResponse)
    def chat(request: Request) -> HTMLResponse:
        """The chat page."""
        return _page("chat.html", request, demo=recent_sms is not None, sites=sites)

    @router.get("/widget.js", response_class=Response)
    def widget() -> Response:
        """The chat on another site's page: one script, which puts a button in the corner and the page in a frame."""
        # a short life: sites name this address for years, and what it says of our page must fit that page
        return Response(_script("widget.js"), media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"} | _PLAIN)

    @router.get("/chat/offline.js", response_class=Response)
    def offline() -> Response:
        """The service worker that opens the page where there is no network."""
        headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/chat"} | _PLAIN
        return Response(_script("offline.js"), media_type="text/javascript", headers=headers)

    @router.get("/chat/static/{version}/{name}", responses={404: {"description": "No such file."}}, include_in_schema=False)
    def static(version: Annotated[str, Path(max_length=20)], name: Annotated[str, Path(max_length=40)]) -> Response:
        """A file of the page; its address changes when it does, so browsers keep it."""
        file = _files().get(name)
        if file is None:
            raise HTTPException(404, {"error": "not_found"})
        keep = "public, max-age=31536000, immutable" if version == _version() else "no-store"
        return Response(file, media_type=TYPES[FilePath(name).suffix], headers={"Cache-Control": keep} | _PLAIN)

    if recent_sms is not None:

        @router.get("/demo", response_class=HTMLResponse)
        def demo(request: Request) -> HTMLResponse:
            """The technicians' phones, in a demonstration."""
            return _page("demo.html", request, demo=True)

        @router.get("/demo/sms")
        async def sms() -> JSONResponse:
            """The latest SMS of the demonstration, newest first."""
            return JSONResponse({"sms": await run_in_threadpool(recent_sms)}, headers={"Cache-Control": "no-store"})

    return router


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in TYPES and path.name not in ALONE}


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, content in _files().items():
        digest.update(name.encode() + content)
    return digest.hexdigest()[:12]


@cache
def _html(name: str, demo: bool) -> str:
    """The page with its words in every locale. `</` cannot end the data block early: it is written `<\\/`."""
    texts = _texts("channel.page_", "channel.demo_")
    return _filled(
        name,
        version=_version(),
        demo="yes" if demo else "no",
        texts=json.dumps(texts, ensure_ascii=False).replace("</", "<\\/"),
        title=texts["fr"]["page_title"],
        tagline=texts["fr"]["page_tagline"],
        no_script=texts["fr"]["page_no_script"],
    )


@cache
def _script(name: str) -> str:
    """A script that stands on its own, with what it must know of the page."""
    files = [f"/chat/static/{_version()}/{file}" for file in _files()]
    return _filled(name, version=_version(), files=json.dumps(files), texts=json.dumps(_texts("channel.widget_"), ensure_ascii=False))


def _filled(name: str, **facts: str) -> str:
    text = (STATIC / name).read_text(encoding="utf-8")
    for key, value in facts.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _texts(*prefixes: str) -> dict[str, dict[str, str]]:
    """Our own words in every locale: {locale: {key without "channel.": text}}."""
    return {locale: {k.removeprefix("channel."): v[0] for k, v in replies.entries(locale).items() if k.startswith(prefixes)} for locale in LOCALES}


def _page(name: str, request: Request, *, demo: bool, sites: Sequence[str] = ()) -> HTMLResponse:
    host = request.headers.get("host", "")
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""  # older browsers: 'self' does not cover sockets
    framers = " ".join(("'self'", *sites))
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'{sockets}; manifest-src 'self'; "
        f"worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {framers}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "geolocation=(self)",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return HTMLResponse(_html(name, demo), headers=headers)
