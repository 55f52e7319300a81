"""What is known at one point of a conversation: a pure fold over its messages, notices, tool results and replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Slots = Mapping[str, Any]

#: Slots that stay when one job is settled and another begins: people rarely move house within a conversation.
PLACE = ("city", "district", "address", "lat", "lon")
#: Flows that share the `change` slots.
CHANGES = frozenset({"reschedule", "cancel", "track", "status", "refund", "refund_status", "complain", "damage", "rate", "note"})
KINDS = {
    "propose_booking": "booking",
    "propose_reschedule": "reschedule",
    "propose_cancellation": "cancellation",
    "propose_refund": "refund",
    "request_data_deletion": "erasure",
}


@dataclass(frozen=True)
class Proposal:
    """Something that waits for a yes."""

    id: int
    kind: str  # booking reschedule cancellation refund erasure counter_offer price_change
    summary: Slots = field(default_factory=dict)
    args: Slots = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """`flow` waits for `awaiting`; `behind` are the flows it interrupted, the latest last.

    `draft`: slots of the job that is being arranged (service issue city district address lat lon date time technician technician_id urgency).
    `change`: slots of what is done to an existing one (ref date time technician service reason amount stars).
    """

    locale: str | None = None
    pinned: bool = False
    flow: str | None = None
    behind: tuple[str, ...] = ()
    draft: Slots = field(default_factory=dict)
    change: Slots = field(default_factory=dict)
    awaiting: str | None = None
    options: tuple[Mapping[str, Any], ...] = ()
    key: str = ""
    said: str = ""  # our last words: what a short answer answers
    proposal: Proposal | None = None
    offered: tuple[Mapping[str, Any], ...] = ()  # technicians last found
    ref: str | None = None  # the booking last spoken of
    last: Slots = field(default_factory=dict)  # what was booked last, as a draft
    misses: int = 0
    alarmed: bool = False  # a person was called for a danger
    offer: bool = False  # (technician) an offer was sent and not answered
    turns: int = 0
    code_sent: bool = False


def observe(state: State, tool: str, args: Mapping[str, Any], result: Mapping[str, Any]) -> State:
    """What a tool's answer teaches."""
    if not result.get("ok"):
        if tool in ("confirm_proposal", "decline_proposal") and result.get("error") == "proposal_gone":
            return replace(state, proposal=None)
        return state
    if tool in KINDS and isinstance(result.get("proposal_id"), int):
        summary = {**(result.get("summary") or {}), **{k: result[k] for k in ("held_until",) if result.get(k)}}
        booking = summary.get("booking") or {}
        ref = booking.get("ref") or args.get("ref") or state.ref
        state = replace(state, proposal=Proposal(result["proposal_id"], KINDS[tool], summary, dict(args)), ref=ref)
        return replace(state, draft={**state.draft, **_from_args(args)}) if tool == "propose_booking" else state
    if tool == "confirm_proposal":
        booked = state.proposal is not None and state.proposal.kind == "booking"
        ref = (result.get("booking") or {}).get("ref") or state.ref
        return replace(state, proposal=None, ref=ref, last=settled(state) if booked else state.last)
    if tool == "decline_proposal":
        return replace(state, proposal=None)
    if tool == "find_technicians":
        return replace(state, offered=tuple(t for t in result.get("technicians", ()) if isinstance(t, Mapping)))
    if tool == "escalate_to_human" and args.get("reason") == "danger":
        return replace(state, alarmed=True)
    if tool == "set_language":
        return replace(state, pinned=True)
    if tool == "send_code":
        return replace(state, code_sent=True)
    if tool in ("booking_status", "track_technician"):
        return replace(state, ref=(result.get("booking") or {}).get("ref") or state.ref)
    if tool == "answer_offer":
        return replace(state, offer=False)
    return state


def settled(state: State) -> Slots:
    """The draft of a booking that was just confirmed, ready to be asked for again."""
    proposal = state.proposal
    draft = {k: v for k, v in state.draft.items() if k != "also"}
    return {**draft, **({"technician": proposal.summary.get("technician")} if proposal else {})}


def spoke(state: State, reply: Mapping[str, Any]) -> State:
    """After our own reply of a turn."""
    extra = reply.get("extra") or {}
    options = tuple(o for o in reply.get("options") or () if isinstance(o, Mapping))
    state = replace(
        state,
        awaiting=reply.get("awaiting"),
        options=options,
        key=str(reply.get("key") or ""),
        said=str(reply.get("text") or ""),
        misses=int(extra.get("misses") or 0),
        turns=state.turns + 1,
    )
    if reply.get("language") and reply.get("script"):
        from domain.engagement.reply import locale_of

        state = replace(state, locale=locale_of(reply["language"], reply["script"]))
    if "flow" not in extra:  # a language model answered: what waits follows from what it asked
        return replace(state, flow=_flow_of(state))
    state = replace(state, flow=extra.get("flow"), behind=tuple(extra.get("behind") or ()))
    if extra.get("ref"):
        state = replace(state, ref=extra["ref"], change={**state.change, "ref": extra["ref"]})
    for name in extra.get("over") or ():
        state = close(state, name)
    return goes_on(state, extra)


def goes_on(state: State, extra: Mapping[str, Any]) -> State:
    """After a job is settled, the draft of the next one that the same message asked for."""
    return replace(state, draft={**state.draft, **extra["next"]}) if extra.get("next") else state


def close(state: State, flow: str) -> State:
    """A flow has ended: what it collected must not leak into the next one."""
    if flow in ("booking", "find", "availability", "rebook", "danger", "join"):
        return replace(state, draft={k: v for k, v in state.draft.items() if k in PLACE}, offered=())
    if flow in CHANGES and state.flow not in CHANGES:
        return replace(state, change={})
    return state


def noticed(state: State, reply: Mapping[str, Any]) -> State:
    """After words that left outside a turn: they may ask something of their own."""
    extra = reply.get("extra") or {}
    key = str(reply.get("key") or "")
    state = replace(state, ref=extra.get("ref") or state.ref)
    if key == "technician.job_offer":
        state = replace(state, offer=True, change={})  # a bare "1" answers this offer, whatever job was spoken of before
    awaiting = reply.get("awaiting")
    if not awaiting:
        return state
    options = tuple(o for o in reply.get("options") or () if isinstance(o, Mapping))
    behind = (*state.behind, state.flow) if state.flow and state.awaiting and state.flow != "booking" else state.behind
    state = replace(state, awaiting=awaiting, options=options, key=key, said=str(reply.get("text") or ""), behind=behind, misses=0)
    if isinstance(extra.get("proposal_id"), int):
        kind, summary = str(extra.get("kind") or key.rpartition(".")[2]), extra.get("summary") or {}
        if kind == "booking":  # a person proposed it: from here on it is a booking like any other
            state = replace(state, draft=_from_args(summary))
        return replace(state, flow=flow_of_kind(kind), proposal=Proposal(extra["proposal_id"], kind, summary))
    if extra.get("flow"):  # the desk gave the conversation back with a question of the bot's: what was open before it is over
        return replace(state, flow=extra["flow"], behind=(), change={"ref": state.ref} if state.ref else {})
    if awaiting == "rating":
        return replace(state, flow="rate", change={"ref": state.ref} if state.ref else {})
    if key == "technician.job_offer":
        return replace(state, flow="offer")
    if awaiting == "time":
        job = extra.get("booking") or {}
        again = {k: job[k] for k in ("service", "issue", "city", "district", "address") if job.get(k)} or {
            k: v for k, v in state.last.items() if k not in ("date", "time", "technician", "technician_id")
        }
        slots = [s for s in extra.get("slots") or () if isinstance(s, Mapping) and s.get("start")]
        options = tuple({"title": str(n), "payload": slot_payload(s)} for n, s in enumerate(slots, 1)) or options
        return replace(state, flow="booking", draft=again, options=options, proposal=None)
    return replace(state, flow=_flow_of(state))


def slot_payload(slot: Mapping[str, Any]) -> str:
    """An offered moment as an option's payload: "slot:2026-11-24T10:00|12|ahmed" (technician id and name may be empty)."""
    return f"slot:{slot.get('start')}|{slot.get('technician_id') or ''}|{slot.get('technician') or ''}"


def _flow_of(state: State) -> str | None:
    """Whose question is open when nobody wrote it down."""
    if state.awaiting is None:
        return None
    if state.awaiting == "confirm" and state.proposal is not None:
        return flow_of_kind(state.proposal.kind)
    named = {"rating": "rate", "code": "verify", "language": "language", "booking": "status"}
    return named.get(state.awaiting, state.flow or "booking")


def flow_of_kind(kind: str) -> str:
    named = {"booking": "booking", "reschedule": "reschedule", "cancellation": "cancel", "refund": "refund", "erasure": "delete_data"}
    return named.get(kind, "consent")


def _from_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """A proposal's arguments as draft slots; they are what was agreed, whoever called the tool."""
    found = {k: args[k] for k in ("service", "city", "district", "address", "lat", "lon", "technician_id", "issue") if args.get(k) is not None}
    start = str(args.get("start") or "")
    return {**found, "date": start[:10], "time": start[11:16]} if len(start) >= 16 else found
