"""What a job costs with this technician, or in general: the domain's price, fed from the catalog, the job's own words and the technician's rate.

Nothing about the client goes in: not who asks, how, in which language, from where or in which mood.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session, object_session

from domain import catalog
from domain.catalog.described import how_hard
from domain.learning.predictions import Prediction, known
from domain.pricing import cost_model
from domain.pricing.estimate import Estimate, baseline, uplift
from domain.pricing.learnt import Known, priced
from domain.pricing.quote import Quote, check_guardrails, make_quote
from domain.store import predictions
from domain.store.outcomes import technician_past
from domain.store.tables import Technician
from tools.context import Market
from tools.views import local, mad

log = logging.getLogger(__name__)
RULE = "rule"


@dataclass(frozen=True)
class Offered:
    """An estimate somebody stands by, and what it rested on, by the names of the cost model's inputs."""

    estimate: Estimate
    quote: Quote
    features: Mapping[str, float | None]


def price(market: Market, technician: Technician | None, service: str, **job: Any) -> Estimate:
    """The estimate for a technician's rate, else for the usual rate of the service; `job` as in `offered`. Raises `unknown_service`."""
    return _within(market, _asked(market, technician, service, **job))[0]


def offered(market: Market, technician: Technician | None, service: str, *, at: datetime, **job: Any) -> Offered:
    """As `price`, with the quote that holds from `at`. `job`: issue, quantity, urgency, start, now.

    Raises DomainError unknown_service, bad_amount.
    """
    asked = _asked(market, technician, service, **job)
    estimate, rule = _within(market, asked)
    quote = make_quote(estimate, technician.id if technician is not None else None, at, market.rules, baseline_mad=rule.base_mad)
    _, share = uplift(market.rules, asked["urgency"], asked["start"], asked["now"])
    inputs = cost_model.one(node=asked["node"], hurry=float(share), **vars(asked["known"]))[0]
    # the rule asks nobody's past: what was not looked up is unknown, not 0
    unasked = {each.name for each in cost_model.FEATURES.features if each.source} if market.learnt.cost is None else set()
    features = known(dict(zip(cost_model.FEATURES.names, inputs.tolist(), strict=True)))
    return Offered(estimate, quote, features | dict.fromkeys(unasked))


def told(session: Session, offer: Offered, entity: str, service: str) -> None:
    """Writes down what was said, for the day its visit is over."""
    made = offer.estimate
    version = RULE if made.model_version.startswith(RULE) else made.model_version
    value, low, high = (float(amount) for amount in (made.likely_mad, made.min_mad, made.max_mad))
    extra = {"service": service, "uplift_pct": made.uplift_pct, "technician_id": offer.quote.technician_id}
    predictions.record(session, Prediction("cost", version, entity, offer.quote.made_at, offer.features, value, low, high, extra=extra))


def view(quote: Quote) -> dict[str, Any]:
    """The quote as tools tell it."""
    return {
        "id": quote.id,
        "valid_until": local(quote.valid_until),
        "breakdown": [{"label": line.label, "mad": mad(line.mad)} for line in quote.breakdown],
        "terms": list(quote.terms),
    }


def _within(market: Market, asked: dict[str, Any]) -> tuple[Estimate, Estimate]:
    """(what is told, the rule's): what was learnt is told only inside its bounds."""
    rule = priced(**asked)
    if market.learnt.cost is None:
        return rule, rule
    found = priced(**asked, model=market.learnt.cost)
    if broken := check_guardrails(found, rule.base_mad):
        log.error("%s breaks %s (%s against %s): the rule's price is told", found.model_version, broken[0].kind, broken[0].value, broken[0].limit)
        return rule, rule
    return found, rule


def _asked(
    market: Market,
    technician: Technician | None,
    service: str,
    *,
    issue: str | None = None,
    quantity: int = 1,
    urgency: str = "normal",
    start: datetime | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """What `priced` is asked, but for the model."""
    usual = baseline(service)
    rate = technician.rate_mad if technician is not None and technician.rate_mad > 0 else usual
    if technician is not None and technician.trades and technician.trades[0] != service:
        # a rate is said for the main trade; another trade of theirs costs what it usually costs
        rate = max(rate * Decimal("0.8"), min(rate * Decimal("1.3"), usual))
    node = catalog.node_for(service, issue or None)
    session = object_session(technician) if market.learnt.cost is not None and technician is not None else None
    past = vars(technician_past(session, technician.id)) if session is not None and technician is not None else {}
    return {
        "rate_mad": rate,
        "rules": market.rules,
        "node": node.id,
        "price_factor": node.price_factor if issue else 1,
        "known": Known(**{**past, "described": how_hard(issue)}),
        "quantity": quantity,
        "urgency": urgency,
        "start": start,
        "now": now,
    }
