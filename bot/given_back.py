"""Words the question with which the bot takes a conversation up again, as the desk chose when giving it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.clock import to_local
from domain.engagement.reply import Option, Reply, language_script_of
from domain.store.tables import Booking, Conversation
from prompts import replies, wording
from tools.addresses import COMING


def visit_to_come(session: Session, talk: Conversation, ref: Any, now: datetime) -> Booking | None:
    """The client's visit of this ref, else their next one; None where none is to come."""
    mine = select(Booking).where(Booking.client_id == talk.client_id, Booking.status.in_(COMING))
    mine = mine.where(Booking.ref == str(ref)) if ref else mine.where(Booking.start >= now)
    return session.scalars(mine.order_by(Booking.start)).first() if talk.verified else None


def question(choice: str, talk: Conversation, visit: Booking | None, locale: str, now: datetime) -> Reply:
    """`choice`: check_in or ask_address (then with its `visit`)."""
    language, script = language_script_of(locale)
    if visit is not None:
        when = wording.format_when(visit.start_local, locale, to_local(now))
        words = {"ref": visit.ref, "service": wording.service_name(visit.service, locale), "when": when}
        return Reply(
            replies.render("desk.ask_address", locale, **words),
            language, script, "place", key="desk.ask_address", extra={"flow": "address", "ref": visit.ref},
        )  # fmt: skip
    name = talk.client.name if talk.client and talk.verified else None
    entry = "desk.check_in_name" if name else "desk.check_in"
    words = {"name": wording.person_name(name, locale)} if name else {}
    options = tuple(Option(replies.render(f"common.{answer}", locale), answer) for answer in ("yes", "no"))
    return Reply(replies.render(entry, locale, **words), language, script, "confirm", options, key=entry, extra={"flow": "check_in"})
