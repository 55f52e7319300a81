"""What a job costs with this technician, or in general: the domain's price, fed from the catalog and the technician's rate, never from the client."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import object_session

from domain import catalog
from domain.pricing.estimate import Estimate, baseline
from domain.pricing.learnt import priced
from domain.store.outcomes import technician_past
from domain.store.tables import Technician
from tools.context import Market


def price(
    market: Market,
    technician: Technician | None,
    service: str,
    *,
    issue: str | None = None,
    quantity: int = 1,
    urgency: str = "normal",
    start: datetime | None = None,
    now: datetime | None = None,
) -> Estimate:
    """The estimate for a technician's rate, else for the usual rate of the service. Raises `unknown_service`."""
    usual = baseline(service)
    rate = technician.rate_mad if technician is not None and technician.rate_mad > 0 else usual
    if technician is not None and technician.trades and technician.trades[0] != service:
        # a rate is said for the main trade; another trade of theirs costs what it usually costs
        rate = max(rate * Decimal("0.8"), min(rate * Decimal("1.3"), usual))
    node = catalog.node_for(service, issue or None)
    harder = node.price_factor if issue else 1
    session = object_session(technician) if market.learnt.cost is not None and technician is not None else None
    return priced(
        rate,
        market.rules,
        node=node.id,
        price_factor=harder,
        known=technician_past(session, technician.id) if session is not None and technician is not None else None,
        model=market.learnt.cost,
        quantity=quantity,
        urgency=urgency,
        start=start,
        now=now,
    )
