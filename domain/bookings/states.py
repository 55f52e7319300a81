"""The life of a booking: which event may follow which state, and who may cause it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from domain.errors import DomainError

Status = Literal["offered", "confirmed", "en_route", "arrived", "done", "closed", "expired", "cancelled", "disputed"]
Actor = Literal["client", "technician", "support", "system"]

STATUSES: tuple[Status, ...] = ("offered", "confirmed", "en_route", "arrived", "done", "closed", "expired", "cancelled", "disputed")
#: The client still waits for something.
LIVE: frozenset[str] = frozenset({"offered", "confirmed", "en_route", "arrived"})
#: A technician has promised the time.
PROMISED: frozenset[str] = frozenset({"confirmed", "en_route", "arrived"})
#: Money may be talked about, the visit is over.
VISITED: frozenset[str] = frozenset({"done", "closed", "disputed"})

#: event -> {state before: state after}. Technicians may skip states forwards (they write when they can), never backwards.
TRANSITIONS: Mapping[str, Mapping[str, Status]] = {
    "accept": {"offered": "confirmed"},
    "reschedule": {"offered": "offered", "confirmed": "confirmed"},
    "reoffer": {"offered": "offered", "confirmed": "offered", "expired": "offered"},  # the next technician, or another time
    "expire": {"offered": "expired"},
    "cancel": {"offered": "cancelled", "confirmed": "cancelled", "en_route": "cancelled"},  # at the door: a person settles it
    "late": {"confirmed": "confirmed", "en_route": "en_route"},
    "en_route": {"confirmed": "en_route"},
    "position": {"confirmed": "confirmed", "en_route": "en_route"},  # where they are: no news of its own
    "arrived": {"confirmed": "arrived", "en_route": "arrived"},
    "client_absent": {"confirmed": "arrived", "en_route": "arrived", "arrived": "arrived"},
    "done": {"confirmed": "done", "en_route": "done", "arrived": "done"},
    "close": {"done": "closed", "disputed": "closed"},
    "dispute": {"confirmed": "disputed", "en_route": "disputed", "arrived": "disputed", "done": "disputed", "closed": "disputed"},
}

#: event -> who may cause it. Support acts for either side.
ALLOWED: Mapping[str, frozenset[Actor]] = {
    "accept": frozenset({"technician", "client", "support"}),  # the client accepts another time that a technician proposed
    "reschedule": frozenset({"client", "technician", "support"}),
    "reoffer": frozenset({"technician", "client", "system", "support"}),
    "expire": frozenset({"system"}),
    "cancel": frozenset({"client", "support", "technician"}),
    "late": frozenset({"technician", "support"}),
    "en_route": frozenset({"technician", "support"}),
    "position": frozenset({"technician"}),
    "arrived": frozenset({"technician", "support"}),
    "client_absent": frozenset({"technician", "support"}),
    "done": frozenset({"technician", "support"}),
    "close": frozenset({"system", "support"}),
    "dispute": frozenset({"client", "support"}),
}


def transition(status: str, event: str, actor: Actor | None = None) -> Status:
    """The state after `event`. With `actor`, also checks that they may cause it.

    Raises DomainError not_allowed_now (status, event); ValueError for an unknown event or state (a bug of the caller).
    """
    if event not in TRANSITIONS or status not in STATUSES:
        raise ValueError(f"unknown event {event!r} or status {status!r}; see domain/bookings/states.py")
    after = TRANSITIONS[event].get(status)
    if after is None or (actor is not None and actor not in ALLOWED[event]):
        raise DomainError("not_allowed_now", f"{event} is not possible from {status}", status=status, event=event)
    return after


def can(status: str, event: str, actor: Actor | None = None) -> bool:
    """Whether `transition` would succeed."""
    return status in TRANSITIONS[event] and (actor is None or actor in ALLOWED[event])
