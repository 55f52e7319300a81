"""Moves and cancels a client's booking: proposed first, done at the client's yes, with the money said in the same breath."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pydantic import Field

from domain.bookings.cancellation import CancelOutcome, cancellation
from domain.bookings.states import LIVE, transition
from domain.errors import DomainError
from domain.store.tables import Booking, BookingEvent, Proposal
from tools import candidates, dispatch, money, notify
from tools.proposals import confirms, propose
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import job, local
from tools.whose import clients_booking


class RescheduleArgs(Args):
    ref: str | None = Field(None, description="The booking; left out, the client's only live one.")
    start: str = Field(description='The new start, "YYYY-MM-DDTHH:MM" on a Moroccan clock.')


@tool("WRITE", who="client")
def propose_reschedule(turn: Turn, args: RescheduleArgs) -> dict[str, Any]:
    """Proposes another time for a booking with the same technician. Say the summary and wait: only confirm_proposal in a later turn moves it.

    Errors: slot_taken / outside_hours (alternatives), in_the_past, too_far_ahead, not_allowed_now, which_booking.
    """
    booking = clients_booking(turn, args.ref, ("offered", "confirmed"))
    start = candidates.read_start(args.start)
    _check_move(turn, booking, start)
    summary = {
        "booking": job(booking),
        "start": local(start),
        "technician": booking.technician.name if booking.technician else None,
        "fee_mad": 0,
    }
    proposed = propose(turn, "reschedule", {"ref": booking.ref, "start": local(start), "from": booking.start_local}, summary)
    if booking.technician_id is None:
        return proposed
    return candidates.hold(turn, proposed, booking.technician_id, start, booking.minutes, exclude=booking.id)


@confirms("reschedule")
def move(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    """A promised visit stays promised when the technician's calendar has room (they get an SMS); one still on offer is offered anew."""
    booking = clients_booking(turn, proposal.args["ref"], ())
    start = candidates.read_start(proposal.args["start"])
    if booking.start_local != proposal.args["from"]:
        raise DomainError("proposal_gone", status="superseded", kind="reschedule")
    _check_move(turn, booking, start)
    old = booking.start_local
    booking.status = transition(booking.status, "reschedule", "client")
    if booking.status == "offered":
        dispatch.withdraw(turn.session, booking, turn.now)
    booking.start, booking.start_local, booking.reminded_at = start, local(start), None
    turn.session.add(BookingEvent(booking_id=booking.id, event="moved", actor="client", at=turn.now, data={"from": old, "to": booking.start_local}))
    turn.session.flush()
    if booking.status == "offered":
        offer = dispatch.start(turn.session, turn.market, booking, turn.now)
        return {"booking": job(booking), "offer": dispatch.offer_view(offer, turn.now)}
    assert booking.technician is not None
    unique = f"moved:{booking.id}:{proposal.id}"
    words = dispatch.entrusted_words(booking)
    notify.to_technician(turn.session, booking.technician, booking, "job_moved", now=turn.now, unique=unique, words=words)
    return {"booking": job(booking)}


class CancelArgs(Args):
    ref: str | None = Field(None, description="The booking; left out, the client's only live one.")
    reason: str | None = Field(None, description="Only if they said why.")


@tool("WRITE", who="client")
def propose_cancellation(turn: Turn, args: CancelArgs) -> dict[str, Any]:
    """Proposes to cancel a booking, with the fee and what comes back of a prepayment. Only confirm_proposal in a later turn cancels.

    Never call it when the person only wants another time: that is propose_reschedule.
    """
    booking = clients_booking(turn, args.ref, sorted(LIVE))
    outcome = _outcome(turn, booking)
    summary = {
        "booking": job(booking),
        "fee_mad": money.number(outcome.fee_mad),
        "refund_mad": money.number(outcome.refund_mad),
        "needs_human": outcome.refund_mad > turn.rules.refund_without_a_person_up_to_mad,
    }
    return propose(turn, "cancellation", {"ref": booking.ref, "reason": args.reason, "fee_mad": str(outcome.fee_mad)}, summary)


@confirms("cancellation")
def cancel(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    """Cancels, and pays back what the proposal said. A fee that has grown since (the visit came near) must be proposed again."""
    booking = clients_booking(turn, proposal.args["ref"], ())
    outcome = _outcome(turn, booking)
    if outcome.fee_mad > Decimal(proposal.args["fee_mad"]):
        raise DomainError("proposal_gone", status="expired", kind="cancellation", fee_mad=outcome.fee_mad)
    return cancel_booking(turn, booking, proposal.args.get("reason"), outcome)


def cancel_booking(turn: Turn, booking: Booking, reason: str | None, outcome: CancelOutcome) -> dict[str, Any]:
    """The cancellation itself: state, fee, technician told, refund written."""
    was = booking.status
    booking.status = transition(was, "cancel", "client")
    booking.cancelled_by, booking.fee_mad = "client", outcome.fee_mad
    data = {"reason": reason} if reason else {}
    turn.session.add(BookingEvent(booking_id=booking.id, event="cancelled", actor="client", at=turn.now, data=data))
    turn.session.flush()
    if was == "offered":
        dispatch.withdraw(turn.session, booking, turn.now)
    elif booking.technician is not None:
        notify.to_technician(turn.session, booking.technician, booking, "job_cancelled", now=turn.now, unique=f"cancelled:{booking.id}")
    result: dict[str, Any] = {"booking": job(booking)}
    if outcome.refund_mad > 0:
        rule = "late_cancellation" if outcome.late else "cancelled_in_time"
        result |= money.pay_back(turn, booking, outcome.refund_mad, rule=rule, reason=reason)
    return result


def _outcome(turn: Turn, booking: Booking) -> CancelOutcome:
    return cancellation(
        status=booking.status,
        start=booking.start,
        now=turn.now,
        rules=turn.rules,
        paid_mad=booking.paid_mad,
        refunded_mad=money.refunded(turn.session, booking.id),
    )


def _check_move(turn: Turn, booking: Booking, start: Any) -> None:
    transition(booking.status, "reschedule", "client")
    candidates.check_moment(turn.market, start, turn.now)
    if start == booking.start:
        raise DomainError("not_allowed_now", status=booking.status, start=booking.start_local)
    candidates.check_free(turn.session, turn.market, booking, start, turn.now)
