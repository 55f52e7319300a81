"""Plays conversations with the embedded brain alone: an understander that was told what each message means, and tools that live in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from bot.brain.model import EmbeddedModel
from bot.brain.understanding.base import Understanding
from domain.engagement.reply import language_script_of

NOW = "2026-11-23T10:00+01:00"  # a Monday
PEOPLE = [
    {
        "id": 1,
        "name": "ahmed",
        "rating": 4.9,
        "jobs": 512,
        "district": "maarif",
        "distance_km": 0.5,
        "price_mad": 300,
        "next_slot": None,
        "reasons": [],
    },
    {
        "id": 2,
        "name": "hassan",
        "rating": 4.6,
        "jobs": 200,
        "district": "ain chock",
        "distance_km": 6.1,
        "price_mad": 250,
        "next_slot": None,
        "reasons": [],
    },
]


class Told:
    """An understander that knows only what it was told: text -> meaning; anything else is an unsure `inform`."""

    def __init__(self) -> None:
        self.meanings: dict[str, Mapping[str, Any]] = {}
        self.language, self.script = "ary", "latn"

    def tell(self, text: str, meaning: Mapping[str, Any], locale: str) -> None:
        language, script = language_script_of(locale)
        self.meanings[text.strip()] = {"language": language, "script": script, **meaning}

    def understand(self, text: str, *, role: str = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        known = self.meanings.get(text.strip(), {})
        return Understanding(
            language=known.get("language", self.language),
            script=known.get("script", self.script),
            intents=tuple(known.get("intents", ("inform",))),
            entities=known.get("entities", {}),
            urgency=known.get("urgency", "normal"),
            sentiment=known.get("sentiment", "neutral"),
            danger=known.get("danger", False),
            confidence=known.get("confidence", 0.9 if known else 0.1),
        )


@dataclass
class MemoryTools:
    """The tool table of docs/contracts.md over a dictionary; enough truth for a brain to talk to."""

    bookings: dict[str, dict[str, Any]] = field(default_factory=dict)
    verified: bool = True
    claimed_phone: str | None = None
    people: list[dict[str, Any]] = field(default_factory=lambda: list(PEOPLE))
    proposals: dict[int, tuple[str, dict[str, Any], int]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    escalations: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # fixed answers by tool name
    turn: int = 0
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    PERSONAL = frozenset(
        [
            "list_bookings",
            "booking_status",
            "track_technician",
            "propose_booking",
            "propose_reschedule",
            "propose_cancellation",
            "propose_refund",
            "confirm_proposal",
            "decline_proposal",
            "rate_booking",
            "report_problem",
            "loyalty_balance",
            "opt_out",
            "request_data_deletion",
            "apply_as_technician",
            "refund_status",
        ]
    )

    def call(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        self.log.append((name, args))
        if name in self.answers:
            return self.answers[name]
        if name in self.PERSONAL and not self.verified:
            return {"ok": False, "error": "verify_needed", **({"claimed_phone": self.claimed_phone} if self.claimed_phone else {})}
        done = getattr(self, f"_{name}", None)
        return done(**args) if done else {"ok": True}

    def _find_technicians(self, **args: Any) -> dict[str, Any]:
        return {"ok": True, "technicians": self.people, "city": args["city"], "district": args.get("district")}

    def _estimate_price(self, **args: Any) -> dict[str, Any]:
        return {"ok": True, "min_mad": 250, "likely_mad": 300, "max_mad": 400, "breakdown": [], "uplift_pct": 0, "service": args["service"]}

    def _find_slots(self, **args: Any) -> dict[str, Any]:
        day = args.get("day") or "2026-11-24"
        return {"ok": True, "slots": [{"start": f"{day}T{h:02d}:00", "technician_id": 1, "technician": "ahmed", "price_mad": 300} for h in (9, 11)]}

    def _list_bookings(self, which: str = "all") -> dict[str, Any]:
        live = ("offered", "confirmed", "en_route", "arrived")
        fits = {"live": lambda b: b["status"] in live, "past": lambda b: b["status"] not in live}.get(which, lambda b: True)
        return {"ok": True, "bookings": [b for b in self.bookings.values() if fits(b)]}

    def _booking_status(self, ref: str | None = None) -> dict[str, Any]:
        return {"ok": True, "booking": self.bookings[ref]} if ref in self.bookings else {"ok": False, "error": "no_booking"}

    def _track_technician(self, ref: str | None = None) -> dict[str, Any]:
        jobs = [b for b in self.bookings.values() if ref in (None, b["ref"])]
        if len(jobs) != 1:
            return {"ok": False, "error": "which_booking", "bookings": jobs} if jobs else {"ok": False, "error": "no_booking"}
        status = jobs[0]["status"]
        state = {"offered": "waiting_answer", "confirmed": "planned"}.get(status, status)
        ahead = status in ("confirmed", "en_route")
        window = {"from": jobs[0]["start"], "to": jobs[0]["start"][:14] + "30"} if ahead else None
        return {"ok": True, "booking": jobs[0], "state": state, "minutes": 12, "window": window, "late_risk": None}

    def _propose(self, kind: str, summary: dict[str, Any]) -> dict[str, Any]:
        number = len(self.proposals) + 1
        self.proposals[number] = (kind, summary, self.turn)
        return {"ok": True, "proposal_id": number, "summary": summary}

    def _propose_booking(self, **args: Any) -> dict[str, Any]:
        who = next((p for p in self.people if p["id"] == args.get("technician_id")), self.people[0])
        return self._propose(
            "booking", {**args, "technician": who["name"], "technician_id": who["id"], "price_mad": 300, "price_min_mad": 250, "price_max_mad": 400}
        )

    def _propose_reschedule(self, ref: str, start: str) -> dict[str, Any]:
        return self._propose("reschedule", {"booking": self.bookings[ref], "start": start, "technician": "ahmed", "fee_mad": 0})

    def _propose_cancellation(self, ref: str, reason: str | None = None) -> dict[str, Any]:
        return self._propose("cancellation", {"booking": self.bookings[ref], "fee_mad": 50, "refund_mad": 0})

    def _propose_refund(self, ref: str, **args: Any) -> dict[str, Any]:
        return self._propose(
            "refund", {"booking": self.bookings[ref], "amount_mad": self.bookings[ref]["paid_mad"], "needs_human": False, "rule": "cancelled_in_time"}
        )

    def _request_data_deletion(self) -> dict[str, Any]:
        return self._propose("erasure", {})

    def _decline_proposal(self, proposal_id: int) -> dict[str, Any]:
        self.proposals.pop(proposal_id, None)
        return {"ok": True, "kind": "any"}

    def _confirm_proposal(self, proposal_id: int) -> dict[str, Any]:
        if proposal_id not in self.proposals:
            return {"ok": False, "error": "proposal_gone"}
        kind, summary, turn = self.proposals[proposal_id]
        if turn == self.turn:
            return {"ok": False, "error": "same_turn"}
        del self.proposals[proposal_id]
        if kind == "booking":
            ref = f"BR-{1001 + len(self.bookings)}"
            self.bookings[ref] = job(
                ref, **{k: summary.get(k) for k in ("service", "start", "technician", "city", "district", "address")}, status="offered"
            )
            return {"ok": True, "kind": kind, "booking": self.bookings[ref], "offer": {"technician": summary["technician"], "minutes": 15}}
        booking = self.bookings.get((summary.get("booking") or {}).get("ref", ""))
        if kind == "reschedule" and booking:
            booking["start"] = summary["start"]
        if kind == "cancellation" and booking:
            booking["status"] = "cancelled"
        if kind == "refund" and booking:
            self.refunds.append({"ref": booking["ref"], "amount_mad": summary["amount_mad"], "status": "approved"})
            return {"ok": True, "kind": kind, "booking": booking, "refund": self.refunds[-1]}
        return {"ok": True, "kind": kind, "booking": booking}

    def _rate_booking(self, stars: int, ref: str | None = None, text: str | None = None) -> dict[str, Any]:
        return {"ok": True, "ref": ref, "stars": stars, "technician": "ahmed", "credit_mad": 50}

    def _report_problem(self, kind: str, **args: Any) -> dict[str, Any]:
        return {"ok": True, "ref": args.get("ref"), "escalated": kind != "other"}

    def _escalate_to_human(self, reason: str, **args: Any) -> dict[str, Any]:
        self.escalations.append(reason)
        return {"ok": True, "escalation_id": 1, "already_open": len(self.escalations) > 1}

    def _search_knowledge(self, query: str, topic: str | None = None, locale: str | None = None) -> dict[str, Any]:
        return {"ok": True, "passages": [{"topic": "warranty", "title": "-", "text": "30.", "source": "-", "score": 0.9}]}

    def _loyalty_balance(self) -> dict[str, Any]:
        return {"ok": True, "credit_mad": 50, "bookings_done": 3, "bookings_to_next": 7}

    def _set_language(self, language: str, script: str) -> dict[str, Any]:
        return {"ok": True, "language": language, "script": script}

    def _send_code(self, phone: str) -> dict[str, Any]:
        return {"ok": True, "phone": "+212*****001", "minutes": 10}

    def _verify_code(self, code: str) -> dict[str, Any]:
        if code != "123456":
            return {"ok": False, "error": "bad_code", "attempts_left": 4}
        self.verified = True
        return {"ok": True, "verified": True, "phone": "+212*****001"}

    def _refund_status(self, ref: str | None = None) -> dict[str, Any]:
        return {"ok": True, "refunds": self.refunds}

    def _my_jobs(self, day: str | None = None) -> dict[str, Any]:
        offers = [b for b in self.bookings.values() if b["status"] == "offered"]
        return {"ok": True, "jobs": [b for b in self.bookings.values() if b["status"] != "offered"], "offers": offers}

    def _answer_offer(self, answer: str, ref: str | None = None, **args: Any) -> dict[str, Any]:
        offers = [b for b in self.bookings.values() if b["status"] == "offered" and ref in (None, b["ref"])]
        if len(offers) != 1:
            return {"ok": False, "error": "which_offer", "offers": offers} if offers else {"ok": False, "error": "no_offer"}
        offers[0]["status"] = {"accept": "confirmed", "decline": "expired"}.get(answer, "offered")
        return {"ok": True, "ref": offers[0]["ref"], "status": answer, "start": args.get("start") or offers[0]["start"]}

    def _update_job(self, state: str, ref: str | None = None, amount_mad: float | None = None, **told: Any) -> dict[str, Any]:
        jobs = [b for b in self.bookings.values() if ref in (None, b["ref"]) and b["status"] not in ("offered", "cancelled")]
        if not jobs:
            return {"ok": False, "error": "no_booking"}
        jobs[0]["status"] = state if state in ("en_route", "arrived", "done") else jobs[0]["status"]
        jobs[0]["final_mad"] = amount_mad or jobs[0]["final_mad"]
        return {"ok": True, "ref": jobs[0]["ref"], "status": jobs[0]["status"], "final_mad": jobs[0]["final_mad"]}

    def _set_availability(self, available: bool, start: str | None = None, end: str | None = None) -> dict[str, Any]:
        return {"ok": True, "available": available, **({"until": end} if end else {})}

    def _my_earnings(self) -> dict[str, Any]:
        return {"ok": True, "month": "2026-11", "jobs": 4, "gross_mad": 1200, "commission_mad": 144, "net_mad": 1056}

    def _propose_price(self, amount_mad: float, ref: str | None = None) -> dict[str, Any]:
        return {"ok": True, "ref": ref or "BR-1", "amount_mad": amount_mad, "status": "confirmed"}

    def _job_details(self, ref: str | None = None) -> dict[str, Any]:
        jobs = [b for b in self.bookings.values() if ref in (None, b["ref"])]
        return {"ok": True, "booking": {**jobs[0], "client_name": "salma"}} if len(jobs) == 1 else {"ok": False, "error": "no_booking"}


def asked_about_a_job(kind: str, text: str, *, status: str, locale: str = "ary-Latn", **change: Any) -> Talk:
    """A talk in which we just asked the client to agree to a change of BR-1 that the technician wants (proposal 7)."""
    tools = MemoryTools({"BR-1": job("BR-1", status=status)})
    summary = {"booking": tools.bookings["BR-1"], **change}
    tools.proposals[7] = (kind, summary, 0)
    talk = Talk(tools, locale=locale)
    extra = {"ref": "BR-1", "proposal_id": 7, "kind": kind, "summary": summary}
    talk.notice(text=text, awaiting="confirm", key=f"notices.{kind}", extra=extra)
    return talk


def job(ref: str, **values: Any) -> dict[str, Any]:
    usual = {
        "service": "plumbing", "issue": None, "status": "confirmed", "start": "2026-11-24T10:00", "technician": "ahmed", "technician_id": 1,
        "city": "casablanca", "district": "maarif", "address": None, "price_mad": 320, "final_mad": None, "paid_mad": 0, "fee_mad": 0,
    }  # fmt: skip
    return {"ref": ref, **usual, **values}


class Talk:
    """One conversation: what the person says goes in, what the brain calls and says comes out."""

    def __init__(self, tools: MemoryTools | None = None, *, locale: str = "ary-Latn", **facts: Any) -> None:
        self.told = Told()
        self.told.language, self.told.script = language_script_of(locale)
        self.model = EmbeddedModel(self.told)
        self.tools = tools or MemoryTools()
        self.locale = locale
        usual: dict[str, Any] = {"now": NOW, "role": "client", "channel": "whatsapp", "verified": True, "claimed_phone": None, "name": None,
                 "language": "ary", "script": "latn", "language_pinned": False, "place": None, "bookings_done": 0, "technician": None}  # fmt: skip
        self.facts = usual | facts
        self.history: list[Any] = []
        self.called: list[str] = []
        self.reply: dict[str, Any] = {}

    def notice(self, **reply: Any) -> None:
        language, script = language_script_of(self.locale)
        full = {"text": "...", "language": language, "script": script, "awaiting": None, "options": (), "key": "", "extra": {}, **reply}
        self.history.append(AIMessage(full["text"], additional_kwargs={"reply": full, "notice": True}))

    def say(self, text: str, *, parts: list[dict[str, Any]] | None = None, **meaning: Any) -> dict[str, Any]:
        """One turn. `meaning`: what the reader makes of the text (intents, entities, danger, ...)."""
        if meaning:
            self.told.tell(text, meaning, self.locale)
        self.tools.turn += 1
        kept = parts if parts is not None else [{"kind": "text", "text": text, "payload": {}, "at": NOW}]
        turn: list[Any] = [HumanMessage(text, additional_kwargs={"parts": kept})]
        self.called = []
        for _ in range(15):
            answer = self.model.invoke([SystemMessage("", additional_kwargs={"facts": self.facts}), *self.history, *turn])
            turn.append(answer)
            if not answer.tool_calls:
                self.history += turn
                self.reply = answer.additional_kwargs["reply"]
                return self.reply
            for wish in answer.tool_calls:
                self.called.append(wish["name"])
                result = self.tools.call(wish["name"], dict(wish["args"]))
                turn.append(ToolMessage(json.dumps(result, ensure_ascii=False), tool_call_id=wish["id"], name=wish["name"]))
        raise AssertionError(f"the brain never ends: {self.called}")
