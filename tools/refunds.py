"""Money back for a prepaid booking: whether, how much, asked for, and how it stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field
from sqlalchemy import select

from domain.billing.refunds import Decision, Paid, checked_amount
from domain.billing.refunds import refund_eligibility as decide
from domain.errors import DomainError
from domain.store import given_back
from domain.store.tables import Booking, Proposal, Refund
from tools import money
from tools.proposals import confirms, propose
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import job, mad
from tools.whose import PAST, canonical, clients_booking

DESK = "desk:"  # turn keys of what a person does for a client
#: States in which somebody may come asking for money.
ASKED_FOR = (*PAST, "confirmed", "en_route")


class RefArgs(Args):
    ref: str | None = Field(None, description="The booking; left out, the client's only one that money may come back of.")


@tool("READ", who="client")
def refund_eligibility(turn: Turn, args: RefArgs) -> dict[str, Any]:
    """Whether money comes back for a booking, how much at most, under which rule (a code), and whether a person must decide.

    rule cancel_first: the booking is live, propose_cancellation says what comes back. job_done: only a person can decide, offer to call one.
    """
    booking = _prepaid(turn, args.ref)
    decision = _decision(turn, booking)
    return {
        "ref": booking.ref,
        "eligible": decision.eligible,
        "amount_mad": mad(decision.amount_mad),
        "rule": decision.rule,
        "needs_human": decision.needs_human,
        "paid_mad": mad(booking.paid_mad),
    }


class StatusArgs(Args):
    ref: str | None = Field(None, description="Left out: all of the client's refunds.")


@tool("READ", who="client")
def refund_status(turn: Turn, args: StatusArgs) -> dict[str, Any]:
    """The client's refunds, newest first: requested (a person decides), approved (on its way), paid, refused. Empty: none was asked for."""
    mine = select(Refund).join(Booking, Refund.booking_id == Booking.id).where(Booking.client_id == turn.client_id)
    if args.ref:
        clients_booking(turn, args.ref, ())
        mine = mine.where(Booking.ref == canonical(args.ref))
    rows = turn.session.scalars(mine.order_by(Refund.id.desc()).limit(10))
    return {"refunds": [{"ref": r.booking.ref, "amount_mad": mad(r.amount_mad), "status": r.status} for r in rows]}


class RefundArgs(Args):
    ref: str | None = None
    amount_mad: float | None = Field(None, gt=0, le=100000, description="Only when they ask for a part; left out, all that may come back.")
    reason: str | None = Field(None, max_length=500)


@tool("WRITE", who="client")
def propose_refund(turn: Turn, args: RefundArgs) -> dict[str, Any]:
    """Proposes to pay money back. Say the amount and, with needs_human, that a person decides; only confirm_proposal in a later turn asks for it.

    Errors: not_refundable (rule; person_decided: a colleague has settled it, offer to call one), already_refunded, bad_amount (most), which_booking.
    """
    booking = _prepaid(turn, args.ref)
    decision = _decision(turn, booking)
    if _settled_by_a_person(turn):
        raise DomainError("not_refundable", ref=booking.ref, rule="person_decided", needs_human=True)
    amount = checked_amount(decision, _asked(args.amount_mad))
    needs_human = amount + money.refunded(turn.session, booking.id) > turn.rules.refund_without_a_person_up_to_mad
    summary = {"booking": job(booking), "amount_mad": mad(amount), "needs_human": needs_human, "rule": decision.rule}
    return propose(turn, "refund", {"ref": booking.ref, "amount_mad": str(amount), "reason": args.reason}, summary)


@confirms("refund")
def pay(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    """Decided anew: what was paid back in between no longer comes back."""
    booking = clients_booking(turn, proposal.args["ref"], ())
    decision = _decision(turn, booking)
    amount = checked_amount(decision, Decimal(proposal.args["amount_mad"]))
    return {"booking": job(booking), **money.pay_back(turn, booking, amount, rule=decision.rule, reason=proposal.args.get("reason"))}


def _settled_by_a_person(turn: Turn) -> bool:
    """The desk gave the conversation back without any more refunds; who works there may still propose one."""
    note = given_back.told(turn.session, turn.context.conversation_id, turn.now)
    return note is not None and note.choice == "no_refund" and not turn.context.turn_key.startswith(DESK)


def _decision(turn: Turn, booking: Booking) -> Decision:
    paid = Paid(
        status=booking.status,
        start=booking.start,
        paid_mad=booking.paid_mad,
        fee_mad=booking.fee_mad,
        refunded_mad=money.refunded(turn.session, booking.id),
        cancelled_by=booking.cancelled_by,
    )
    return decide(paid, turn.now, turn.rules)


def _prepaid(turn: Turn, ref: str | None) -> Booking:
    """By ref; else the only booking that was paid for and may be talked about, else the usual question which one."""
    if ref:
        return clients_booking(turn, ref, ())
    paid = select(Booking.ref).where(Booking.client_id == turn.client_id, Booking.status.in_(ASKED_FOR), Booking.paid_mad > 0)
    refs = list(turn.session.scalars(paid.order_by(Booking.id)))
    return clients_booking(turn, refs[0] if len(refs) == 1 else None, ASKED_FOR)


def _asked(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount)).quantize(Decimal("0.01"))
