"""The desk: `/desk` with its pages, its writes under `/api/desk`, and the stream that keeps open pages up to date."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from channels.desk import audit, live, pages, queue, reports, talk
from channels.desk.accounts import Accounts, Refused, Signed, genuine
from channels.desk.acts import ActRefused, Acts
from channels.desk.summary import summarise
from channels.desk.talk import Talk
from domain.clock import Clock
from domain.rules import MarketRules
from domain.store.database import Database
from domain.store.desk_tables import DeskNote, RegressionRequest
from domain.store.sql import insert_new
from domain.store.tables import Conversation, Proposal, Refund
from prompts import desk as words
from prompts import wording

log = logging.getLogger(__name__)

COOKIE = "bricol_desk"
LONGEST_NOTE = 4000
ConversationId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Key = Annotated[str, Limit(pattern=r"^[A-Za-z0-9-]{1,60}$", description="Chosen by the page: the same key again does nothing.")]
STATUS_OF = {"no_conversation": 404, "no_refund": 409, "taken": 409, "not_yours": 409, "session_closed": 409, "no_consent": 409, "erased": 409}
Token = Annotated[str, Form(max_length=100)]
Typed = Annotated[str, Form(max_length=400)]
SIGN_IN_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Wrong login or password."},
    403: {"description": "Another site's page sent this form."},
    429: {"description": "Too many tries."},
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is signed in, or the session expired."},
    403: {"description": "The role does not permit it, or the request was not made by our page."},
    404: {"description": "No such conversation."},
    409: {"description": "Not possible now; `says` tells why in the agent's language."},
}


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Take(Body):
    over: str | None = Limit(None, max_length=40, description="The colleague it is taken from; leads only.")


class Words(Body):
    text: str
    key: Key = "once"


class Once(Body):
    key: Key


class Act(Body):
    tool: str = Limit(max_length=40)
    args: dict[str, Any] = Limit(default_factory=dict)
    key: Key


class Outcome(Body):
    outcome: str = Limit(max_length=20)


class Decision(Body):
    approve: bool


class Typing(Body):
    typing: bool = True


class Desk:
    """`acts`: what needs the rest of the house. `address`: ours as browsers know it; over https the cookie never leaves by http."""

    def __init__(self, db: Database, clock: Clock, rules: MarketRules, acts: Acts, address: str = "") -> None:
        self.db, self.clock, self.rules, self.acts = db, clock, rules, acts
        self.accounts = Accounts(db, clock)
        self.present = live.Present()
        self._secure = address.startswith("https://")

    def routes(self) -> APIRouter:
        router = APIRouter(tags=["desk"])
        self._door(router)
        self._pages(router)
        self._writes(router)
        return router

    # --- who is there -------------------------------------------------------------------------------------------------

    def _signed(self, request: Request) -> Signed:
        who = self.accounts.signed(request.cookies.get(COOKIE))
        if who is None:
            raise HTTPException(401, {"error": "expired", "says": words.say(_guess(request), "errors.expired")})
        return who

    def _may(self, request: Request, what: str) -> Signed:
        who = self._signed(request)
        if not who.may(what):
            self._refused(who, "role", None, what)
            raise HTTPException(403, {"error": "role", "says": words.say(who.locale, "errors.role")})
        return who

    def _writer(self, request: Request, what: str = "talk") -> Signed:
        """Who makes this write, once it is sure that our own page made it."""
        who = self._may(request, what)
        if not genuine(who, request.headers.get("x-csrf")):
            self._refused(who, "forged", None, request.url.path)
            raise HTTPException(403, {"error": "forged", "says": words.say(who.locale, "errors.forged")})
        return who

    def _refused(self, who: Signed, code: str, conversation_id: int | None, what: str) -> None:
        with self.db.transaction() as session:
            row = session.get(Conversation, conversation_id) if conversation_id else None
            audit.record(session, self.clock.now(), who.login, "refused", row, code=code, what=what[:60])

    # --- signing in and out -------------------------------------------------------------------------------------------

    def _door(self, router: APIRouter) -> None:
        @router.get("/desk/sign-in", response_class=Response)
        def sign_in_page(request: Request) -> Response:
            """Where a session begins."""
            return pages.page("sign_in", _guess(request), problem="", login="")

        @router.post(
            "/desk/sign-in",
            response_class=Response,
            responses={401: {"description": "Wrong login or password."}, 429: {"description": "Too many tries."}},
        )
        def sign_in(
            request: Request, login: Annotated[str, Form(max_length=100)] = "", password: Annotated[str, Form(max_length=400)] = ""
        ) -> Response:
            """Begins a session: a cookie that scripts cannot read."""
            locale = _guess(request)
            if _foreign(request):
                return pages.page("sign_in", locale, status=403, problem=words.say(locale, "errors.forged"), login="")
            try:
                cookie = self.accounts.sign_in(login, password, request.client.host if request.client else "?")
            except Refused as refused:
                problem = words.say(locale, f"errors.{refused.code}", **({"seconds": int(refused.seconds) + 1} if refused.code == "slow" else {}))
                return pages.page("sign_in", locale, status=429 if refused.code == "slow" else 401, problem=problem, login=login[:40])
            answer = RedirectResponse("/desk", 303)
            answer.set_cookie(COOKIE, cookie, httponly=True, samesite="lax", secure=self._secure, path="/")
            return answer

        @router.post("/desk/sign-out", response_class=Response)
        def sign_out(request: Request, csrf: Token = "") -> Response:
            """Ends the session."""
            who = self.accounts.signed(request.cookies.get(COOKIE))
            if who is not None and genuine(who, csrf):
                self.accounts.sign_out(request.cookies.get(COOKIE))
            answer = RedirectResponse("/desk/sign-in", 303)
            answer.delete_cookie(COOKIE, path="/")
            return answer

        @router.post("/desk/language", response_class=Response)
        def language(request: Request, csrf: Token = "", back: Annotated[str, Form(max_length=100)] = "/desk") -> Response:
            """The interface in the other language."""
            who = self.accounts.signed(request.cookies.get(COOKIE))
            if who is not None and genuine(who, csrf):
                self.accounts.speak(who, "fr" if who.locale == "ar" else "ar")
            return RedirectResponse(back if back.startswith("/desk") and "//" not in back else "/desk", 303)

    # --- pages --------------------------------------------------------------------------------------------------------

    def _pages(self, router: APIRouter) -> None:
        @router.get("/desk", response_class=Response)
        def home(request: Request) -> Response:
            """The queue; the sign-in page for who has no session."""
            who = self.accounts.signed(request.cookies.get(COOKIE))
            if who is None:
                return RedirectResponse("/desk/sign-in", 303)
            if not who.may("talk"):
                return RedirectResponse("/desk/reports", 303)
            return pages.page("desk", who.locale, who, **self._queue(who), talk=None)

        @router.get("/desk/c/{conversation_id}", response_class=Response, responses={404: ANSWERS[404]})
        def one(request: Request, conversation_id: ConversationId) -> Response:
            """One conversation beside the queue."""
            if self.accounts.signed(request.cookies.get(COOKIE)) is None:
                return RedirectResponse("/desk/sign-in", 303)
            who = self._may(request, "talk")
            return pages.page("desk", who.locale, who, **(self._queue(who) | self._talk(who, conversation_id)))

        @router.get("/desk/part/queue", response_class=Response, responses={401: ANSWERS[401]})
        def queue_part(request: Request, open: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> Response:
            """The queue alone, for a page that is open."""
            who = self._may(request, "talk")
            return pages.page("queue", who.locale, who, **(self._queue(who) | {"open_id": open}))

        @router.get("/desk/part/c/{conversation_id}", response_class=Response, responses={401: ANSWERS[401], 404: ANSWERS[404]})
        def talk_part(request: Request, conversation_id: ConversationId) -> Response:
            """One conversation alone, for a page that is open."""
            who = self._may(request, "talk")
            return pages.page("talk", who.locale, who, now=self.clock.now(), **self._talk(who, conversation_id))

        @router.get("/desk/reports", response_class=Response, responses={403: ANSWERS[403]})
        def report(request: Request) -> Response:
            """What the desk and the bot did over the last days."""
            if self.accounts.signed(request.cookies.get(COOKIE)) is None:
                return RedirectResponse("/desk/sign-in", 303)
            who = self._may(request, "reports")
            with self.db.reading() as session:
                found = reports.read(session, self.clock.now(), self.rules)
            return pages.page("reports", who.locale, who, report=found)

        @router.get("/desk/audit", response_class=Response, responses={403: ANSWERS[403]})
        def lines(request: Request) -> Response:
            """Who did and saw what."""
            if self.accounts.signed(request.cookies.get(COOKIE)) is None:
                return RedirectResponse("/desk/sign-in", 303)
            who = self._may(request, "audit")
            with self.db.reading() as session:
                found = audit.latest(session)
            return pages.page("audit", who.locale, who, lines=found)

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
            who = await run_in_threadpool(self._may, request, "talk")
            cookie = request.cookies.get(COOKIE)
            stream = live.events(self.db, self.present, who, open, lambda: self.accounts.signed(cookie, active=False) is not None)
            return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    def _queue(self, who: Signed) -> dict[str, Any]:
        now = self.clock.now()
        with self.db.reading() as session:
            items = queue.read(session, now, self.rules)
            known = audit.seen(session, now, who.login, "saw_queue")
        if not known:
            with self.db.transaction() as session:
                audit.record(session, now, who.login, "saw_queue", cases=len(items))
        groups = (
            ("to_take", [i for i in items if i.owner is None]),
            ("mine", [i for i in items if i.owner == who.login]),
            ("others", [i for i in items if i.owner not in (None, who.login)]),
        )
        return {"groups": groups, "now": now, "open_id": None}

    def _talk(self, who: Signed, conversation_id: int) -> dict[str, Any]:
        """Everything the page of one conversation shows; the first look within some minutes is a line of the audit."""
        now = self.clock.now()
        with self.db.reading() as session:
            found = talk.read(session, conversation_id)
            if found is None:
                raise HTTPException(404, {"error": "no_conversation", "says": words.say(who.locale, "errors.no_conversation")})
            known = audit.seen(session, now, who.login, "viewed", found.row)
            names = queue.names_of(session)
            alive = (Proposal.status == "open") & (Proposal.expires_at > now)
            proposals = list(session.scalars(select(Proposal).where(Proposal.conversation_id == conversation_id, alive)))
            wanted = session.scalar(select(RegressionRequest.id).where(RegressionRequest.conversation_id == conversation_id))
        if not known:
            with self.db.transaction() as session:
                audit.record(session, now, who.login, "viewed", session.get(Conversation, conversation_id))
        mine = found.row.owner == "human" and found.row.desk == who.login
        return {
            "talk": found,
            "open_id": conversation_id,
            "mine": mine,
            "owner": names.get(found.row.desk or "", found.row.desk) if found.row.owner == "human" else None,
            "names": names,
            "summary": summarise(found, now, who.locale),
            "suggestions": self._suggest(found) if mine else [],
            "canned": _canned(found, who, now) if mine else {},
            "tools": self.acts.tools(found.row.role),
            "proposals": proposals if mine else [],
            "deciding": [r for r in found.refunds if r.status == "requested"] if who.may("refunds") else [],
            "closed_session": self.acts.session_closed(conversation_id),
            "wanted": wanted is not None,
        }

    def _suggest(self, found: Talk) -> list[Any]:
        last = found.last_words
        try:
            return list(self.acts.suggest(last.text, found.locale)) if last else []
        except Exception:  # an index that cannot be read is no reason to show no conversation
            log.exception("no suggestions for conversation %s", found.row.id)
            return []

    # --- writes -------------------------------------------------------------------------------------------------------

    def _writes(self, router: APIRouter) -> None:
        base = "/api/desk/c/{conversation_id}"

        def route(path: str) -> Callable[..., Any]:
            return router.post(path, responses=ANSWERS)

        @route(base + "/take")
        def take(request: Request, conversation_id: ConversationId, body: Take) -> dict[str, Any]:
            """The conversation is mine; the bot falls silent."""
            who = self._writer(request)
            if body.over and not who.may("reassign"):
                self._refused(who, "role", conversation_id, "reassign")
                raise HTTPException(403, {"error": "role", "says": words.say(who.locale, "errors.role")})
            quiet = self._do(who, conversation_id, "take", lambda: self.acts.take(conversation_id, who.login, over=body.over))
            return _said(who, "done.taken" if quiet else "errors.settling")

        @route(base + "/reply")
        def reply(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
            """Words to the client."""
            who = self._writer(request)
            row = self._do(who, conversation_id, "reply", lambda: self.acts.reply(conversation_id, who.login, body.text, body.key))
            return _said(who, "done.sent", row=row)

        @route(base + "/invite")
        def invite(request: Request, conversation_id: ConversationId, body: Once) -> dict[str, Any]:
            """The approved template, when the channel takes no free text any more."""
            who = self._writer(request)
            row = self._do(who, conversation_id, "invite", lambda: self.acts.invite(conversation_id, who.login, body.key))
            return _said(who, "done.sent", row=row)

        @route(base + "/note")
        def note(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
            """A note for colleagues."""
            who = self._writer(request)
            self._do(who, conversation_id, "note", lambda: self._note(who, conversation_id, body.text))
            return _said(who, "done.noted")

        @route(base + "/act")
        def act(request: Request, conversation_id: ConversationId, body: Act) -> dict[str, Any]:
            """A tool, for the client."""
            who = self._writer(request)
            result = self._do(who, conversation_id, "act", lambda: self.acts.act(conversation_id, who.login, body.tool, body.args, body.key))
            return {"ok": True, "says": _told(who, body.tool, result), "result": result}

        @route(base + "/hand-back")
        def hand_back(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
            """The bot answers again."""
            who = self._writer(request)
            self._do(who, conversation_id, "hand_back", lambda: self.acts.hand_back(conversation_id, who.login, body.text[:LONGEST_NOTE]))
            return _said(who, "done.handed_back")

        @route(base + "/close")
        def close(request: Request, conversation_id: ConversationId, body: Outcome) -> dict[str, Any]:
            """The case is over, with this outcome; the client is asked how it went."""
            who = self._writer(request)
            self._do(who, conversation_id, "close", lambda: self.acts.close(conversation_id, who.login, body.outcome))
            return _said(who, "done.closed")

        @route(base + "/regression")
        def regression(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
            """Asks for this conversation as a regression conversation."""
            who = self._writer(request)
            self._do(who, conversation_id, "regression", lambda: self._regression(who, conversation_id, body.text))
            return _said(who, "done.requested")

        @route(base + "/here")
        def here(request: Request, conversation_id: ConversationId, body: Typing) -> dict[str, Any]:
            """Somebody is typing."""
            who = self._writer(request)
            self.present.look(conversation_id, who.login, who.name, body.typing)
            return {"ok": True}

        @route("/api/desk/refunds/{refund_id}")
        def decide(request: Request, refund_id: ConversationId, body: Decision) -> dict[str, Any]:
            """A refund above the bot's limit, decided by a lead."""
            who = self._writer(request, "refunds")
            with self.db.reading() as session:
                refund = session.get(Refund, refund_id)
                talk_id = refund.booking.conversation_id if refund else None
            self._do(who, talk_id, "decide_refund", lambda: self.acts.decide_refund(refund_id, who.login, body.approve))
            return _said(who, "done.decided")

    def _do(self, who: Signed, conversation_id: int | None, what: str, act: Callable[[], Any]) -> Any:
        """Runs an act; a refusal is a line of the audit and a clear answer in the agent's language."""
        try:
            return act()
        except ActRefused as refused:
            self._refused(who, refused.code, conversation_id, what)
            says = words.say(who.locale, f"errors.{refused.code}", **refused.detail)
            raise HTTPException(STATUS_OF.get(refused.code, 422), {"error": refused.code, "says": says}) from None

    def _note(self, who: Signed, conversation_id: int, text: str) -> None:
        text = text.replace("\0", "").strip()
        if not text:
            raise ActRefused("empty")
        if len(text) > LONGEST_NOTE:
            raise ActRefused("too_long", length=len(text), most=LONGEST_NOTE)
        now = self.clock.now()
        with self.db.transaction() as session:
            row = session.get(Conversation, conversation_id)
            if row is None:
                raise ActRefused("no_conversation")
            session.add(DeskNote(conversation_id=row.id, login=who.login, kind="note", text=text, at=now))
            audit.record(session, now, who.login, "noted", row)

    def _regression(self, who: Signed, conversation_id: int, why: str) -> None:
        now = self.clock.now()
        with self.db.transaction() as session:
            row = session.get(Conversation, conversation_id)
            if row is None:
                raise ActRefused("no_conversation")
            why = why.replace("\0", "").strip()[:LONGEST_NOTE]
            insert_new(session, RegressionRequest, ["conversation_id"], conversation_id=row.id, login=who.login, why=why, at=now)
            audit.record(session, now, who.login, "asked_regression", row)


def _said(who: Signed, key: str, **more: Any) -> dict[str, Any]:
    return {"ok": True, "says": words.say(who.locale, key), **more}


def _told(who: Signed, tool: str, result: dict[str, Any]) -> str:
    """What a tool answered, in a sentence."""
    if result.get("ok"):
        return words.say(who.locale, "acts.asked" if tool.startswith("propose_") else "acts.result")
    if result.get("error") == "bad_arguments":
        fields = ", ".join(words.label(who.locale, "fields", f["field"]) for f in result.get("fields", ()))
        return words.say(who.locale, "errors.bad_arguments", fields=fields)
    if result.get("error") == "verify_needed":
        return words.say(who.locale, "errors.verify_needed")
    return words.say(who.locale, "errors.tool", code=result.get("error"))


def _canned(found: Talk, who: Signed, now: Any) -> dict[str, str]:
    """Ready replies in the person's own language-script, with what we know filled in."""
    person = found.client or found.technician
    booking = next((b for b in found.bookings if b.status in ("offered", "confirmed", "en_route", "arrived", "disputed", "done")), None)
    refund = found.refunds[0] if found.refunds else None
    known = {"agent": who.name, "name": (person.name or "").split(" ")[0] if person and found.row.verified else ""}
    if booking is not None:
        known |= {"ref": booking.ref, "technician": booking.technician.name if booking.technician else ""}
        known["when"] = wording.format_when(booking.start_local, found.locale, now)
    if refund is not None:
        known["amount"] = wording.format_money(refund.amount_mad, found.locale)
    return {key: words.filled(text, known) for key, text in words.canned(found.locale).items()}


def _guess(request: Request) -> str:
    """The language of somebody who is not signed in."""
    return "ar" if request.headers.get("accept-language", "").lower().startswith("ar") else "fr"


def _foreign(request: Request) -> bool:
    """Whether another site's page sent this form."""
    origin = request.headers.get("origin")
    return bool(origin) and origin != "null" and urlsplit(origin or "").netloc != request.headers.get("host", "")
