"""Reads the open cases in the order they should be taken, each with its clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from channels.desk.spans import locale_of_talk
from domain.engagement import queueing
from domain.engagement.queueing import Waiting
from domain.rules import MarketRules
from domain.store.desk_tables import DeskAgent
from domain.store.tables import Booking, Conversation, Escalation, InboxRow, OutboxRow, Refund, Turn

READ_BACK = timedelta(days=2)  # turns that say how a person feels
LONGEST_SNIPPET = 90


@dataclass(frozen=True)
class Item:
    """One line of the queue. `owner`: login of who has it, None: the bot answers meanwhile."""

    case: Waiting
    conversation_id: int
    name: str | None
    channel: str
    locale: str
    snippet: str
    owner: str | None
    owner_name: str | None
    due: datetime | None
    clock: str
    waited: timedelta

    @property
    def upset(self) -> bool:
        return self.case.frustration >= 0.4


def read(session: Session, now: datetime, rules: MarketRules) -> list[Item]:
    """Every open case, the most pressing first."""
    found = session.execute(
        select(Escalation, Conversation).join(Conversation, Escalation.conversation_id == Conversation.id).where(Escalation.status != "closed")
    ).all()
    talks = [talk.id for _, talk in found]
    words, replied, money = _last_words(session, talks), _last_replies(session, talks), _money(session, [case for case, _ in found])
    moods = _moods(session, talks, now)
    names = names_of(session)
    waiting = {}
    for case, talk in found:
        since = _since(case, talk, words.get(talk.id, []), replied.get(talk.id))
        frustration = queueing.frustration(moods.get(talk.id, []))
        one = Waiting(case.id, case.reason, case.priority, case.created_at, since, frustration, money.get(case.id, Decimal(0)))
        waiting[case.id] = (one, talk)
    items = []
    for one in queueing.ordered([w for w, _ in waiting.values()], now, rules):
        talk = waiting[one.id][1]
        person = talk.person
        last = words.get(talk.id, [])
        items.append(
            Item(
                case=one,
                conversation_id=talk.id,
                name=person.name if person else None,
                channel=talk.channel,
                locale=locale_of_talk(talk),
                snippet=next((w.text[:LONGEST_SNIPPET] for w in reversed(last) if w.text), ""),
                owner=talk.desk if talk.owner == "human" else None,
                owner_name=names.get(talk.desk or "", talk.desk) if talk.owner == "human" else None,
                due=queueing.due(one, rules),
                clock=queueing.clock(one, now, rules),
                waited=now - one.since if one.since else timedelta(0),
            )
        )
    return items


def names_of(session: Session) -> dict[str, str]:
    """login -> what clients read, of everybody who ever had an account."""
    return {agent.login: agent.name for agent in session.scalars(select(DeskAgent))}


def owner_of(session: Session, talk: Conversation) -> str:
    """Who answers in it, as colleagues read it."""
    return names_of(session).get(talk.desk or "", talk.desk or "?") if talk.owner == "human" else "bot"


def _since(case: Escalation, talk: Conversation, words: Sequence[InboxRow], replied: datetime | None) -> datetime | None:
    """Since when somebody waits for a person's answer: from the case's opening, later from their first message after our last words."""
    if replied is None or replied < case.created_at:
        return case.created_at
    unanswered = [w.received_at for w in words if w.received_at > replied]
    return min(unanswered) if unanswered else None


def _last_words(session: Session, talks: Sequence[int]) -> dict[int, list[InboxRow]]:
    """The latest messages of each person, oldest first."""
    place = func.row_number().over(partition_by=InboxRow.conversation_id, order_by=InboxRow.id.desc())
    latest = select(InboxRow.id, place.label("place")).where(InboxRow.conversation_id.in_(talks)).subquery()
    rows = session.scalars(select(InboxRow).join(latest, InboxRow.id == latest.c.id).where(latest.c.place <= 8).order_by(InboxRow.id))
    return _by_talk(rows)


def _last_replies(session: Session, talks: Sequence[int]) -> dict[int, datetime]:
    """When a person of ours last wrote in each conversation."""
    rows = session.execute(
        select(OutboxRow.conversation_id, func.max(OutboxRow.created_at))
        .where(OutboxRow.conversation_id.in_(talks), OutboxRow.author != "bot")
        .group_by(OutboxRow.conversation_id)
    )
    return {talk: at for talk, at in rows if at is not None}


def _moods(session: Session, talks: Sequence[int], now: datetime) -> dict[int, list[dict[str, Any] | None]]:
    rows = session.execute(
        select(Turn.conversation_id, Turn.understanding).where(Turn.conversation_id.in_(talks), Turn.created_at > now - READ_BACK).order_by(Turn.id)
    )
    moods: dict[int, list[dict[str, Any] | None]] = defaultdict(list)
    for talk, reading in rows:
        moods[talk].append(reading)
    return moods


def _money(session: Session, cases: Sequence[Escalation]) -> dict[int, Decimal]:
    """What is at stake: the case's booking, and refunds of the person's that wait for a decision."""
    prices = {b.id: max(b.final_mad or Decimal(0), b.price_mad or Decimal(0), b.paid_mad) for b in _bookings(session, cases)}
    sums = session.execute(
        select(Booking.conversation_id, func.sum(Refund.amount_mad).label("mad"))
        .join(Booking, Refund.booking_id == Booking.id)
        .where(Refund.status == "requested", Booking.conversation_id.in_([c.conversation_id for c in cases]))
        .group_by(Booking.conversation_id)
    )
    asked = {row.conversation_id: row.mad for row in sums}
    return {c.id: max(prices.get(c.booking_id or 0, Decimal(0)), Decimal(str(asked.get(c.conversation_id) or 0))) for c in cases}


def _bookings(session: Session, cases: Sequence[Escalation]) -> list[Booking]:
    return list(session.scalars(select(Booking).where(Booking.id.in_([c.booking_id for c in cases if c.booking_id]))))


def _by_talk(rows: Any) -> dict[int, list[InboxRow]]:
    found: dict[int, list[InboxRow]] = defaultdict(list)
    for row in rows:
        found[row.conversation_id].append(row)
    return found
