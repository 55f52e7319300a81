"""Hands a conversation to a person at the desk, and takes reports of what went wrong."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from domain.bookings.states import transition
from domain.errors import DomainError, NotFound
from domain.store.tables import Booking, BookingEvent
from tools.handover import escalate
from tools.spec import Args, tool
from tools.turn import Turn
from tools.whose import clients_booking, technicians_booking

#: What a person must look at: everything but waiting and remarks.
REPORT_REASONS = {"damage": "damage", "bad_work": "dispute", "price": "dispute", "no_show": "dispute", "rude": "dispute"}
DISPUTABLE = ("done", "closed")
WAITED_FOR, WORKED_ON = ("offered", "confirmed", "en_route", "arrived"), ("arrived", "done", "closed", "disputed")


class EscalateArgs(Args):
    reason: Literal["asked", "danger", "damage", "dispute", "refund", "unclear", "abuse", "data", "payment", "other"] = Field(
        description="Why a person is needed: the person asked, danger now, damage, a dispute, money, two misunderstandings, abuse, their data."
    )
    note: str | None = Field(None, description="One or two sentences for the desk: what the person wants, what was tried.")
    priority: Literal["low", "normal", "high", "urgent"] | None = Field(None, description="Leave out for the usual one; danger is always urgent.")
    ref: str | None = Field(None, description="The booking it is about, if any.")


@tool("WRITE", who="both", personal=False)
def escalate_to_human(turn: Turn, args: EscalateArgs) -> dict[str, Any]:
    """Calls a person at the support desk into this conversation. You go on answering until they take over.

    Use it when the person asks for a human, at any danger, for damage or a dispute, or after two misunderstandings. One escalation is open
    per conversation: calling again joins it. A problem with a job is better told through report_problem.
    """
    booking = _own(turn, args.ref) if args.ref else None
    row, already = escalate(
        turn.session,
        turn.context.conversation_id,
        args.reason,
        now=turn.now,
        note=args.note,
        priority=args.priority,
        booking_id=booking.id if booking else None,
    )
    return {"escalation_id": row.id, "already_open": already, "reason": row.reason, "priority": row.priority}


class ProblemArgs(Args):
    kind: Literal["damage", "bad_work", "no_show", "late", "rude", "price", "other"]
    text: str | None = Field(None, description="What happened, in the person's own words.")
    ref: str | None = Field(None, description="The booking; left out, the latest job that fits is taken.")


@tool("WRITE", who="client")
def report_problem(turn: Turn, args: ProblemArgs) -> dict[str, Any]:
    """Records a complaint about a job. Damage, bad work, a price dispute, a no-show or rudeness also calls a person (escalated: true).

    Being late is recorded only; use track_technician to say where the technician is. Never promise compensation.
    """
    try:
        booking: Booking | None = _complained_of(turn, args)
    except DomainError as error:
        # A complaint is taken even when no job fits; several jobs, or a wrong ref, are asked about.
        if error.code != "no_booking" or args.ref:
            raise
        booking = None
    reason = REPORT_REASONS.get(args.kind)
    if booking is not None:
        turn.session.add(
            BookingEvent(
                booking_id=booking.id, event=f"problem_{args.kind}", actor="client", at=turn.now, data={"text": args.text} if args.text else {}
            )
        )
        if args.kind in ("damage", "bad_work", "price") and booking.status in DISPUTABLE:
            booking.status = transition(booking.status, "dispute", "client")
    elif reason is None:
        raise DomainError("no_booking")
    if reason is not None:
        note = f"{args.kind}: {args.text}" if args.text else args.kind
        escalate(turn.session, turn.context.conversation_id, reason, now=turn.now, note=note, booking_id=booking.id if booking else None)
    return {"ref": booking.ref if booking else None, "kind": args.kind, "escalated": reason is not None}


def _complained_of(turn: Turn, args: ProblemArgs) -> Booking:
    """The booking that fits the complaint; where the words do not tell what is wrong and no work was done, the one that is ahead or under way."""
    if args.kind in ("late", "no_show"):
        return clients_booking(turn, args.ref, WAITED_FOR)
    try:
        return clients_booking(turn, args.ref, WORKED_ON)
    except NotFound:
        if args.ref or args.kind != "other":
            raise
    return clients_booking(turn, None, WAITED_FOR)


def _own(turn: Turn, ref: str) -> Booking | None:
    """The booking of the ref where it is the person's own; a wrong ref must not stop a call for help."""
    if turn.context.person_id is None or not turn.context.verified:
        return None
    try:
        return clients_booking(turn, ref, ()) if turn.context.role == "client" else technicians_booking(turn, ref, ())
    except DomainError:
        return None
