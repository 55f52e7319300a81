"""How near two jobs or trades are: which other skill can stand in, and what is often needed next."""

from __future__ import annotations

from collections.abc import Mapping

from domain.catalog.taxonomy import get_node, services

#: One step away in the tree keeps this much: the same job 1, a sister job of the trade 0.8, a neighbouring trade's 0.3. Our guess until jobs tell.
_SISTER, _NEIGHBOUR = 0.8, 0.3


def related_services(service: str) -> tuple[str, ...]:
    """Services often needed together with this one, the likeliest first; empty for a service we do not know."""
    known = services().get(service)
    return known.related if known else ()


def nearness(node_id: str, other_id: str) -> float:
    """0..1: how much having done one job says about being able to do the other."""
    one, other = get_node(node_id), get_node(other_id)
    if one.id == other.id:
        return 1.0
    if one.service == other.service:
        return _SISTER + 0.2 * _shared_words(one.words, other.words)
    if other.service in services()[one.service].related or one.service in services()[other.service].related:
        return _NEIGHBOUR + 0.3 * _shared_words(one.words, other.words)
    return 0.0


def adjacent(node_id: str, k: int = 3) -> list[tuple[str, float]]:
    """The k jobs nearest to this one, as (node id, 0..1), the nearest first. Raises DomainError unknown_service."""
    every = (node for service in services().values() for node in service.nodes)
    scored = [(other, nearness(node_id, other)) for other in every if other != node_id]
    return sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: (-pair[1], pair[0]))[:k]


def skill_relevance(required: str, held: Mapping[str, int]) -> float:
    """0..1: how well skills held (node or service id -> level 1..5) serve the required one: the best of nearness times level / 5."""
    node = get_node(required)
    best = 0.0
    for skill, level in held.items():
        near = 1.0 if skill == node.service else nearness(node.id, skill if "." in skill else f"{skill}.general")
        best = max(best, near * min(max(level, 0), 5) / 5)
    return best


def _shared_words(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Share of words in common (Jaccard)."""
    a, b = set(one), set(other)
    return len(a & b) / len(a | b) if a | b else 0.0
