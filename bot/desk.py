"""Does what the desk asks for: each act is one transaction with its line of the audit, and nothing of the bot's leaves after a take-over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import delivery, desk_letters, desk_photos, given_back, media, satisfaction, takeover
from bot.turn import context_of
from channels.base import MAX_TEXT
from channels.clean import words
from channels.desk import audit
from channels.desk.acts import OUTCOMES, ActRefused, Field, Photo, Suggestion, ToolForm
from channels.desk.queue import names_of, owner_of
from domain.engagement.reply import Language, Reply, Script, language_script_of, locale_of
from domain.store.conversations import speech
from domain.store.desk_tables import HAND_BACKS, DeskCase, DeskNote
from domain.store.tables import Conversation, Escalation, InboxRow, Proposal
from prompts import approved, desk
from tools import money, registry
from tools.context import TurnContext
from tools.handover import escalate

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.wiring import House

#: What a person may do for whom they write with. Consent, identity and limits are those of the tools.
FOR_CLIENTS = (
    "find_technicians", "estimate_price", "find_slots", "list_bookings", "booking_status", "track_technician", "refund_eligibility",
    "refund_status", "propose_booking", "propose_reschedule", "propose_cancellation", "propose_refund", "report_problem", "set_address",
)  # fmt: skip
FOR_TECHNICIANS = ("my_jobs", "job_details", "my_earnings")
ANSWERS = ("confirm_proposal", "decline_proposal")
ASKING = frozenset(HAND_BACKS) - {"no_refund"}  # the bot speaks at once
INVITATION = "notices.desk_wrote"
ARABIC = re.compile(r"[\u0621-\u064a]")
LATIN = re.compile(r"[A-Za-zÀ-ÿ]")


class HouseActs:
    """channels.desk.acts.Acts over this house. `spread` wakes whoever sends what was queued."""

    def __init__(self, house: House, spread: Callable[[], None]) -> None:
        self.house, self._spread = house, spread

    def take(self, conversation_id: int, login: str, *, over: str | None = None) -> bool:
        now = self.house.clock.now()
        try:
            with self.house.db.transaction() as session:
                before = _talk(session, conversation_id).desk
                talk = takeover.take(session, conversation_id, login, over=over)
                case, _ = _open_case(session, talk, now)
                work = session.get(DeskCase, case.id)
                if work is None:
                    session.add(DeskCase(escalation_id=case.id, conversation_id=talk.id, login=login, taken_at=now))
                else:
                    work.login = login
                case.status, case.assigned_to = "assigned", login
                audit.record(session, now, login, "took", talk, **({"over": before} if before and before != login else {}))
        except takeover.Taken as taken:
            with self.house.db.reading() as session:
                raise ActRefused("taken", name=names_of(session).get(taken.desk, taken.desk)) from None
        return takeover.settled(self.house, conversation_id)

    def reply(self, conversation_id: int, login: str, text: str, key: str, *, late: bool = False, photo: tuple[bytes, str] | None = None) -> int:
        """As Acts says. `late`: written while the conversation was theirs, brought after it was handed back: it leaves, and takes nothing.

        `photo`: (content, kind by `bot.media.mime_of`), which goes with the words or without any.
        """
        now = self.house.clock.now()
        with self.house.db.transaction() as session:
            talk = takeover.held(session, conversation_id) if late else self._mine(session, conversation_id, login)
            most = self._most(talk)
            if len(text) > most:
                raise ActRefused("too_long", length=len(text), most=most)
            said, _ = words(text)
            if not said and photo is None:
                raise ActRefused("empty")
            if left := desk.gaps(said):
                raise ActRefused("unfilled", what=", ".join(f"{{{gap}}}" for gap in left))
            if self._closed(talk, now):
                raise ActRefused("session_closed")
            extra = {"media": media.address(self.house, session, talk.id, *photo)} if photo else {}
            row = takeover.put(session, self.house, talk, login, Reply(said, *written_in(said, *speech(talk)), extra=extra), f"desk:{talk.id}:{key}")
            _answered(session, talk, now)
            audit.record(session, now, login, "replied", talk, row=row)
        self._spread()
        return row

    def invite(self, conversation_id: int, login: str, key: str) -> int:
        now = self.house.clock.now()
        with self.house.db.transaction() as session:
            talk = self._mine(session, conversation_id, login)
            channel = self.house.channels.get(talk.channel)
            locale = locale_of(*speech(talk))
            template = approved.find(INVITATION, locale)
            if channel is None or not channel.capabilities.templates or template is None:
                raise ActRefused("no_template")
            params = {"agent": names_of(session).get(login, login)}
            language, script = language_script_of(locale)
            reply = Reply(template.body.format(**params), language, script, key=INVITATION, extra={"params": params})
            row = takeover.put(session, self.house, talk, login, reply, f"desk:{talk.id}:{key}")
            _answered(session, talk, now)
            audit.record(session, now, login, "invited", talk, row=row)
        self._spread()
        return row

    def session_closed(self, conversation_id: int) -> bool:
        with self.house.db.reading() as session:
            talk = session.get(Conversation, conversation_id)
            return talk is not None and self._closed(talk, self.house.clock.now())

    def tools(self, role: str) -> Sequence[ToolForm]:
        return [_form(name) for name in (FOR_TECHNICIANS if role == "technician" else FOR_CLIENTS)]

    def act(self, conversation_id: int, login: str, tool: str, args: Mapping[str, Any], key: str) -> dict[str, Any]:
        now = self.house.clock.now()
        with self.house.db.transaction() as session:
            talk = self._mine(session, conversation_id, login)
            if tool not in (FOR_TECHNICIANS if talk.role == "technician" else (*FOR_CLIENTS, *ANSWERS)):
                raise ActRefused("no_such_tool")
            heard = session.scalar(select(func.max(InboxRow.id)).where(InboxRow.conversation_id == talk.id)) or 0
            if tool == "confirm_proposal":
                _answered_since(session, talk, args.get("proposal_id"))
            context = context_of(self.house, talk, f"desk:{heard}:{login}:{key}", now)
        result = registry.call(tool, context, args)
        with self.house.db.transaction() as session:
            talk = _talk(session, conversation_id)
            keep = ("proposal_id", "kind") if result["ok"] else ("error",)
            detail: dict[str, Any] = {k: result[k] for k in keep if k in result}
            audit.record(session, now, login, f"tool {tool}"[:40], talk, ok=bool(result["ok"]), heard=heard, **detail)
            if result["ok"] and tool.startswith("propose_") and talk.owner == "human" and talk.desk == login and not self._closed(talk, now):
                takeover.put(session, self.house, talk, login, self._question(context, tool, result), f"desk:{talk.id}:{key}")
                _answered(session, talk, now)
        self._spread()
        return result

    def decide_refund(self, refund_id: int, login: str, approve: bool) -> None:
        now = self.house.clock.now()
        with self.house.db.transaction() as session:
            refund = money.decide(session, refund_id, approve=approve, by=login, now=now)
            if refund is None:
                raise ActRefused("no_refund")
            talk = session.get(Conversation, refund.booking.conversation_id or 0)
            audit.record(session, now, login, "refund_decided", talk, refund=refund.id, approved=approve, mad=str(refund.amount_mad))
        self._spread()

    def resend(self, row_id: int, login: str, *, anywhere: bool) -> None:
        desk_letters.resend(self.house, row_id, login, anywhere=anywhere)
        self._spread()

    def hand_back(
        self, conversation_id: int, login: str, instruction: str, choice: str = "", args: Mapping[str, Any] | None = None, key: str = "once"
    ) -> None:
        now = self.house.clock.now()
        if choice and choice not in HAND_BACKS:
            raise ActRefused("malformed", fields="choice")
        asked = self._asked(conversation_id, login, choice, args or {}, key, now) if choice in ASKING else None
        with self.house.db.transaction() as session:
            talk = self._mine(session, conversation_id, login)
            self._end(session, talk, login, now, "handed_back", instruction, choice)
            if choice == "no_refund":
                open_ones = update(Proposal).where(Proposal.conversation_id == talk.id, Proposal.kind == "refund", Proposal.status == "open")
                session.execute(open_ones.values(status="superseded"))
            if asked is not None:
                takeover.put(session, self.house, talk, "bot", asked, f"given-back:{talk.id}:{talk.owner_epoch}")
            audit.record(session, now, login, "handed_back", talk, instruction=bool(instruction), choice=choice)
        self._spread()

    def close(self, conversation_id: int, login: str, outcome: str) -> None:
        now = self.house.clock.now()
        if outcome not in OUTCOMES:
            raise ActRefused("malformed", fields="outcome")
        with self.house.db.transaction() as session:
            talk = self._mine(session, conversation_id, login)
            work = self._end(session, talk, login, now, outcome)
            if work is not None and talk.role == "client" and outcome != "abuse" and not _erased(talk):
                satisfaction.ask(session, self.house, talk, work, names_of(session).get(login, login))
            audit.record(session, now, login, "closed", talk, outcome=outcome)
        self._spread()

    def suggest(self, text: str, locale: str) -> Sequence[Suggestion]:
        found = self.house.market.knowledge.search(text[:500], locale, 3) if text.strip() else []
        return [Suggestion(p.title, p.text, p.source, p.score) for p in found]

    def photo(self, conversation_id: int, row_id: int, login: str) -> Photo:
        return desk_photos.photo(self.house, conversation_id, row_id, login)

    # --- what several of them need ------------------------------------------------------------------------------------

    def _mine(self, session: Session, conversation_id: int, login: str) -> Conversation:
        """The conversation, held, if it is this person's. Raises not_yours, erased, no_conversation."""
        _talk(session, conversation_id)
        talk = takeover.held(session, conversation_id)
        if talk.owner != "human" or talk.desk != login:
            raise ActRefused("not_yours", name=owner_of(session, talk))
        if _erased(talk):
            raise ActRefused("erased")
        return talk

    def _most(self, talk: Conversation) -> int:
        channel = self.house.channels.get(talk.channel)
        return min(MAX_TEXT, channel.capabilities.max_text if channel else MAX_TEXT)

    def _closed(self, talk: Conversation, now: datetime) -> bool:
        channel = self.house.channels.get(talk.channel)
        return channel is not None and delivery.outside_session(channel, talk, now)

    def _question(self, context: TurnContext, tool: str, result: Mapping[str, Any]) -> Reply:
        """What the person is asked, in the same words as when the bot proposes; after a hand-back the bot takes their yes."""
        from bot.brain.asking import question
        from bot.brain.state import KINDS
        from bot.middleware.facts import read_facts

        asked = question(tool, result, read_facts(context), locale_of(context.language, context.script))
        return replace(asked, extra={**asked.extra, "kind": KINDS[tool], "summary": result["summary"]})

    def _asked(self, conversation_id: int, login: str, choice: str, args: Mapping[str, Any], key: str, now: datetime) -> Reply:
        """The bot's own question with which it takes the conversation up again. Raises session_closed, for_clients, no_visit, tool."""
        with self.house.db.transaction() as session:
            talk = self._mine(session, conversation_id, login)
            if talk.role != "client":
                raise ActRefused("for_clients")
            if self._closed(talk, now):
                raise ActRefused("session_closed")
            heard = session.scalar(select(func.max(InboxRow.id)).where(InboxRow.conversation_id == talk.id)) or 0
            context = context_of(self.house, talk, f"desk:{heard}:{login}:{key}", now)
            visit = given_back.visit_to_come(session, talk, args.get("ref"), now) if choice == "ask_address" else None
            if choice == "ask_address" and visit is None:
                raise ActRefused("no_visit")
            if choice != "propose_visit":
                return given_back.question(choice, talk, visit, locale_of(*speech(talk)), now)
        tool = "propose_reschedule" if args.get("ref") else "propose_booking"
        result = registry.call(tool, context, {k: v for k, v in args.items() if v})
        if not result["ok"]:
            raise ActRefused("tool", code=result["error"])
        return self._question(context, tool, result)

    def _end(
        self, session: Session, talk: Conversation, login: str, now: datetime, outcome: str, instruction: str = "", choice: str = ""
    ) -> DeskCase | None:
        case = session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status != "closed")).first()
        work = session.get(DeskCase, case.id) if case else None
        if work is not None:
            work.closed_at, work.outcome = now, outcome
        if instruction.strip() or choice:
            session.add(DeskNote(conversation_id=talk.id, login=login, kind="instruction", text=words(instruction)[0], choice=choice, at=now))
        takeover.release(session, talk)
        return work


def written_in(text: str, language: str, script: str) -> tuple[Language, Script]:
    """(language, script) of a person's words: the letters say the script; the language stays the client's where it is written so."""
    arab = len(ARABIC.findall(text)) > len(LATIN.findall(text))
    found: Script = "arab" if arab else "latn"
    if found == script:
        return language, found  # type: ignore[return-value]
    return ("ary", "arab") if arab else ("fr", "latn")


def _talk(session: Session, conversation_id: int) -> Conversation:
    talk = session.get(Conversation, conversation_id)
    if talk is None:
        raise ActRefused("no_conversation")
    return talk


def _erased(talk: Conversation) -> bool:
    return bool(talk.client and talk.client.erased)


def _open_case(session: Session, talk: Conversation, now: datetime) -> tuple[Escalation, bool]:
    """The open case; whoever takes a conversation that nobody escalated opens one."""
    found = session.scalars(select(Escalation).where(Escalation.conversation_id == talk.id, Escalation.status != "closed")).first()
    return (found, True) if found else escalate(session, talk.id, "other", now=now)


def _answered(session: Session, talk: Conversation, now: datetime) -> None:
    """The first words of a person stop the clock of the first answer."""
    works = select(DeskCase).where(DeskCase.conversation_id == talk.id, DeskCase.closed_at.is_(None), DeskCase.first_reply_at.is_(None))
    for work in session.scalars(works):
        work.first_reply_at = now


def _answered_since(session: Session, talk: Conversation, proposal_id: Any) -> None:
    """Consent is the client's: they must have written after the proposal. Raises no_consent."""
    proposal = session.get(Proposal, proposal_id) if isinstance(proposal_id, int) else None
    if proposal is None or proposal.conversation_id != talk.id:
        return  # the tool says that it is gone
    later = select(InboxRow.id).where(InboxRow.conversation_id == talk.id)
    if proposal.turn_key.startswith("desk:"):
        later = later.where(InboxRow.id > int(proposal.turn_key.split(":")[1]))
    else:
        later = later.where(InboxRow.received_at > proposal.created_at)
    if session.scalar(later.limit(1)) is None:
        raise ActRefused("no_consent")


def _form(name: str) -> ToolForm:
    spec = registry.TOOLS[name]
    schema = registry.schema(spec)
    required = set(schema.get("required", ()))
    fields = tuple(_field(key, shape, key in required) for key, shape in schema["properties"].items())
    return ToolForm(name, spec.kind == "WRITE", fields)


def _field(name: str, shape: Mapping[str, Any], required: bool) -> Field:
    shapes = [shape, *shape.get("anyOf", ())]
    choices = next((tuple(str(c) for c in s["enum"]) for s in shapes if "enum" in s), ())
    kinds = {s.get("type") for s in shapes}
    return Field(name, "choice" if choices else "number" if kinds & {"number", "integer"} else "text", required, choices)
