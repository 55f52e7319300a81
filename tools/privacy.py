"""Forgets a client who asks for it: proposed, confirmed in a later turn, then everything that names them is blanked and the ledger kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from domain.bookings.cancellation import cancellation
from domain.bookings.states import LIVE, can
from domain.errors import DomainError
from domain.store.erasure import erase_client
from domain.store.tables import Booking, Proposal
from tools import money
from tools.changes import cancel_booking
from tools.proposals import confirms, propose
from tools.spec import NoArgs, tool
from tools.turn import Turn


@tool("WRITE", who="client")
def request_data_deletion(turn: Turn, args: NoArgs) -> dict[str, Any]:
    """Proposes to erase everything we know about the person. Say what it means and wait: only confirm_proposal in a later turn erases.

    Bookings still ahead (summary.cancelled) are cancelled with it, as if the client cancelled them. What was paid stays in the books, without a name.
    """
    live = _live(turn)
    for booking in live:
        if not can(booking.status, "cancel", "client"):
            raise DomainError("not_allowed_now", status=booking.status, ref=booking.ref)
    outcomes = [_outcome(turn, b) for b in live]
    summary = {
        "cancelled": [b.ref for b in live],
        "fee_mad": money.number(sum((o.fee_mad for o in outcomes), start=money.ZERO)),
        "refund_mad": money.number(sum((o.refund_mad for o in outcomes), start=money.ZERO)),
    }
    return propose(turn, "erasure", {"refs": [b.ref for b in live]}, summary)


@confirms("erasure")
def erase(turn: Turn, proposal: Proposal) -> dict[str, Any]:
    live = _live(turn)
    if [b.ref for b in live] != proposal.args["refs"]:
        raise DomainError("proposal_gone", status="superseded", kind="erasure")
    for booking in live:
        cancel_booking(turn, booking, None, _outcome(turn, booking))
    turn.session.flush()
    erase_client(turn.session, turn.client_id, keep_conversation=turn.context.conversation_id)
    return {"erased": True}


def _live(turn: Turn) -> list[Booking]:
    mine = select(Booking).where(Booking.client_id == turn.client_id, Booking.status.in_(sorted(LIVE))).order_by(Booking.id)
    return list(turn.session.scalars(mine.with_for_update(of=Booking)))


def _outcome(turn: Turn, booking: Booking) -> Any:
    return cancellation(
        status=booking.status,
        start=booking.start,
        now=turn.now,
        rules=turn.rules,
        paid_mad=booking.paid_mad,
        refunded_mad=money.refunded(turn.session, booking.id),
    )
