"""Asks a client how it went after a person closed their case, and hears the answer before any brain does."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import takeover
from domain.engagement.reply import Option, Reply, language_script_of, locale_of
from domain.store.conversations import speech
from domain.store.desk_tables import DeskCase
from domain.store.tables import Conversation, InboxRow, OutboxRow
from prompts import replies

if TYPE_CHECKING:
    from bot.wiring import House

ASKED_FOR = timedelta(hours=24)  # a number said later means something else
LOW = 2  # stars
PAYLOAD = "csat:"


def ask(session: Session, house: House, talk: Conversation, case: DeskCase, agent: str) -> None:
    """Queues the question in the client's own language; the conversation is the bot's again."""
    locale = locale_of(*speech(talk))
    options = () if talk.channel == "sms" else tuple(Option(f"{n} ★", f"{PAYLOAD}{n}") for n in range(5, 0, -1))
    language, script = language_script_of(locale)
    words = replies.render("desk.how_was_it", locale, agent=agent)
    case.asked_row = takeover.put(
        session, house, talk, "bot", Reply(words, language, script, options=options, key="desk.how_was_it"), f"csat:{case.escalation_id}"
    )


def may_answer(rows: list[InboxRow]) -> bool:
    """Whether these messages could be stars at all, without asking the store."""
    return len(rows) == 1 and _stars(rows[0]) is not None


def hear(session: Session, talk: Conversation, rows: list[InboxRow], now: datetime) -> Reply | None:
    """Thanks for the stars, when these messages are the answer to that very question; None when they are not.

    Heard again in a turn that is played again, the same answer gets the same thanks.
    """
    stars = _stars(rows[0]) if may_answer(rows) else None
    if stars is None:
        return None
    case = session.scalars(
        select(DeskCase).where(DeskCase.conversation_id == talk.id, DeskCase.asked_row.is_not(None)).order_by(DeskCase.escalation_id.desc())
    ).first()
    if case is None or case.closed_at is None or now - case.closed_at > ASKED_FOR:
        return None
    if case.stars is not None and case.answered_at != now:
        return None
    newest = session.scalar(select(func.max(OutboxRow.id)).where(OutboxRow.conversation_id == talk.id))
    tapped = str(rows[0].payload.get("payload", "")).startswith(PAYLOAD)
    if not tapped and newest != case.asked_row:
        return None
    case.stars, case.answered_at = stars, now
    locale = locale_of(*speech(talk))
    language, script = language_script_of(locale)
    key = "desk.sorry_for_stars" if stars <= LOW else "desk.thanks_for_stars"
    return Reply(replies.render(key, locale), language, script, key=key)


def _stars(row: InboxRow) -> int | None:
    """1..5 from a tap, or from a single digit in any script."""
    said = str(row.payload.get("payload") or row.text).removeprefix(PAYLOAD).replace("★", "").strip()
    number = unicodedata.digit(said, None) if len(said) == 1 else None
    return number if number is not None and 1 <= number <= 5 else None
