"""Which special skill a job asks for, who else could do it and with what loss, and which parts it is likely to need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from domain.catalog.resolve import says
from domain.catalog.taxonomy import SERVICES, Skill, get_node, services
from domain.errors import DomainError


@dataclass(frozen=True)
class StandIn:
    """`held`: the skill or service that comes nearest; `kept` 0..1: how well a job goes that it does in another's place (1 = as well)."""

    held: str
    kept: float


@dataclass(frozen=True)
class PartUse:
    """A part that is often replaced, in French trade words, and what one costs in MAD."""

    name: str
    min_mad: Decimal
    max_mad: Decimal


@cache
def skills() -> dict[str, Skill]:
    """Every skill by id, "<service>.<name>"."""
    return {skill.id: skill for service in services().values() for skill in service.skills.values()}


def get_skill(skill_id: str) -> Skill:
    """Raises DomainError unknown_skill (suggestions: those of its trade)."""
    if found := skills().get(skill_id):
        return found
    trade = services().get(skill_id.partition(".")[0])
    raise DomainError("unknown_skill", skill=skill_id, suggestions=list(trade.skills if trade else SERVICES))


def skills_for(node_id: str, issue: str | None = None) -> tuple[Skill, ...]:
    """The special skills a job asks for, by its fault and by the person's own words; empty when anybody of the trade does it.

    Raises DomainError unknown_service.
    """
    node = get_node(node_id)
    return tuple(
        skill for skill in services()[node.service].skills.values() if node.id in skill.nodes or (issue is not None and says(issue, skill.words))
    )


def nearest_skill(required: str, available: Collection[str]) -> StandIn | None:
    """Which of the available skills and services (ids) serves a required skill best; None when none comes near. Raises DomainError unknown_skill.

    The skill itself keeps everything, a neighbouring one what the taxonomy says, the trade without it (or with another skill of it) `general`.
    """
    skill = get_skill(required)
    found = [StandIn(held, _kept(skill, held)) for held in sorted(available)]
    return max((one for one in found if one.kept > 0), key=lambda one: one.kept, default=None)


def prerequisites(skill_id: str) -> tuple[str, ...]:
    """What one learns before it, the first to learn first. Raises DomainError unknown_skill."""
    ordered: list[str] = []
    for needed in get_skill(skill_id).needs:
        ordered += [one for one in (*prerequisites(needed), needed) if one not in ordered]
    return tuple(ordered)


def parts_for(node_id: str) -> tuple[PartUse, ...]:
    """The parts a job is likely to need, each with its usual price range; empty where none is known. Raises DomainError unknown_service."""
    node = get_node(node_id)
    prices = services()[node.service].parts_mad
    return tuple(PartUse(part, *prices[part]) for part in node.parts if part in prices)


def _kept(skill: Skill, held: str) -> float:
    if held == skill.id:
        return 1.0
    by_trade = skill.general if held == skill.service or (held in skills() and skills()[held].service == skill.service) else 0.0
    return max(by_trade, skill.near.get(held, 0.0))
