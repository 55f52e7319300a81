"""Who is asked first where trained models serve: chances of a yes and of a visit done well; without them the present order stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import catalog
from domain.clock import to_local
from domain.learning.probability import Floats
from domain.matching import acceptance, success
from domain.matching.rank import Candidate
from domain.pricing.estimate import baseline
from domain.scheduling.dispatch import asks_left, cascade, deadline, no_response_risk
from domain.store import agenda, outcomes
from domain.store.tables import Technician
from tools import quotes
from tools.context import Market

#: How many of the best are looked at.
WIDE = 8


@dataclass(frozen=True)
class Job:
    """What is offered. `price_mad` None: each one's own price; `asked`: how many were asked before; `last`: who did this client's last good job."""

    service: str
    start: datetime
    now: datetime
    issue: str | None = None
    urgency: str = "normal"
    price_mad: Decimal | None = None
    asked: int = 0
    last: int | None = None


@dataclass(frozen=True)
class Plan:
    """`order`: ids, first to be asked first; `no_response`: chance that none of those who can be asked says yes, None where no model serves."""

    order: tuple[int, ...]
    no_response: float | None = None


def width(market: Market) -> int:
    """How many candidates a plan needs: one where no model reorders them."""
    return WIDE if market.learnt.accept is not None else 1


def plan(session: Session, market: Market, candidates: Sequence[Candidate], job: Job, first: int | None = None) -> Plan:
    """The order in which to ask `candidates` (best of the rule first); `first`: whom the client chose."""
    ranked = tuple(c.technician_id for c in candidates)
    if market.learnt.accept is None or not candidates:
        return Plan(ranked)
    asks = asks_left(job.now, job.start, market.rules, job.urgency, job.asked)
    people = {t.id: t for t in session.scalars(select(Technician).where(Technician.id.in_(ranked)))}
    rows = [people[who] for who in ranked]
    yes = dict(zip(ranked, _yes(session, market, market.learnt.accept, candidates, rows, job), strict=True))
    well = _well(session, market.learnt.success, rows, job) if market.learnt.success is not None else np.ones(len(rows))
    worth = [max(0.0, c.score) * float(p) for c, p in zip(candidates, well, strict=True)]
    order = cascade(ranked, [yes[who] for who in ranked], worth, asks)
    if first is not None:
        order = [first, *(who for who in order if who != first)]
    return Plan(tuple(order), no_response_risk([yes[who] for who in order], asks))


def _yes(
    session: Session, market: Market, model: acceptance.AcceptModel, candidates: Sequence[Candidate], rows: list[Technician], job: Job
) -> Floats:
    """P(yes before the offer's deadline) of each."""
    ids = np.array([t.id for t in rows], np.int64)
    own = [_price(market, t, job, hurried=False) for t in rows]
    day = to_local(job.start).replace(hour=0, minute=0, second=0, microsecond=0)
    visits = agenda.busy_in(session, (day, day + timedelta(days=1)), [t.id for t in rows], now=job.now)
    inputs = acceptance.asked(
        ids,
        km=np.array([c.distance_km for c in candidates]),
        price_mad=np.array([float(job.price_mad or _price(market, t, job, hurried=True)) for t in rows]),
        own_mad=np.array(own, float),
        jobs_that_day=np.array([len(visits.get(t.id, [])) for t in rows], float),
        met=ids == (job.last if job.last is not None else -1),
        sent_at=int(job.now.timestamp()),
        start_at=int(job.start.timestamp()),
        answers=outcomes.offers_answered(session, ids.tolist()),
    )
    minutes = (deadline(job.now, job.start, market.rules, job.urgency) - job.now).total_seconds() / 60
    return model.within(inputs, minutes)


def _well(session: Session, model: success.SuccessModel, rows: list[Technician], job: Job) -> Floats:
    """P(visit done well | yes) of each."""
    usual = float(baseline(job.service))
    inputs = success.asked(
        np.array([t.id for t in rows], np.int64),
        node=catalog.node_for(job.service, job.issue).id,
        service=job.service,
        second_trade=np.array([bool(t.trades) and t.trades[0] != job.service for t in rows]),
        rate_log=np.log(np.array([float(t.rate_mad) or usual for t in rows]) / usual),
        sent_at=int(job.now.timestamp()),
        start_at=int(job.start.timestamp()),
        visits=outcomes.visits_over(session, [t.id for t in rows]),
    )
    return model.of(inputs)


def _price(market: Market, technician: Technician, job: Job, *, hurried: bool) -> Decimal:
    hurry = {"urgency": job.urgency, "start": job.start, "now": job.now} if hurried else {}
    return quotes.price(market, technician, job.service, issue=job.issue, **hurry).likely_mad
