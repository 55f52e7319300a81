"""The learnt ranking bound to today's technicians and what their past came to; read anew every ten minutes, or when the technicians change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from math import log
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain.matching.features import FEATURES
from domain.matching.index import Index
from domain.matching.ranker import MatchModel, Ranking
from domain.store import roster
from domain.store.tables import Booking, Offer, Rating

FRESH = timedelta(minutes=10)
LATELY = timedelta(days=90)  # as the feature of that name; offers are looked back at as long
POPULAR = timedelta(days=30)
_SHRUNK = {feature.name: feature for feature in FEATURES.features if feature.source}
_lock = Lock()
_kept: WeakKeyDictionary[Index, tuple[datetime, str, Ranking]] = WeakKeyDictionary()


def order(session: Session, model: MatchModel | None, now: datetime) -> Ranking | None:
    """What `domain.matching.rank.find` takes as `order`; None without a model: the rule ranks. Who is free is asked each time, never kept."""
    if model is None:
        return None
    index = roster.index(session)
    with _lock:
        kept = _kept.get(index)
        if kept is None or kept[1] != model.version or not timedelta() <= now - kept[0] < FRESH:
            kept = (now, model.version, Ranking(model, index, pasts(session, now)))
            _kept[index] = kept
        return kept[2]


def pasts(session: Session, now: datetime) -> dict[int, dict[str, float]]:
    """Technician -> the features that look back, shrunk as in training. A disputed visit counts as one that did not fix it."""
    found: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for who, (done_, tried_, left) in _tally(session).items():
        found[who] |= {"fixes": _mean("fixes", done_, tried_), "keeps": _mean("keeps", tried_, tried_ + left)}
    for who, (yes, asked, logs, answered) in _offers(session, now).items():
        found[who] |= {"accepts": _mean("accepts", yes, asked), "reply": _mean("reply", logs, answered)}
    stars = select(Booking.technician_id, func.sum(Rating.stars), func.count()).join(Booking, Rating.booking_id == Booking.id)
    recent = stars.where(Booking.technician_id.is_not(None), Rating.created_at >= now - LATELY).group_by(Booking.technician_id)
    for rated, total, count in session.execute(recent):
        assert rated is not None
        found[rated]["lately"] = _mean("lately", total, count)
    taken = select(Booking.technician_id, func.count()).where(Booking.technician_id.is_not(None), Booking.created_at >= now - POPULAR)
    for chosen, count in session.execute(taken.where(Booking.status.not_in(("offered", "expired"))).group_by(Booking.technician_id)):
        assert chosen is not None
        found[chosen]["popular"] = float(count)
    return dict(found)


def visits(session: Session, technicians: Collection[int]) -> dict[int, tuple[int, int]]:
    """Technician -> visits tried, and those of them that went well; who had none is missing."""
    return {who: (tried, done) for who, (done, tried, _) in _tally(session, technicians).items()}


def _tally(session: Session, technicians: Collection[int] | None = None) -> dict[int, list[int]]:
    """Technician -> done, tried, cancelled by them."""
    ended = select(Booking.technician_id, Booking.status, Booking.cancelled_by, func.count()).where(
        Booking.technician_id.is_not(None), Booking.status.in_(("done", "closed", "disputed", "cancelled"))
    )
    if technicians is not None:
        ended = ended.where(Booking.technician_id.in_(sorted(technicians)))
    tally: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for who, status, by, count in session.execute(ended.group_by(Booking.technician_id, Booking.status, Booking.cancelled_by)):
        assert who is not None
        done, tried = status in ("done", "closed"), status != "cancelled"
        tally[who] = [a + b * count for a, b in zip(tally[who], (done, tried, not tried and by == "technician"), strict=True)]
    return dict(tally)


def _offers(session: Session, now: datetime) -> Mapping[int, list[float]]:
    """Technician -> yes, asked, sum of log minutes, answered."""
    query = select(Offer.technician_id, Offer.status, Offer.sent_at, Offer.answered_at).where(
        Offer.sent_at >= now - LATELY, Offer.status.in_(("accepted", "declined", "countered", "expired"))
    )
    tally: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for who, status, sent, answered in session.execute(query):
        minutes = log(max(0.2, (answered - sent).total_seconds() / 60)) if answered is not None else 0.0
        tally[who] = [a + b for a, b in zip(tally[who], (status == "accepted", 1, minutes, answered is not None), strict=True)]
    return tally


def _mean(name: str, total: float, count: float) -> float:
    feature = _SHRUNK[name]
    return (float(total) + feature.prior * feature.weight) / (float(count) + feature.weight)
