"""Knows how a scenario must end, brings it about with the house's own tools, and by hand what they cannot: shows that the scenario can be passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import turn
from bot.turn import Gathered, Played, Scene
from domain.engagement.reply import Option, Reply
from domain.store.conversations import set_owner, verify
from domain.store.given import apply_given
from domain.store.tables import Booking, Client, Conversation, Escalation, Offer, OutboxRow, Proposal, Rating, Refund, Technician
from domain.store.world import snapshot
from evals.example import example
from evals.graders import state
from evals.graders.words import in_order
from evals.puppets import Puppet, words
from evals.scenario import Said
from tools import registry
from tools.context import TurnContext

Row = Mapping[str, Any]
WAITS = ("at", "technician", "agent")  # what comes before them must be done before them
BY_OTHERS = ("at", "technician", "agent", "redeliver")  # steps in which the person says nothing


@dataclass
class Oracle(Puppet):
    """`by_hand`: what no tool brought about, in words."""

    by_hand: list[str] = field(default_factory=list)
    known_refs: frozenset[str] = frozenset()
    _told: bool = False
    _tricks: int = 0

    def answer(self, scene: Scene, gathered: Gathered) -> tuple[Reply | None, list[dict[str, Any]]]:
        assert self.scenario is not None and self.step is not None
        context = self._context(scene, gathered)
        for tool, args in self._wanted(context):
            if self._may(tool):
                self._do(context, tool, args)
        expect = self.step.expect
        if expect is not None and not in_order(expect.calls, [c["tool"] for c in context.calls]):
            for tool in expect.calls:
                registry.call(tool, context, {})
        following = self._following()
        if (following is not None and "$code" in (following.say or "")) or (expect is not None and "code" in (expect.awaiting or ())):
            registry.call("send_code", context, {"phone": self.scenario.phone})
        if expect is not None and expect.silent:
            return None, context.calls
        return self._reply(), context.calls

    def deliver(self, messages: Any) -> list[Played]:
        return self._after(super().deliver(messages))

    def tick(self) -> list[Played]:
        return self._after(super().tick())

    def _after(self, played: list[Played]) -> list[Played]:
        """What this step must show and nobody wrote, is written by hand."""
        assert self.scenario is not None and self.step is not None
        expect = self.step.expect
        if expect is not None and expect.owner is not None:
            self._own(expect.owner)
        heard = any(one.conversation_id == self.conversation for one in played)
        if expect is not None and not heard and (expect.said or expect.awaiting) and self.step.action in BY_OTHERS:
            self._notice()
        return played

    # --- words ------------------------------------------------------------------------------------------------------

    def _reply(self) -> Reply:
        assert self.scenario is not None and self.step is not None
        expect = self.step.expect
        said: list[Said] = list(expect.said) if expect is not None else []
        if not self._told:
            said += self.scenario.ever.said
            self._told = True
        awaiting = next((a for a in expect.awaiting), None) if expect is not None and expect.awaiting else None
        following = self._following()
        if awaiting is None and following is not None and following.converse is not None and not (expect is not None and expect.awaiting):
            # a person who is asked nothing says nothing more
            awaiting = "confirm" if "confirm" in self.scenario.facts else next(iter(self.scenario.facts), None)
        options: tuple[Option, ...] = ()
        if following is not None and following.button is not None:
            name = str(following.button)
            count = int(name) if name.isdecimal() else 1
            options = tuple(Option(str(n), str(n) if name.isdecimal() else name) for n in range(1, count + 1))
        text = " ".join([words("told", self.locale), *(_spoken(s) for s in said)])
        return self.reply(text, awaiting=awaiting, options=options)

    def _following(self) -> Any:
        assert self.scenario is not None and self.step is not None
        steps = self.scenario.turns
        at = next(n for n, step in enumerate(steps) if step is self.step)
        return steps[at + 1] if at + 1 < len(steps) else None

    def _notice(self) -> None:
        now = self.house.clock.now()
        self.by_hand.append(f"the words after {self.step.action if self.step else ''}")
        with self.house.db.transaction() as session:
            talk = session.get_one(Conversation, self.conversation)
            key = f"oracle:{talk.id}:{self._count()}"
            session.add(OutboxRow(key=key, conversation_id=talk.id, epoch=talk.owner_epoch, channel=talk.channel, to=talk.address,
                                  reply=self._reply().to_dict(), status="sent", created_at=now))  # fmt: skip

    def _own(self, owner: str) -> None:
        with self.house.db.transaction() as session:
            if session.get_one(Conversation, self.conversation).owner != owner:
                self.by_hand.append(f"owner {owner}")
                set_owner(session, self.conversation, owner, "karima" if owner == "human" else None)

    # --- tools ------------------------------------------------------------------------------------------------------

    def _context(self, scene: Scene, gathered: Gathered) -> TurnContext:
        assert self.scenario is not None
        if not scene.conversation.verified and self.scenario.after and any(self._missing()):
            self.by_hand.append("the web visitor's code")
            with self.house.db.transaction() as session:
                verify(session, session.get_one(Conversation, self.conversation), self.scenario.phone, self.house.clock.now())
            scene = turn._load(self.house, gathered) or scene
        return turn.context_of(self.house, scene.conversation, scene.key, self.now(gathered))

    def _may(self, tool: str) -> bool:
        """Not where it is forbidden, and not before the step that asks for it."""
        assert self.scenario is not None and self.step is not None
        needs = [tool, "confirm_proposal"] if tool.startswith(("propose_", "request_")) else [tool]
        expect = self.step.expect
        if any(t in self.scenario.never.calls or (expect is not None and t in expect.calls_none) for t in needs):
            return False
        steps = self.scenario.turns
        at = next(n for n, step in enumerate(steps) if step is self.step)
        if expect is not None and needs[-1] in expect.calls:
            return True
        if expect is not None and expect.awaiting and None not in expect.awaiting and any(s.action not in BY_OTHERS for s in steps[at + 1 :]):
            return False  # a question must be open: the person answers it later
        if any(s.expect is not None and needs[-1] in s.expect.calls for s in steps[at + 1 :]):
            return False
        # as late as can be: what is done early answers in the place of what a later step asks
        for later in steps[at + 1 :]:
            if later.action in WAITS:
                break
            if later.action not in BY_OTHERS:
                return False
        return True

    def _do(self, context: TurnContext, tool: str, args: dict[str, Any]) -> None:
        """One tool; a proposal is confirmed at once, under another turn's key, as if the yes had come later."""
        asked = replace(context, turn_key=f"oracle:{self.conversation}:{self._count()}")
        result = registry.call(tool, asked, args)
        if not result.get("ok"):
            return
        if "proposal_id" in result:
            registry.call("confirm_proposal", context, {"proposal_id": result["proposal_id"]})

    def _count(self) -> int:
        self._tricks += 1
        return self._tricks

    def _missing(self) -> Iterator[tuple[str, Row]]:
        assert self.scenario is not None
        with self.house.db.reading() as session:
            now = snapshot(session)
        for table, rows in self.scenario.after.items():
            for row in rows:
                if state.failures({table: [row]}, now, self.known_refs):
                    yield table, row

    def _wanted(self, context: TurnContext) -> Iterator[tuple[str, dict[str, Any]]]:
        """(tool, arguments) that lead from what is there to what must be."""
        assert self.scenario is not None
        for table, row in list(self._missing()):
            if row.get("count", 1) == 0:
                continue
            yield from self._way(context.role, table, dict(row))

    def _way(self, role: str, table: str, row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        ref = row.get("ref") or row.get("booking")
        match table:
            case "bookings" if ref is None and role == "client" and {"service", "start"} <= set(row):
                fields = {k: row[k] for k in ("service", "city", "district") if row.get(k)}
                yield "propose_booking", {"city": "casablanca", **fields, "start": _local(row["start"])}
            case "bookings" if role == "client":
                if row.get("status") == "cancelled":
                    yield "propose_cancellation", {"ref": ref}
                elif row.get("status") == "disputed":
                    yield "report_problem", {"kind": "damage", "ref": ref}
                elif row.get("start"):
                    yield "propose_reschedule", {"ref": ref, "start": _local(row["start"])}
            case "bookings":
                if row.get("status") in ("en_route", "arrived", "done"):
                    amount = {"amount_mad": row["final_mad"]} if row.get("final_mad") else {}
                    yield "update_job", {"state": row["status"], "ref": ref, **amount}
                elif row.get("status") == "confirmed":
                    yield "answer_offer", {"answer": "accept", "ref": ref}
            case "offers" if role == "technician" and row.get("status") in ("accepted", "declined"):
                yield "answer_offer", {"answer": {"accepted": "accept", "declined": "decline"}[row["status"]], "ref": ref}
            case "refunds":
                amount = {"amount_mad": row["amount_mad"]} if row.get("amount_mad") else {}
                yield "propose_refund", {"ref": ref, **amount}
            case "escalations":
                about = {"ref": ref} if ref else {}
                yield "escalate_to_human", {"reason": row.get("reason", "other"), "priority": row.get("priority", "normal"), **about}
            case "ratings":
                yield "rate_booking", {"stars": row.get("stars", 5), **({"ref": ref} if ref else {})}
            case "clients":
                if row.get("opted_out"):
                    yield "opt_out", {"scope": "all"}
                if row.get("erased"):
                    yield "request_data_deletion", {}
                if row.get("language"):
                    yield "set_language", {"language": row["language"], "script": row.get("script", "latn")}
            case "technicians":
                if "available" in row:
                    yield "set_availability", {"available": row["available"]}

    # --- by hand ----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """The end state, where tools did not reach it."""
        for table, row in list(self._missing()):
            self.by_hand.append(f"{table}: {', '.join(f'{k}={v}' for k, v in row.items())}")
            with self.house.db.transaction() as session:
                _write(session, table, dict(row), self)


def _write(session: Session, table: str, row: dict[str, Any], oracle: Oracle) -> None:
    """Makes one row of `after` true, whatever rules there are."""
    count = row.pop("count", None)
    now = oracle.house.clock.now()
    made = _MODELS.get(table)
    if count == 0 and made is not None and table not in ("clients", "technicians", "bookings"):
        for found in session.scalars(select(made)):
            if all(str(getattr(found, k, v)) == str(v) for k, v in row.items() if k != "booking"):
                session.delete(found)
        return
    if count == 0 and table == "bookings" and row.get("technician"):  # whoever else comes instead
        other = session.scalars(select(Technician).where(Technician.name != str(row["technician"]).lower())).first()
        for wrong in session.scalars(select(Booking).join(Technician).where(Technician.name == str(row["technician"]).lower())):
            wrong.technician = other
        return
    if count == 0 and table == "bookings" and row.get("status"):
        for wrong in session.scalars(select(Booking).where(Booking.status == row["status"])):
            wrong.status = "cancelled" if row["status"] != "cancelled" else "confirmed"
        return
    if table == "messages":
        _send(session, row, count or 1, oracle)
        return
    ref = row.pop("ref", None) if table == "bookings" else row.pop("booking", None)
    booking = session.scalar(select(Booking).where(Booking.ref == ref)) if ref else None
    assert oracle.scenario is not None
    match table:
        case "bookings":
            if booking is None:
                usual = {"client": oracle.scenario.phone, "service": "plumbing", "city": "casablanca"}
                given = {"ref": ref or f"BR-9{oracle._count():03d}", **usual, **row}
                given["start"] = _local(row.get("start", oracle.scenario.now))
                apply_given(session, [{"booking": {k: v for k, v in given.items() if v is not None}}], now)
                return
            if named := row.pop("technician", None):
                booking.technician = session.scalars(select(Technician).where(Technician.name == str(named).lower())).first()
            if start := row.pop("start", None):
                booking.start_local = _local(start)
            _set(booking, row)
        case "offers":
            query = select(Offer).where(Offer.booking_id == booking.id) if booking else select(Offer)
            offer = session.scalars(query.order_by(Offer.id.desc())).first()
            if offer is not None:
                _set(offer, {k: v for k, v in row.items() if k != "technician"})
        case "refunds" if booking is not None:
            session.add(Refund(booking_id=booking.id, amount_mad=row.get("amount_mad", 100), status=row.get("status", "approved"), created_at=now))
        case "escalations":
            there = session.scalars(select(Escalation).where(Escalation.conversation_id == oracle.conversation)).first()
            there = there or Escalation(conversation_id=oracle.conversation, reason="other", created_at=now)
            there.booking_id = booking.id if booking else there.booking_id
            _set(there, row)
            session.add(there)
        case "ratings" if booking is not None:
            session.add(Rating(booking_id=booking.id, stars=row.get("stars", 5), created_at=now))
        case "proposals":
            session.add(Proposal(conversation_id=oracle.conversation, kind=row.get("kind", "booking"), status=row.get("status", "open"), args={},
                                 summary={}, turn_key=f"oracle:{oracle._count()}", created_at=now, expires_at=now))  # fmt: skip
        case "clients" | "technicians":
            model: Any = _MODELS[table]
            people = select(model).where(model.phone == row.get("phone", oracle.scenario.phone))
            person = session.scalars(people).first()
            if person is not None:
                _set(person, row)


def _send(session: Session, row: dict[str, Any], count: int, oracle: Oracle) -> None:
    """As many messages as are missing, as if they had left."""
    talk, now = session.get_one(Conversation, oracle.conversation), oracle.house.clock.now()
    to = str(row.get("to") or talk.address)
    there = len(session.scalars(select(OutboxRow).where(OutboxRow.to == to)).all())
    how = {"kind": row.get("kind", "text"), "status": row.get("status", "sent"), "channel": row.get("channel", "sms")}
    for _ in range(count - there):
        key = f"oracle:{talk.id}:{oracle._count()}"
        sent = OutboxRow(key=key, conversation_id=talk.id, epoch=talk.owner_epoch, to=to, reply=oracle.reply("").to_dict(), created_at=now, **how)
        session.add(sent)


def _set(found: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        setattr(found, key, value)


_MODELS: dict[str, Any] = {
    "bookings": Booking, "offers": Offer, "refunds": Refund, "escalations": Escalation, "ratings": Rating, "proposals": Proposal,
    "clients": Client, "technicians": Technician, "messages": OutboxRow,
}  # fmt: skip


def _local(moment: Any) -> str:
    return str(moment.isoformat(timespec="minutes") if hasattr(moment, "isoformat") else moment).replace(" ", "T")[:16]


def _spoken(said: Said) -> str:
    if isinstance(said, str):
        return example(said) or ""
    kind, value = next(iter(said.items()))
    match kind:
        case "amount":
            return f"{value} MAD"
        case "percent":
            return f"{value}%"
        case "time" if isinstance(value, int):
            return f"{value // 60}:{value % 60:02d}"
        case "date":
            year, month, day = str(value)[:10].split("-")
            return f"{day}/{month}/{year}"
    return str(value)
