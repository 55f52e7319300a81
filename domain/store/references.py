"""Gives each booking its reference, BR-1042: counted once, whoever books at the same moment."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.store.sql import insert_new
from domain.store.tables import Booking, Sequence

NAME, FIRST = "booking_ref", 3000


def next_ref(session: Session) -> str:
    """The next free reference; those that a world or a scenario gave by hand are passed over."""
    insert_new(session, Sequence, ["name"], name=NAME, value=FIRST)
    row = session.scalars(select(Sequence).where(Sequence.name == NAME).with_for_update()).one()
    while True:
        row.value += 1
        ref = f"BR-{row.value}"
        if session.scalars(select(Booking.id).where(Booking.ref == ref)).first() is None:
            session.flush()
            return ref
