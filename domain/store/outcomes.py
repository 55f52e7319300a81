"""What a technician's past visits came to, as the cost model counts it: asked when a price is made by what was learnt."""

from __future__ import annotations

from math import log

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.pricing.cost_model import FEATURES
from domain.pricing.learnt import Known
from domain.store.tables import Booking

OVER = ("done", "closed", "disputed", "cancelled")
PAID_FOR = ("done", "closed", "disputed")


def technician_past(session: Session, technician_id: int) -> Known:
    """Visits that are over, and the mean of log(final / quoted) of those that were done, shrunk as in training. Nothing about any client."""
    found = session.execute(select(Booking.status, Booking.price_mad, Booking.final_mad).where(
        Booking.technician_id == technician_id, Booking.status.in_(OVER)
    )).all()  # fmt: skip
    ratios = [log(final / price) for status, price, final in found if status in PAID_FOR and price and final]
    weight = next(feature.weight for feature in FEATURES.features if feature.name == "technician_ratio")
    return Known(technician_jobs=len(found), technician_ratio=sum(ratios) / (len(ratios) + weight))
