"""What somebody at the desk does, as requests under `/api/desk`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Limit

from channels.clean import words as cleaned
from channels.desk import audit, live
from channels.desk.accounts import Signed
from channels.desk.acts import ActRefused, Acts
from channels.desk.gate import ANSWERS, Gate
from domain.store.desk_tables import DeskNote, RegressionRequest
from domain.store.sql import insert_new
from domain.store.tables import Conversation, OutboxRow, Refund
from prompts import desk as words

LONGEST_NOTE = 4000  # characters
ConversationId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Key = Annotated[str, Limit(pattern=r"^[A-Za-z0-9-]{1,60}$", description="Chosen by the page: the same key again does nothing.")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Take(Body):
    over: str | None = Limit(None, max_length=40, description="The colleague it is taken from; leads only.")


class Words(Body):
    text: str
    key: Key = "once"


class HandBack(Words):
    text: str = ""
    choice: str = Limit("", max_length=20, description="What the bot does first, or keeps to.")
    args: dict[str, str] = Limit(default_factory=dict, description="Of that choice.")


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


def routes(gate: Gate, acts: Acts, present: live.Present) -> APIRouter:
    """Every write carries the session's token; every refusal is said and written down."""
    router = APIRouter(tags=["desk"])
    base = "/api/desk/c/{conversation_id}"

    def route(path: str) -> Callable[..., Any]:
        return router.post(path, responses=ANSWERS)

    @route(base + "/take")
    def take(request: Request, conversation_id: ConversationId, body: Take) -> dict[str, Any]:
        """The conversation is mine; the bot falls silent."""
        who = gate.writer(request)
        if body.over and not who.may("reassign"):
            gate.refused(who, "role", conversation_id, "reassign")
            raise HTTPException(403, {"error": "role", "says": words.say(who.locale, "errors.role")})
        quiet = gate.do(who, conversation_id, "take", lambda: acts.take(conversation_id, who.login, over=body.over))
        return _said(who, "done.taken" if quiet else "errors.settling")

    @route(base + "/reply")
    def reply(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
        """Words to the client."""
        who = gate.writer(request)
        row = gate.do(who, conversation_id, "reply", lambda: acts.reply(conversation_id, who.login, body.text, body.key))
        return _said(who, "done.sent", row=row)

    @route(base + "/invite")
    def invite(request: Request, conversation_id: ConversationId, body: Once) -> dict[str, Any]:
        """The approved template, when the channel takes no free text any more."""
        who = gate.writer(request)
        row = gate.do(who, conversation_id, "invite", lambda: acts.invite(conversation_id, who.login, body.key))
        return _said(who, "done.sent", row=row)

    @route(base + "/note")
    def note(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
        """A note for colleagues."""
        who = gate.writer(request)
        gate.do(who, conversation_id, "note", lambda: _note(gate, who, conversation_id, body.text))
        return _said(who, "done.noted")

    @route(base + "/act")
    def act(request: Request, conversation_id: ConversationId, body: Act) -> dict[str, Any]:
        """A tool, for the client."""
        who = gate.writer(request)
        result = gate.do(who, conversation_id, "act", lambda: acts.act(conversation_id, who.login, body.tool, body.args, body.key))
        return {"ok": True, "says": _told(who, body.tool, result), "result": result}

    @route(base + "/hand-back")
    def hand_back(request: Request, conversation_id: ConversationId, body: HandBack) -> dict[str, Any]:
        """The bot answers again, and does what was chosen."""
        who = gate.writer(request)
        told = (body.text[:LONGEST_NOTE], body.choice, body.args, body.key)
        gate.do(who, conversation_id, "hand_back", lambda: acts.hand_back(conversation_id, who.login, *told))
        return _said(who, "done.handed_back")

    @route(base + "/close")
    def close(request: Request, conversation_id: ConversationId, body: Outcome) -> dict[str, Any]:
        """The case is over, with this outcome; the client is asked how it went."""
        who = gate.writer(request)
        gate.do(who, conversation_id, "close", lambda: acts.close(conversation_id, who.login, body.outcome))
        return _said(who, "done.closed")

    @route(base + "/regression")
    def regression(request: Request, conversation_id: ConversationId, body: Words) -> dict[str, Any]:
        """Asks for this conversation as a regression conversation."""
        who = gate.writer(request)
        gate.do(who, conversation_id, "regression", lambda: _regression(gate, who, conversation_id, body.text))
        return _said(who, "done.requested")

    @route(base + "/here")
    def here(request: Request, conversation_id: ConversationId, body: Typing) -> dict[str, Any]:
        """Somebody is typing."""
        who = gate.writer(request)
        present.look(conversation_id, who.login, who.name, body.typing)
        return {"ok": True}

    @route("/api/desk/unsent/{row_id}")
    def resend(request: Request, row_id: ConversationId) -> dict[str, Any]:
        """Once more what failed for good: anywhere for who looks after that, else in a conversation of one's own."""
        who = gate.writer(request, None)
        with gate.db.reading() as session:
            row = session.get(OutboxRow, row_id)
            talk_id = row.conversation_id if row else None
        gate.do(who, talk_id, "resend", lambda: acts.resend(row_id, who.login, anywhere=who.may("letters")))
        return _said(who, "done.resent")

    @route("/api/desk/refunds/{refund_id}")
    def decide(request: Request, refund_id: ConversationId, body: Decision) -> dict[str, Any]:
        """A refund above the bot's limit, decided by a lead."""
        who = gate.writer(request, "refunds")
        with gate.db.reading() as session:
            refund = session.get(Refund, refund_id)
            talk_id = refund.booking.conversation_id if refund else None
        gate.do(who, talk_id, "decide_refund", lambda: acts.decide_refund(refund_id, who.login, body.approve))
        return _said(who, "done.decided")

    return router


def _note(gate: Gate, who: Signed, conversation_id: int, text: str) -> None:
    if len(text) > LONGEST_NOTE:
        raise ActRefused("too_long", length=len(text), most=LONGEST_NOTE)
    text, _ = cleaned(text)
    if not text:
        raise ActRefused("empty")
    now = gate.clock.now()
    with gate.db.transaction() as session:
        row = session.get(Conversation, conversation_id)
        if row is None:
            raise ActRefused("no_conversation")
        session.add(DeskNote(conversation_id=row.id, login=who.login, kind="note", text=text, at=now))
        audit.record(session, now, who.login, "noted", row)


def _regression(gate: Gate, who: Signed, conversation_id: int, why: str) -> None:
    now = gate.clock.now()
    with gate.db.transaction() as session:
        row = session.get(Conversation, conversation_id)
        if row is None:
            raise ActRefused("no_conversation")
        why, _ = cleaned(why[:LONGEST_NOTE])
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
    return words.say(who.locale, "errors.tool", code=words.label(who.locale, "tool_errors", result.get("error")))
