"""Prices a job with the learnt ranges where a model may serve, else by the rule: one estimate, whoever made it, inside the same bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.pricing import cost_model
from domain.pricing.cost_model import CostModel
from domain.pricing.estimate import FURTHER_PIECE, HIGHEST, LOWEST, ONE, USUAL_FACTOR, Estimate, estimate, rounded_between, uplift
from domain.rules import MarketRules


@dataclass(frozen=True)
class Known:
    """What a quote may rest on beside the job: the job's own description and the technician's own past. Nothing about the client has a place here.

    `described`: how hard the words make it, sd units; `technician_ratio`: mean log(final / quoted) of their past visits, shrunk.
    """

    described: float | None = None
    technician_jobs: int = 0
    technician_ratio: float = 0.0
    node_ratio: float = 0.0
    service_ratio: float = 0.0


def priced(
    rate_mad: Decimal,
    rules: MarketRules,
    *,
    node: str,
    price_factor: Decimal | float = 1,
    known: Known | None = None,
    model: CostModel | None = None,
    quantity: int = 1,
    urgency: str = "normal",
    start: datetime | None = None,
    now: datetime | None = None,
) -> Estimate:
    """The estimate of a job in the catalogue: ranges learnt, amounts by the rule's own lines, so they add up and the uplift is the rule's.

    The likely price stays within -20 %..+30 % of the rule's, whatever was learnt. Raises DomainError as `estimate`, KeyError for an unknown node.
    """
    harder = Decimal(str(price_factor))
    hurry: Any = {"quantity": quantity, "urgency": urgency, "start": start, "now": now}
    low, likely, high = (harder * usual for usual in USUAL_FACTOR)
    rule = estimate(rate_mad, rules, factor=(low, likely, high), **hurry)
    if model is None:
        return rule
    _, share = uplift(rules, urgency, start, now)
    inputs = cost_model.one(node=node, hurry=min(float(HIGHEST), float(share)), **vars(known or Known()))
    low, likely, high = (Decimal(str(round(float(ratio), 4))) for ratio in model.ratios(inputs)[0])
    wanted = rounded_between(rule.base_mad * likely, rule.base_mad * (ONE + LOWEST), rule.base_mad * (ONE + HIGHEST))
    small_job = rate_mad * (ONE + FURTHER_PIECE * (quantity - 1))
    found = estimate(rate_mad, rules, factor=(harder * low, wanted / small_job, harder * high), **hurry)
    return replace(found, model_version=model.version)
