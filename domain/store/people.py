"""Finds the people of the marketplace by what identifies them: a phone a channel proved, or a technician's name."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.store.sql import insert_new
from domain.store.tables import Client, Technician

_E164 = re.compile(r"\+[1-9]\d{6,14}")


def is_phone(text: str) -> bool:
    """Whether a text is an E.164 phone number, which is what a verifying channel gives as sender."""
    return _E164.fullmatch(text) is not None


def client_by_phone(session: Session, phone: str) -> Client | None:
    return session.scalar(select(Client).where(Client.phone == phone))


def technician_by_phone(session: Session, phone: str, *, applied: bool = False) -> Technician | None:
    """The vetted technician of a phone; with `applied`, also one who only asked to join."""
    query = select(Technician).where(Technician.phone == phone)
    return session.scalar(query if applied else query.where(Technician.applied.is_(False)))


def get_or_create_client(session: Session, phone: str, now: datetime) -> Client:
    """The client of a verified phone; made on the first message. Two deliveries at once make one client."""
    if found := client_by_phone(session, phone):
        return found
    session.flush()
    insert_new(session, Client, ["phone"], phone=phone, created_at=now)
    return session.scalars(select(Client).where(Client.phone == phone)).one()


def technicians_named(session: Session, name: str, city: str | None = None) -> list[Technician]:
    """Vetted technicians whose whole name, else whose first name, is `name` (case apart); those who came first stand first."""
    wanted = " ".join(name.casefold().split())
    if not wanted:
        return []
    lowered = func.lower(Technician.name)
    for condition in (lowered == wanted, lowered.startswith(wanted + " ", autoescape=True)):
        query = select(Technician).where(condition, Technician.applied.is_(False)).order_by(Technician.id)
        if found := list(session.scalars(query if city is None else query.where(Technician.city == city))):
            return found
    return []
