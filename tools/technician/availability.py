"""When a technician takes jobs, as they say it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from domain.errors import DomainError
from tools import candidates
from tools.spec import Args, tool
from tools.turn import Turn
from tools.views import local


class AvailabilityArgs(Args):
    available: bool
    start: str | None = Field(None, description='From when, "YYYY-MM-DDTHH:MM"; left out, now.')
    end: str | None = Field(None, description="With available false: until when; left out, until they say they are back.")


@tool("WRITE", who="technician")
def set_availability(turn: Turn, args: AvailabilityArgs) -> dict[str, Any]:
    """Turns offers off (until `end`, or until they are back) or on again. Jobs already accepted stay: those are given back one by one."""
    technician = turn.technician()
    if args.available:
        # "free from Monday": away until then
        begin = candidates.read_start(args.start) if args.start else None
        technician.available = begin is None or begin <= turn.now
        technician.unavailable_until = begin if begin is not None and begin > turn.now else None
    else:
        end = candidates.read_start(args.end) if args.end else None
        if end is not None and end <= turn.now:
            raise DomainError("in_the_past", start=args.end)
        technician.available, technician.unavailable_until = False, end
    turn.session.flush()
    until = technician.unavailable_until
    return {"available": technician.available, "until": local(until) if until else None}
