"""The desk's pages: the queue, one conversation, reports, the audit; and the stream of what changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from channels.desk import audit, live, pages, reports
from channels.desk.gate import ANSWERS, COOKIE, Gate
from channels.desk.sight import Sight

ConversationId = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid")
    words: str = Field(max_length=80, description="A booking's number, six digits of a phone or more, or three letters of a name or more.")


def routes(gate: Gate, sight: Sight, present: live.Present) -> APIRouter:
    """The pages, their parts, and the stream that keeps them up to date."""
    router = APIRouter(tags=["desk"])

    @router.get("/desk", response_class=Response)
    def home(request: Request) -> Response:
        """The queue; the sign-in page for who has no session."""
        who = gate.known(request)
        if who is None:
            return RedirectResponse("/desk/sign-in", 303)
        if not who.may("talk"):
            return RedirectResponse("/desk/reports", 303)
        return pages.page("desk", who.locale, who, **sight.queue(who), talk=None)

    @router.get("/desk/c/{conversation_id}", response_class=Response, responses={404: ANSWERS[404]})
    def one(request: Request, conversation_id: ConversationId) -> Response:
        """One conversation beside the queue."""
        if gate.known(request) is None:
            return RedirectResponse("/desk/sign-in", 303)
        who = gate.may(request, "talk")
        return pages.page("desk", who.locale, who, **(sight.queue(who) | sight.talk(who, conversation_id)))

    @router.get("/desk/c/{conversation_id}/photo/{row_id}", response_class=Response, responses={401: ANSWERS[401], 404: ANSWERS[404]})
    def photo(request: Request, conversation_id: ConversationId, row_id: ConversationId) -> Response:
        """A photo the person sent, from wherever their channel keeps it."""
        who = gate.may(request, "talk")
        found = gate.do(who, conversation_id, "photo", lambda: sight.acts.photo(conversation_id, row_id, who.login))
        # kept a while by this browser alone: the page is drawn anew at each message
        alone = {"Cache-Control": "private, max-age=600", "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(found.content, media_type=found.mime, headers=pages.HEADERS | alone)

    @router.get("/desk/part/queue", response_class=Response, responses={401: ANSWERS[401]})
    def queue_part(request: Request, open: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> Response:
        """The queue alone, for a page that is open."""
        who = gate.may(request, "talk", active=False)
        return pages.page("queue", who.locale, who, **(sight.queue(who) | {"open_id": open}))

    @router.get("/desk/part/c/{conversation_id}", response_class=Response, responses={401: ANSWERS[401], 404: ANSWERS[404]})
    def talk_part(request: Request, conversation_id: ConversationId) -> Response:
        """One conversation alone, for a page that is open."""
        who = gate.may(request, "talk", active=False)
        return pages.page("talk", who.locale, who, now=gate.clock.now(), **sight.talk(who, conversation_id))

    @router.get("/desk/reports", response_class=Response, responses={403: ANSWERS[403]})
    def report(request: Request) -> Response:
        """What the desk and the bot did over the last days."""
        if gate.known(request) is None:
            return RedirectResponse("/desk/sign-in", 303)
        who = gate.may(request, "reports")
        with gate.db.reading() as session:
            found = reports.read(session, gate.clock.now(), sight.rules)
        return pages.page("reports", who.locale, who, report=found)

    @router.get("/desk/audit", response_class=Response, responses={403: ANSWERS[403]})
    def lines(request: Request) -> Response:
        """Who did and saw what."""
        if gate.known(request) is None:
            return RedirectResponse("/desk/sign-in", 303)
        who = gate.may(request, "audit")
        with gate.db.reading() as session:
            found = audit.latest(session)
        return pages.page("audit", who.locale, who, lines=found)

    @router.post("/api/desk/find", response_class=Response, responses=ANSWERS)
    def found(request: Request, body: Search) -> Response:
        """Conversations in no queue, as a part of the page. Posted: names and phones belong in no address and no log."""
        who = gate.writer(request)
        return pages.page("found", who.locale, who, **sight.find(who, body.words))

    @router.get("/desk/unsent", response_class=Response, responses={403: ANSWERS[403]})
    def unsent(request: Request) -> Response:
        """Messages that failed for good, and why."""
        if gate.known(request) is None:
            return RedirectResponse("/desk/sign-in", 303)
        who = gate.may(request, "letters")
        return pages.page("unsent", who.locale, who, **sight.letters(who))

    @router.get("/desk/static/{version}/{name}", include_in_schema=False)
    def static(version: Annotated[str, Path(max_length=20)], name: Annotated[str, Path(max_length=40)]) -> Response:
        file = pages.files().get(name)
        if file is None:
            raise HTTPException(404, {"error": "not_found"})
        keep = "public, max-age=31536000, immutable" if version == pages.version() else "no-store"
        kind = pages.TYPES["." + name.rpartition(".")[2]]
        return Response(file, media_type=kind, headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"})

    @router.get("/api/desk/events", response_class=StreamingResponse, responses={401: ANSWERS[401]})
    async def events(request: Request, open: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> StreamingResponse:
        """Server-sent events for an open page."""
        who = await run_in_threadpool(lambda: gate.may(request, "talk", active=False))
        cookie = request.cookies.get(COOKIE)
        stream = live.events(gate.db, present, who, open, lambda: gate.accounts.signed(cookie, active=False) is not None)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    return router
