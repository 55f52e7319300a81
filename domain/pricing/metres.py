"""Counts square metres as an estimate counts work: so many usual jobs of their kind."""

from __future__ import annotations

from decimal import Decimal

from domain.catalog import Node, node_for, services
from domain.pricing.estimate import FURTHER_PIECE, MOST_PIECES, ONE


def usual_jobs(service: str, issue: str | None, metres: float) -> int:
    """The pieces (1..50) that cost what `metres` (m2, > 0) of this work cost; 1 where it does not go by the metre.

    Work that no fault of the catalogue fits goes by the metres of its trade's first one that has them. Raises DomainError unknown_service.
    """
    node = node_for(service, issue)
    by_metre = (
        node if node.unit == "m2" or not _is_general(node) else next((n for n in services()[node.service].nodes.values() if n.unit == "m2"), node)
    )
    if by_metre.unit != "m2" or by_metre.unit_mad is None:
        return 1
    worth = Decimal(str(metres)) * by_metre.unit_mad / node.price_mad
    return max(1, min(MOST_PIECES, 1 + round((worth - ONE) / FURTHER_PIECE)))


def _is_general(node: Node) -> bool:
    return node.id.endswith(".general")
