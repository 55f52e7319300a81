"""Words for technicians somebody may choose from: stars, price, the soonest time, and at most two reasons in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.brain.scene import Scene
from domain.matching.reasons import TOLD
from prompts import wording

Technician = Mapping[str, Any]
#: What is told of somebody who is proposed: stars, jobs, price and hour stand there already.
OF_A_PROPOSAL = frozenset({"your_last", "skilled", "same_district", "near"})


def listing(scene: Scene, found: Mapping[str, Any], people: Sequence[Technician], start: Any = None) -> dict[str, Any]:
    """What a list is said with: `people` line by line, `row` the first alone, `then` the asked moment they are all free at, `km` of the farthest."""
    asked = str(start) if start and all(t.get("next_slot") == start for t in people) else ""
    rows = [_line(scene, found, t, asked) for t in people]
    numbered = [f"{n}. {row}" for n, row in enumerate(rows, 1)] if len(rows) > 1 else rows
    far = max((t.get("distance_km") or 0 for t in people), default=0)
    then = f" {scene.moment(asked)}" if asked else ""
    return {"people": "\n".join(numbered), "row": rows[0] if rows else "", "then": then, "km": wording.format_km(float(far), scene.locale)}


def _line(scene: Scene, found: Mapping[str, Any], one: Technician, asked: str) -> str:
    stars = scene.text("search.stars", stars=one["rating"]) if one.get("rating") and one.get("jobs") != 0 else ""
    soonest = scene.text("search.free", when=scene.moment(str(one["next_slot"]), short=True)) if one.get("next_slot") and not asked else ""
    most = TOLD if scene.facts.get("channel") != "sms" else 1  # a text message is billed by the part
    facts = [stars, scene.money(one.get("price_mad")), soonest, *reasons(scene, found, one)[:most]]
    return scene.text("search.line", technician=scene.person(one.get("name")), facts=wording.joined(facts, scene.locale))


def known_for(scene: Scene, found: Mapping[str, Any], one: Technician) -> str:
    """Behind the name of who is proposed: " (4.9/5, 512 jobs, in your neighbourhood)"; where nobody is nearer, how far they come from."""
    parts = [scene.text("booking.rating", stars=one["rating"], jobs=one["jobs"])] if one.get("rating") and one.get("jobs") else []
    if found.get("widened_km") is not None and one:
        parts.append(scene.text("booking.from_far", km=scene.km(one)))
    else:
        parts += reasons(scene, found, one, OF_A_PROPOSAL)[:1]
    return scene.tail("booking.who", facts=wording.joined(parts, scene.locale)) if parts else ""


def reasons(scene: Scene, found: Mapping[str, Any], one: Technician, only: frozenset[str] | None = None) -> list[str]:
    """The reasons of one of `find_technicians`, in its order, in words."""
    known = {"km": scene.km(one), "jobs": one.get("jobs") or 0, "skill": scene.skill(found.get("skill"))}
    return [scene.text(f"reasons.{code}", **known) for code in one.get("reasons") or () if only is None or code in only]
