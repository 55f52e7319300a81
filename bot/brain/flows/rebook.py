"""The same technician or the same job again: what is known from last time is not asked for again."""

from __future__ import annotations

from dataclasses import replace

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.booking import booking
from bot.brain.flows.shared import trouble
from bot.brain.scene import Scene


def rebook(scene: Scene) -> Steps:
    found = yield Call("list_bookings", {"which": "past"})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    jobs = list(found.get("bookings") or ())
    wanted = {k: scene.draft[k] for k in ("service", "technician") if scene.draft.get(k)}
    ref = scene.heard.slots.get("ref")
    fits = (
        [j for j in jobs if j.get("ref") == ref]
        if ref
        else [j for j in jobs if all(str(j.get(k) or "").casefold() == str(v).casefold() for k, v in wanted.items())]
    )
    last = next(iter(fits or ([] if wanted else jobs)), None)
    known = {k: last[k] for k in ("service", "technician", "technician_id", "city", "district", "address") if last.get(k)} if last else {}
    if not last and scene.facts.get("technician") and "technician" not in wanted:
        known = {"technician": scene.facts["technician"]}
    if not known.get("city"):
        known |= {k: v for k, v in scene.profile.items() if v}
    scene.state = replace(scene.state, draft={**known, **scene.draft})
    said = yield from booking(scene)
    flow = "rebook" if said.flow == "rebook" and scene.state.proposal is None else "booking"
    return Say(said.key, said.params, said.awaiting, said.options, said.flow if said.flow == "verify" else flow, said.over, said.extra)
