"""What technicians' past offers and visits came to, as the trained models count them: asked where one of them serves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import log

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.matching.acceptance import Answers
from domain.matching.success import Visits
from domain.pricing.cost_model import FEATURES
from domain.pricing.learnt import Known
from domain.store.tables import Booking, Offer, Technician

OVER = ("done", "closed", "disputed", "cancelled")
PAID_FOR = ("done", "closed", "disputed")
ANSWERED = ("accepted", "declined", "countered")
MANY = 50  # reviews: more say nothing that these do not


def technician_past(session: Session, technician_id: int) -> Known:
    """Visits that are over, and the mean of log(final / quoted) of those that were done, shrunk as in training. Nothing about any client."""
    found = session.execute(select(Booking.status, Booking.price_mad, Booking.final_mad).where(
        Booking.technician_id == technician_id, Booking.status.in_(OVER)
    )).all()  # fmt: skip
    ratios = [log(final / price) for status, price, final in found if status in PAID_FOR and price and final]
    weight = next(feature.weight for feature in FEATURES.features if feature.name == "technician_ratio")
    return Known(technician_jobs=len(found), technician_ratio=sum(ratios) / (len(ratios) + weight))


def offers_answered(session: Session, technicians: Sequence[int]) -> Answers:
    """What these technicians answered, and how soon. A job given back later counts as a no; what was withdrawn says nothing."""
    columns = (Offer.technician_id, Offer.status, Offer.sent_at, Offer.answered_at, Offer.deadline)
    found = session.execute(select(*columns).where(Offer.technician_id.in_(technicians), Offer.status.in_((*ANSWERED, "expired")))).all()
    said = [status in ANSWERED for _, status, *_ in found]
    known = [min(at, deadline) if at is not None else deadline for *_, at, deadline in found]
    minutes = [max(0.1, (at - sent).total_seconds() / 60) for (_, _, sent, *_), at in zip(found, known, strict=True)]
    return Answers(
        np.array([row[0] for row in found], np.int64),
        np.array([int(at.timestamp()) for at in known], np.int64),
        np.array([status == "accepted" for _, status, *_ in found], float),
        np.array(said, float),
        np.array(minutes, float),
    )


def visits_over(session: Session, technicians: Sequence[int]) -> Visits:
    """What these technicians' visits ended in: a disputed one counts as not done. Their stars count as so many reviews, at most MANY."""
    columns = (Booking.technician_id, Booking.status, Booking.cancelled_by, Booking.start, Booking.minutes)
    found = session.execute(select(*columns).where(Booking.technician_id.in_(technicians), Booking.status.in_(OVER))).all()
    stars = session.execute(select(Technician.id, Technician.rating, Technician.jobs).where(Technician.id.in_(technicians))).all()
    count = np.array([min(MANY, jobs) for _, _, jobs in stars], np.int64)
    return Visits(
        np.array([row[0] for row in found], np.int64),
        np.array([int((start + timedelta(minutes=minutes)).timestamp()) for *_, start, minutes in found], np.int64),
        np.array([_ended(status, by) for _, status, by, *_ in found], object),
        np.repeat(np.array([who for who, *_ in stars], np.int64), count),
        np.zeros(int(count.sum()), np.int64),
        np.repeat(np.array([rating for _, rating, _ in stars], float), count),
    )


def _ended(status: str, cancelled_by: str | None) -> str:
    if status == "cancelled":
        return "cancelled_by_technician" if cancelled_by == "technician" else "cancelled_by_client"
    return "not_fixed" if status == "disputed" else "done"
