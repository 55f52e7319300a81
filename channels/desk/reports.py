"""Counts what the desk and the bot did over the last days; every figure is a count of rows, none is estimated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from channels.desk.spans import locale_of_talk
from domain.clock import to_local
from domain.engagement.queueing import answer_within
from domain.rules import MarketRules
from domain.store.desk_tables import DeskCase, RegressionRequest
from domain.store.tables import Conversation, Escalation, Turn

DAYS = 14


@dataclass(frozen=True)
class Group:
    """One line of a table: conversations that were active, cases among them, and how fast a person answered."""

    name: str
    conversations: int
    cases: int
    contained: float | None  # 0..1
    first_response: timedelta | None  # median


@dataclass(frozen=True)
class Report:
    """Shares are 0..1, None where there is nothing to count."""

    days: int
    conversations: int
    cases: int
    contained: float | None
    first_response: timedelta | None
    resolution: timedelta | None
    within: float | None
    stars: float | None
    answers: int
    per_day: list[tuple[date, int]]
    reasons: list[tuple[str, int]]
    outcomes: list[tuple[str, int]]
    languages: list[Group]
    regressions: list[RegressionRequest]


def read(session: Session, now: datetime, rules: MarketRules, days: int = DAYS) -> Report:
    since = now - timedelta(days=days)
    talks = list(session.scalars(select(Conversation).where(Conversation.role == "client", Conversation.id.in_(_active(since)))))
    found = session.execute(
        select(Escalation, DeskCase, Conversation)
        .outerjoin(DeskCase, DeskCase.escalation_id == Escalation.id)
        .join(Conversation, Escalation.conversation_id == Conversation.id)
        .where(Escalation.created_at >= since)
    ).all()
    cases = [(case, work, talk) for case, work, talk in found]
    first = [(case, work.first_reply_at - case.created_at) for case, work, _ in cases if work and work.first_reply_at]
    whole = [work.closed_at - case.created_at for case, work, _ in cases if work and work.closed_at]
    stars = [work.stars for _, work, _ in cases if work and work.stars]
    return Report(
        days=days,
        conversations=len(talks),
        cases=len(cases),
        contained=_contained(talks, {talk.id for _, _, talk in cases}),
        first_response=_middle(length for _, length in first),
        resolution=_middle(whole),
        within=sum(length <= answer_within(case.priority, rules) for case, length in first) / len(first) if first else None,
        stars=sum(stars) / len(stars) if stars else None,
        answers=len(stars),
        per_day=_per_day([case.created_at for case, _, _ in cases], now, days),
        reasons=Counter(case.reason for case, _, _ in cases).most_common(),
        outcomes=Counter(work.outcome for _, work, _ in cases if work and work.outcome).most_common(),
        languages=_languages(talks, cases),
        regressions=list(session.scalars(select(RegressionRequest).order_by(RegressionRequest.id.desc()).limit(20))),
    )


def _active(since: datetime) -> Select[int]:
    return select(Turn.conversation_id).where(Turn.created_at >= since)


def _contained(talks: Sequence[Conversation], escalated: set[int]) -> float | None:
    return sum(t.id not in escalated for t in talks) / len(talks) if talks else None


def _middle(lengths: Iterable[timedelta]) -> timedelta | None:
    seconds = [length.total_seconds() for length in lengths]
    return timedelta(seconds=median(seconds)) if seconds else None


def _per_day(moments: Sequence[datetime], now: datetime, days: int) -> list[tuple[date, int]]:
    today = to_local(now).date()
    count = Counter(to_local(m).date() for m in moments)
    return [(day, count[day]) for day in (today - timedelta(days=n) for n in range(days - 1, -1, -1))]


def _languages(talks: Sequence[Conversation], cases: Sequence[tuple[Escalation, DeskCase | None, Conversation]]) -> list[Group]:
    groups = []
    for locale, many in Counter(locale_of_talk(t) for t in talks).most_common():
        mine = [(case, work) for case, work, talk in cases if locale_of_talk(talk) == locale]
        contained = _contained([t for t in talks if locale_of_talk(t) == locale], {case.conversation_id for case, _ in mine})
        first = _middle(work.first_reply_at - case.created_at for case, work in mine if work and work.first_reply_at)
        groups.append(Group(locale, many, len(mine), contained, first))
    return groups
