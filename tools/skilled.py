"""Puts those who have the special skill a job asks for first; where nobody has recorded skills, the trade decides alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from domain import catalog
from domain.matching.rank import Request, Slate, find
from domain.store.roster import Roster


@dataclass(frozen=True)
class Wanted:
    """The skill a job asks for, and which technicians (ids, anywhere) are known to have it: maybe none."""

    skill: str
    ids: frozenset[int]


def wanted(roster: Roster, anytime: Request, issue: str | None) -> Wanted | None:
    """None when anybody of the trade does the job, or when nobody of it around here has said what they can do.

    `anytime`: who looks, without a start.
    """
    needed = catalog.skills_for(catalog.node_for(anytime.service, issue).id, issue)
    recorded = roster.skilled
    if not needed or not recorded:
        return None
    around = find(roster.index, anytime, only=recorded, k=1)
    if not around.candidates or around.widened_km is not None:
        return None
    skills = {skill.id for skill in needed}
    return Wanted(needed[0].id, frozenset(who for who, held in recorded.items() if skills <= held))


def skilled_first(
    roster: Roster, request: Request, slate: Slate, wish: Wanted | None, away: Collection[int], k: int
) -> tuple[Slate, dict[str, Any] | None]:
    """The slate with who has the skill first; when none of them is free, the slate as it was and what is missing: {skill, keeps 0..1}."""
    if wish is None or not slate.candidates:
        return slate, None
    best = find(roster.index, request, away=away, only=wish.ids, k=k)
    if best.candidates and (best.widened_km is None or slate.widened_km is not None):
        ids = {c.technician_id for c in best.candidates}
        rest = tuple(c for c in slate.candidates if c.technician_id not in ids)
        return replace(slate, candidates=(*best.candidates, *rest)[:k]), None
    held = roster.skilled.get(slate.candidates[0].technician_id, frozenset())
    near = catalog.nearest_skill(wish.skill, {request.service, *held})
    return slate, {"skill": wish.skill, "keeps": near.kept if near else 0.0}
