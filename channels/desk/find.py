"""Finds conversations that are in no queue: by a booking's number, a phone, or a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from channels.desk.spans import locale_of_talk
from domain.store.tables import Booking, Client, Conversation, Technician

REF = re.compile(r"br[\s-]*(\d{1,8})", re.IGNORECASE)
DIGITS_OF_A_PHONE, LETTERS_OF_A_NAME, SHOWN = 6, 3, 20
Kind = Literal["ref", "phone", "name", "nothing"]


@dataclass(frozen=True)
class Found:
    conversation_id: int
    name: str | None
    role: str
    channel: str
    locale: str
    last_at: datetime | None


def find(session: Session, words: str) -> tuple[Kind, list[Found]]:
    """What the words were taken for, and the conversations of those people, the latest first; nobody who was erased, no unproven phone."""
    kind, persons = _meant(" ".join(words.split()))
    if persons is None:
        return kind, []
    there = (
        select(Conversation).outerjoin(Client, Conversation.client_id == Client.id).outerjoin(Technician, Conversation.technician_id == Technician.id)
    )
    theirs = there.where(persons, Conversation.verified.is_(True), or_(Client.id.is_(None), Client.erased.is_(False)))
    rows = session.scalars(theirs.order_by(Conversation.last_inbound_at.desc().nulls_last(), Conversation.id.desc()).limit(SHOWN))
    return kind, [_found(row) for row in rows]


def _meant(words: str) -> tuple[Kind, ColumnElement[bool] | None]:
    if ref := REF.fullmatch(words):
        booked = select(Booking.client_id).where(Booking.ref == f"BR-{ref[1]}")
        sent = select(Booking.technician_id).where(Booking.ref == f"BR-{ref[1]}")
        return "ref", or_(Conversation.client_id.in_(booked), Conversation.technician_id.in_(sent))
    digits = re.sub(r"[\s.+()-]", "", words)
    if digits.isascii() and digits.isdigit() and len(digits) >= DIGITS_OF_A_PHONE:
        end = re.sub(r"^(00)?(212)?0?", "", digits)
        return "phone", or_(Client.phone.endswith(end, autoescape=True), Technician.phone.endswith(end, autoescape=True))
    if sum(c.isalpha() for c in words) >= LETTERS_OF_A_NAME:
        part = words.lower()
        named = (func.lower(table.name).contains(part, autoescape=True) for table in (Client, Technician))
        return "name", or_(*named)
    return "nothing", None


def _found(row: Conversation) -> Found:
    person = row.person
    return Found(row.id, (person.name or person.phone) if person else None, row.role, row.channel, locale_of_talk(row), row.last_inbound_at)
