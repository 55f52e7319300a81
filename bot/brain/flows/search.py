"""Answers "who is there" and "is anybody free", and lets the answer become a booking."""

from __future__ import annotations

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.booking import booking, choose_slot, others, priced_by, settle
from bot.brain.flows.people import listing
from bot.brain.flows.shared import trouble
from bot.brain.scene import Scene


def find(scene: Scene) -> Steps:
    draft = scene.draft
    proposal = scene.open("booking")
    if proposal is not None and not scene.changed:  # somebody is proposed already: who else there is
        return _as_booking((yield from others(scene, proposal.summary)))
    if scene.before.flow == "find" and (scene.heard.option is not None or draft.get("technician_id")):
        return _as_booking((yield from booking(scene)))
    if not draft.get("service"):
        return scene.say("booking.ask_service", awaiting="service")
    where = settle(scene, draft)
    if isinstance(where, Say):
        return where
    when = scene.when(draft)
    start = when.start.strftime("%Y-%m-%dT%H:%M") if when.start is not None else None
    args = {
        "service": draft["service"],
        "city": where["city"],
        "district": where.get("district"),
        "start": start,
        "technician": draft.get("technician"),
        **priced_by(draft),
    }
    found = yield Call("find_technicians", args)
    if args["technician"] and found.get("error") == "no_technician":  # nobody of that name here says nothing of the others
        found = yield Call("find_technicians", {**args, "technician": None})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    people = list(found.get("technicians") or ())
    if not people:
        return scene.say("errors.no_technician", trade=scene.trade(draft["service"]), place=scene.place(where["city"], where.get("district")))
    told, far = listing(scene, found, people, start), found.get("widened_km") is not None
    if len(people) == 1:
        if start:
            return _as_booking((yield from booking(scene)))
        key = "search.only_one_far" if far else "search.only_one"
        return _as_booking(scene.say(key, awaiting="time", technician=scene.person(people[0].get("name")), **told))
    key = "search.found_far" if far else "search.found"
    return _as_booking(scene.say(key, awaiting="choice", options=scene.technicians(people), **told))


def availability(scene: Scene) -> Steps:
    draft = scene.draft
    when = scene.when(draft)
    if not draft.get("service") or when.start is not None:
        return _as_booking((yield from booking(scene)))
    where = settle(scene, draft)
    if isinstance(where, Say):
        return where
    return _as_booking((yield from choose_slot(scene, where)))


def _as_booking(said: Say) -> Say:
    """From here on it is a booking like any other."""
    return Say(said.key, said.params, said.awaiting, said.options, said.flow if said.flow == "verify" else "booking", said.over, said.extra)
