"""`bricol eval from-conversation`: writes a conversation of the store as a scenario about invented people, with what was expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.clock import to_local
from domain.files import LOADER
from domain.store.database import Database
from domain.store.tables import Booking, Client, Conversation, InboxRow, Offer, OutboxRow, Refund, Technician, Turn
from evals.graders.case import Case, read_case
from evals.redaction import Fakes
from evals.scenario import Scenario, load

#: A longer silence moves the scenario's clock.
PAUSE = timedelta(minutes=10)
#: Which suite a conversation belongs to, by the first of these tools that was called in it.
SUITES = {
    "escalate_to_human": "escalation", "propose_refund": "refunds", "refund_status": "refunds", "propose_cancellation": "changes",
    "propose_reschedule": "changes", "propose_booking": "booking", "track_technician": "tracking", "estimate_price": "quoting",
    "search_knowledge": "knowledge",
}  # fmt: skip
JOB = ("technician", "service", "city", "district", "start", "status", "price_mad", "final_mad", "paid_mad")


class NotToBeWritten(Exception):
    """A conversation that cannot become a scenario; the message says why and the cure."""


def scenario_text(db: Database, conversation_id: int, *, suite: str | None = None) -> str:
    """The YAML of one conversation, redacted. Raises NotToBeWritten when there is none, it is empty or erased, or a real detail would be left."""
    with db.reading() as session:
        talk = session.get(Conversation, conversation_id)
        if talk is None:
            raise NotToBeWritten(f"there is no conversation {conversation_id} in this store; the desk and the log name them by number")
        if talk.client is not None and talk.client.erased:
            raise NotToBeWritten(f"conversation {conversation_id} belongs to somebody who asked to be forgotten; it cannot be written")
        rows = list(session.scalars(select(InboxRow).where(InboxRow.conversation_id == talk.id, InboxRow.turn_id.is_not(None)).order_by(InboxRow.id)))
        if not rows:
            raise NotToBeWritten(f"conversation {conversation_id} has no answered message yet")
        writer = _Writer(session, talk, rows)
        data = writer.scenario(suite)
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=150)
    if left := writer.fakes.left_in(text):
        kinds = ", ".join(left).lower()
        raise NotToBeWritten(f"conversation {conversation_id}: {kinds} of a real person would be left in the file; nothing was written")
    return text


class _Writer:
    """Reads one conversation and tells it step by step."""

    def __init__(self, session: Session, talk: Conversation, rows: Sequence[InboxRow]) -> None:
        from domain.rules import MarketRules

        self.session, self.talk, self.rows = session, talk, rows
        self.turns = {t.id: t for t in session.scalars(select(Turn).where(Turn.conversation_id == talk.id).order_by(Turn.id))}
        self.case: Case = read_case(session, talk.id, language="", script="", rules=MarketRules())
        self.begun = to_local(rows[0].received_at).replace(second=0, microsecond=0, tzinfo=None)
        column = Booking.technician_id if talk.role == "technician" else Booking.client_id
        me = talk.technician_id if talk.role == "technician" else talk.client_id
        self.bookings = list(session.scalars(select(Booking).where(column == me).order_by(Booking.id))) if me is not None else []
        self.fakes = self._fakes()

    def _fakes(self) -> Fakes:
        people = {self.talk.client, self.talk.technician, *(b.client for b in self.bookings), *(b.technician for b in self.bookings)} - {None}
        found = [p.name for p in people if p is not None and p.name]
        if self.talk.client is not None and (name := self.talk.client.preferences.get("name")):
            found.append(str(name))
        found += [e.said.strip() for awaited, e in self._answers() if awaited == "name" and 0 < len(e.said.split()) <= 4]
        found += [d for d in self.session.scalars(select(OutboxRow.author).where(OutboxRow.conversation_id == self.talk.id)) if d != "bot"]
        addresses = [b.address for b in self.bookings if b.address]
        addresses += [p.address for p in people if isinstance(p, Client) and p.address]
        fakes = Fakes(found, addresses)
        for person in people:
            if isinstance(person, Client | Technician) and person.phone:
                fakes.of("PHONE", person.phone)
        return fakes

    def _answers(self) -> list[tuple[str | None, Any]]:
        """(what was awaited, the exchange that answered it)."""
        awaited: str | None = None
        found = []
        for exchange in self.case.exchanges:
            found.append((awaited, exchange))
            awaited = (exchange.reply or {}).get("awaiting")
        return found

    def scenario(self, suite: str | None) -> dict[str, Any]:
        talk, hide = self.talk, self.fakes.hide
        language, script = self._speech()
        called = [c.tool for e in self.case.exchanges for c in e.calls]
        found_suite = "technician" if talk.role == "technician" else next((SUITES[t] for t in SUITES if t in called), "chat")
        phone = self.case.phone or "+212661000000"
        data: dict[str, Any] = {
            "id": f"from_conversation_{talk.id}",
            "suite": suite or found_suite,
            "language": language,
            "script": script,
            "channel": talk.channel,
            "who": talk.role,
            "phone": self._phone(phone),
            "world": "demo",
            "now": self.begun.isoformat(timespec="minutes"),
            "technicians": self._technicians(),
        }
        if given := self._given(phone):
            data["given"] = given
        facts: dict[str, list[str]] = {}
        for awaited, exchange in self._answers():
            if awaited and exchange.said.strip():
                facts.setdefault(awaited, []).append(hide(exchange.said.replace("\n", " ")))
        if facts:
            data["facts"] = {k: v[0] if len(v) == 1 else v for k, v in facts.items()}
        data["turns"] = self._turns()
        data["after"] = self._after(phone)
        data["max_turns"] = max(20, len(data["turns"]))
        data["tags"] = ["from_conversation"]
        return data

    def _phone(self, real: str) -> str:
        return self.fakes.of("PHONE", real if real.startswith("+") else f"+{real}")

    def _speech(self) -> tuple[str, str]:
        """What the person wrote most of, as it was understood then."""
        heard = [(str(e.understanding["language"]), str(e.understanding["script"])) for e in self.case.exchanges if e.understanding.get("language")]
        if heard:
            return max(set(heard), key=lambda one: (heard.count(one), -heard.index(one)))
        return self.talk.language or "ary", self.talk.script or "latn"

    def _technicians(self) -> str:
        if self.talk.role == "technician":
            return "silent"
        mine = [b.id for b in self.bookings if self._new(b)]
        answers = list(self.session.scalars(select(Offer.status).where(Offer.booking_id.in_(mine)).order_by(Offer.id))) if mine else []
        if "accepted" in answers:
            return "first_declines" if answers[0] == "declined" else "accept"
        if "declined" in answers:
            return "decline"
        return "silent" if answers else "accept"

    def _new(self, booking: Booking) -> bool:
        return to_local(booking.created_at).replace(tzinfo=None) >= self.begun

    def _given(self, phone: str) -> list[dict[str, dict[str, Any]]]:
        found: list[dict[str, dict[str, Any]]] = []
        person = self.talk.client
        if person is not None:
            known = {"phone": self._phone(phone), "name": person.name and self.fakes.hide(self.fakes.of("NAME", person.name)),
                     "language": person.language, "script": person.script, "city": person.city, "district": person.district}  # fmt: skip
            found.append({"client": {k: v for k, v in known.items() if v is not None}})
        for booking in self.bookings:
            if not self._new(booking):
                found.append({"booking": self._first_seen(booking)})
        return found

    def _first_seen(self, booking: Booking) -> dict[str, Any]:
        """The booking as the conversation first met it: a tool's first word about it, else as it is now."""
        row: dict[str, Any] = {
            "service": booking.service, "city": booking.city, "district": booking.district, "start": booking.start_local, "status": booking.status,
            "price_mad": booking.price_mad, "final_mad": booking.final_mad, "paid_mad": booking.paid_mad,
        }  # fmt: skip
        seen = next((job for e in self.case.exchanges for c in e.calls for job in _jobs(c.result) if job.get("ref") == booking.ref), {})
        row |= {k: v for k, v in seen.items() if k in row and v is not None}
        if (row["status"] == "offered" and self.talk.role == "technician" and self.talk.technician is not None) or self.talk.role == "technician":
            row["technician"] = self._technician_phone()
        client = self.session.get_one(Client, booking.client_id)
        owner = self._phone(client.phone) if client.phone else self._phone("+212661000000")
        row = {"ref": self.fakes.of("REF", booking.ref.removeprefix("BR-")), "client": owner, **row}
        return {k: float(v) if k.endswith("_mad") else v for k, v in row.items() if v is not None}

    def _technician_phone(self) -> str:
        return self._phone(self.case.phone or "+212662000000")

    def _turns(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = []
        clock = self.begun
        options: Sequence[Mapping[str, Any]] = ()
        exchanges = {e.key: e for e in self.case.exchanges}
        desk = list(self.session.scalars(select(OutboxRow).where(OutboxRow.conversation_id == self.talk.id, OutboxRow.author != "bot")
                                         .order_by(OutboxRow.id)))  # fmt: skip
        for turn_id, turn in self.turns.items():
            rows = [r for r in self.rows if r.turn_id == turn_id]
            if not rows:
                continue
            at = to_local(rows[0].received_at).replace(second=0, microsecond=0, tzinfo=None)
            while desk and desk[0].created_at <= rows[0].received_at:
                row = desk.pop(0)
                words = self.fakes.hide(str(row.reply.get("text", "")))
                steps.append({"agent": {"desk": self.fakes.of("NAME", row.author), "say": words}})
            if at - clock > PAUSE:
                steps.append({"at": at.isoformat(timespec="minutes")})
                clock = at
            step = self._said(rows, options)
            exchange = exchanges.get(turn.key)
            if exchange is not None and exchange.reply is not None:
                step["expect"] = self._expected(exchange)
                options = exchange.reply.get("options") or ()
            steps.append(step)
        return steps

    def _said(self, rows: Sequence[InboxRow], options: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        row = rows[0]
        words = [self.fakes.hide(r.text) for r in rows if r.text]
        if len(rows) > 1 or row.kind in ("text", "unsupported"):
            return {"burst": words} if len(words) > 1 else {"say": words[0] if words else "…"}
        match row.kind:
            case "button":
                payload = str(row.payload.get("payload", ""))
                number = next((n for n, o in enumerate(options, 1) if o.get("payload") == payload), None)
                return {"button": number} if number else {"say": self.fakes.hide(row.text)}
            case "location":
                # about a kilometre: the district stays, the door does not
                return {"location": {"lat": round(float(row.payload.get("lat", 0)), 2), "lon": round(float(row.payload.get("lon", 0)), 2)}}
            case "photo":
                return {"photo": {"caption": self.fakes.hide(row.text)}}
            case "voice" if row.text or not row.payload.get("seconds"):
                return {"say": self.fakes.hide(row.text) or "…"}
        return {"voice": {"seconds": row.payload["seconds"]}}

    def _expected(self, exchange: Any) -> dict[str, Any]:
        reply = exchange.reply
        found: dict[str, Any] = {}
        if calls := [c.tool for c in exchange.calls if c.result.get("ok")]:
            found["calls"] = calls
        found["awaiting"] = [reply.get("awaiting")]
        return found

    def _after(self, phone: str) -> dict[str, list[dict[str, Any]]]:
        after: dict[str, list[dict[str, Any]]] = {"bookings": []}
        for booking in self.bookings:
            row: dict[str, Any] = {"status": booking.status, "count": 1}
            if self._new(booking):
                row = {"service": booking.service, "city": booking.city, "district": booking.district, "start": booking.start_local} | row
            else:
                row = {"ref": self.fakes.of("REF", booking.ref.removeprefix("BR-")), "start": booking.start_local} | row
            after["bookings"].append({k: v for k, v in row.items() if v is not None})
        if not after["bookings"]:
            after["bookings"].append({"count": 0})
        old = {b.id: b.ref for b in self.bookings if not self._new(b)}
        refunds = list(self.session.scalars(select(Refund).where(Refund.booking_id.in_(list(old))))) if old else []
        refs = {id: self.fakes.of("REF", ref.removeprefix("BR-")) for id, ref in old.items()}
        after["refunds"] = [{"booking": refs[r.booking_id], "amount_mad": float(r.amount_mad), "status": r.status, "count": 1} for r in refunds] or [
            {"count": 0}
        ]
        handed = [c.args.get("reason") for e in self.case.exchanges for c in e.calls if c.tool == "escalate_to_human" and c.result.get("ok")]
        after["escalations"] = [{"reason": handed[0], "count": 1}] if handed and handed[0] else [{"count": 0}]
        return after


def _jobs(value: Any) -> list[Mapping[str, Any]]:
    """Every Job of docs/contracts.md in a tool's result, in order."""
    if isinstance(value, Mapping):
        mine = [value] if {"ref", "status", "service"} <= set(value) else []
        return mine + [job for inner in value.values() for job in _jobs(inner)]
    return [job for inner in value for job in _jobs(inner)] if isinstance(value, list) else []


def written(db: Database, conversation_id: int, path: Path, *, suite: str | None = None) -> tuple[Scenario, list[str]]:
    """Writes the scenario, plays it, and returns it with what the replay did not do as the conversation did.

    A replay that fails is marked: the tag `known_failure`, and what was expected in words at the head of the file.
    """
    from evals.player import play

    text = scenario_text(db, conversation_id, suite=suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    scenario = load(path)
    assert scenario is not None
    played = play(scenario)
    why = [*played.why, *([played.simulator_fault] if played.simulator_fault else [])]
    if why:
        data = yaml.load(text, Loader=LOADER)
        data["tags"].append("known_failure")
        head = "".join(f"# expected: {line}\n" for line in " ; ".join(why).splitlines())
        path.write_text(head + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=150), encoding="utf-8")
        scenario = load(path) or scenario
    return scenario, why
