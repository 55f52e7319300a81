"""Keeps what is said for a visit that is booked (the floor, the door, a word for the technician), and tells who comes."""

from __future__ import annotations

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import trouble
from bot.brain.route import CLIENT
from bot.brain.scene import Scene

LIVE = ("offered", "confirmed", "en_route", "arrived")


def note(scene: Scene) -> Steps:
    listed = yield Call("list_bookings", {"which": "live"})
    jobs = [j for j in listed.get("bookings") or () if j.get("status") in LIVE]
    if not jobs:  # no visit: the words mean what they were read as
        placed = {"city", "district"} & scene.heard.slots.keys()  # where, before what
        return Say("", instead=next((CLIENT[i] for i in scene.heard.intents if i in CLIENT), "booking" if placed else "clarify"))
    spoken_of = next((j for j in jobs if j.get("ref") == scene.state.ref), None)
    visit = spoken_of or min(jobs, key=lambda j: str(j.get("start") or ""))
    kept = yield Call("note_for_visit", {"note": scene.heard.line(200), "ref": visit.get("ref")})
    if not kept.get("ok"):
        return (yield from trouble(scene, kept))
    words = scene.job(visit)
    return scene.say("changes.noted_told" if kept.get("told") else "changes.noted", over=True, extra={"ref": words["ref"]}, **words)
