"""The web server: channels' webhooks, the chat page, one-tap links, health and metrics, with the worker in the same process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import inbox, media, metrics, onetap, outbox
from bot.desk import HouseActs
from bot.wiring import House, LateKnowledge
from channels.base import Accept, InboundMessage, LargeBodies, Listener, StatusUpdate, StoreUnavailable
from channels.desk import Desk

log = logging.getLogger(__name__)


def create_app(house: House, *, worker: Any = None, technicians: Any = None) -> FastAPI:
    """The application over this house. `worker`: started and stopped with the server, woken by each message; None: only take in.

    `technicians`: something with `start()` and `stop()` that answers offers (the demo), or None.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = [part for part in (worker, technicians) if part is not None]
        for part in parts:
            await run_in_threadpool(part.start)
        # the models are read while the server already takes messages in
        threading.Thread(target=_warm_up, args=(house,), name="bricol-warm-up", daemon=True).start()
        listening = [asyncio.create_task(_listen(c, accept)) for c in house.channels.values() if isinstance(c, Listener)]
        yield
        for task in listening:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for part in reversed(parts):
            await run_in_threadpool(part.stop)

    app = FastAPI(title="Bricol", version="0.1.0", description="Conversational agent of a home-services marketplace.", lifespan=lifespan)
    larger = {path: most for c in house.channels.values() if isinstance(c, LargeBodies) for path, most in c.max_bodies.items()}
    app.add_middleware(BodyLimit, limit=house.settings.max_body_bytes, larger=larger)

    async def accept(messages: Sequence[InboundMessage]) -> None:
        arrivals = await run_in_threadpool(inbox.accept, house, list(messages))
        if worker is not None:
            worker.woken_by(arrivals)
        for arrival in arrivals:
            metrics.received(arrival.channel)

    async def on_status(updates: Sequence[StatusUpdate]) -> None:
        try:
            await run_in_threadpool(outbox.on_status, house, list(updates))
        except inbox.STORE_DOWN as error:
            raise StoreUnavailable("the store cannot be written") from error

    for channel in house.channels.values():
        app.include_router(channel.routes(accept, on_status))
    spread = worker.spread if worker is not None else lambda: None
    if house.bridge is not None:
        app.include_router(house.bridge.routes(worker.bridged if worker is not None else lambda conversations: None))
    app.include_router(media.routes(house))
    app.include_router(onetap.routes(house, spread))
    app.include_router(Desk(house.db, house.clock, house.rules, HouseActs(house, spread), house.settings.address).routes())
    _own_routes(app, house, worker)
    _clean_errors(app, house)
    return app


async def _listen(channel: Listener, accept: Accept) -> None:
    try:
        await channel.listen(accept)
    except Exception:  # the others go on; what this one missed its provider keeps
        log.exception("a channel does not listen any more; restart the server")


def _own_routes(app: FastAPI, house: House, worker: Any) -> None:
    @app.get("/healthz", tags=["operations"], response_class=PlainTextResponse)
    def healthz() -> str:
        """The process lives."""
        return "ok"

    @app.get("/readyz", tags=["operations"], responses={503: {"description": "Something is not ready; the body says what."}})
    def readyz() -> JSONResponse:
        """Whether messages can be taken in and answered."""
        checks = {"store": _store_answers(house), "worker": worker is None or worker.ready, "brain": house.late_agent.ready}
        return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)

    @app.get("/metrics", tags=["operations"], response_class=PlainTextResponse)
    def prometheus() -> Response:
        """Counters for Prometheus."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse("/chat")


def _warm_up(house: House) -> None:
    try:
        house.late_agent()
    except Exception:
        log.exception("the brain cannot be built: people get an apology until it can; see bricol doctor")
    if isinstance(house.market.knowledge, LateKnowledge):
        house.market.knowledge.warm()  # after the brain, which everybody waits for


def _store_answers(house: House) -> bool:
    try:
        with house.db.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM conversations LIMIT 1"))
    except Exception:
        return False
    return True


def _clean_errors(app: FastAPI, house: House) -> None:
    """Every failure is a short JSON object; what went wrong inside stays in the log."""

    @app.exception_handler(StoreUnavailable)
    async def unavailable(request: Request, error: StoreUnavailable) -> JSONResponse:
        return JSONResponse({"error": "store_unavailable", "detail": "try again soon"}, 503, headers={"Retry-After": "5"})

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [{"field": ".".join(str(p) for p in e["loc"]), "problem": e["msg"]} for e in error.errors()]
        return JSONResponse({"error": "malformed", "fields": fields}, 422)

    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        body: dict[str, Any] = error.detail if isinstance(error.detail, dict) else {"error": str(error.detail)}
        if error.status_code == 413:
            body |= {"field": "body", "limit_bytes": house.settings.max_body_bytes}
        return JSONResponse(body, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return JSONResponse({"error": "internal", "detail": "this was logged"}, 500)


class BodyLimit:
    """Refuses bodies above the limit with 413, by their declared length or as they come in."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int] | None = None) -> None:
        self.app, self.limit, self.larger = app, limit, dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = max(self.limit, self.larger.get(scope["path"], 0))
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            status = 413 if declared.isdigit() else 400
            await JSONResponse({"error": "body_too_large", "field": "body", "limit_bytes": limit}, status)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise StarletteHTTPException(413, "body_too_large")
            return message

        await self.app(scope, counted, send)
