"""Keeps what a client says for a visit after it was booked, and tells the technician whose job it is."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from domain.errors import DomainError
from domain.store.tables import BookingEvent
from tools import notify
from tools.spec import Args, tool
from tools.turn import Turn
from tools.whose import LIVE, clients_booking

LONGEST = 300  # characters of an address with its directions


class NoteArgs(Args):
    note: str = Field(min_length=2, max_length=200, description="Their own words: floor, door, code, landmark, what to bring.")
    ref: str | None = Field(None, description="The booking; left out, the client's only live one.")


@tool("WRITE", who="client")
def note_for_visit(turn: Turn, args: NoteArgs) -> dict[str, Any]:
    """Adds directions or a word for the technician to a live booking. The technician is told at once, or with the address once the job is theirs.

    Never for another time, place or service: those are proposed. Errors: no_booking, which_booking, not_allowed_now.
    """
    booking = clients_booking(turn, args.ref, LIVE)
    if booking.status not in LIVE:
        raise DomainError("not_allowed_now", status=booking.status, ref=booking.ref)
    note = " ".join(args.note.split())
    kept = booking.address or ""
    if note not in kept:
        booking.address = f"{kept}; {note}"[:LONGEST] if kept else note
        turn.session.add(BookingEvent(booking_id=booking.id, event="noted", actor="client", at=turn.now, data={}))
        turn.session.flush()
    entrusted = booking.technician is not None and booking.status != "offered"
    if entrusted and booking.technician is not None:
        unique = f"noted:{booking.id}:{turn.context.turn_key}"
        notify.to_technician(turn.session, booking.technician, booking, "job_note", now=turn.now, unique=unique, words={"note": note})
    return {"ref": booking.ref, "told": entrusted}
