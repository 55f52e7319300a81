"""Reads the messages that failed for good as somebody at the desk sees them: whose, what, and why in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from domain.engagement import failures
from domain.store import dead_letters
from domain.store.dead_letters import DeadLetter
from domain.store.tables import Conversation, OutboxRow

SHOWN = 100


@dataclass(frozen=True)
class Letter:
    """`name` and `text` are None for who reads no conversation; `text` also where nobody may read it (a code). `why`: one of failures.CODES."""

    row: DeadLetter
    why: str
    outdated: bool
    name: str | None
    text: str | None

    @property
    def settled(self) -> bool:
        """It reached the person another way, or was sent again."""
        return self.row.moved_to is not None or self.row.resent_as is not None


def read(session: Session, now: datetime, *, personal: bool) -> list[Letter]:
    """Those that wait for somebody first, the newest first. `personal`: with whose they are and what they say."""
    open_ones = dead_letters.dead(session, SHOWN, open_only=True)
    settled = [one for one in dead_letters.dead(session, SHOWN) if one.moved_to is not None or one.resent_as is not None]
    return [_letter(session, one, now, personal) for one in (*open_ones, *settled)][:SHOWN]


def _letter(session: Session, one: DeadLetter, now: datetime, personal: bool) -> Letter:
    row, talk = session.get_one(OutboxRow, one.row_id), session.get_one(Conversation, one.conversation_id)
    person = talk.person
    name = (person.name or person.phone) if person else None
    told = personal and one.category != "code"
    outdated = dead_letters.outdated(session, row, now)
    return Letter(one, failures.reason(one.error), outdated, (name or one.to) if personal else None, one.text if told else None)
