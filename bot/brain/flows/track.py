"""Says where the technician is, and what is booked."""

from __future__ import annotations

from bot.brain.act import Call, Steps
from bot.brain.flows.shared import MOST, trouble, which
from bot.brain.scene import Scene
from domain.geo.window import HIGH_RISK

#: State of `track_technician` -> how it is said.
WORDED = {"en_route": "track.en_route", "arrived": "track.arrived", "planned": "track.confirmed", "waiting_answer": "track.offered"}


def track(scene: Scene) -> Steps:
    found = yield Call("track_technician", {"ref": scene.change.get("ref")})
    if found.get("error") == "which_booking":
        jobs = list(found.get("bookings") or ())
        under_way = [j for j in jobs if j.get("status") in ("en_route", "arrived")]
        near = under_way or [j for j in jobs if str(j.get("start") or "")[:10] == scene.now.date().isoformat()]
        if len(near) != 1:
            return which(scene, jobs)
        found = yield Call("track_technician", {"ref": near[0].get("ref")})
    if found.get("error") == "no_booking":
        return scene.say("errors.unknown_ref_plain" if scene.change.get("ref") else "track.nothing", over=True)
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    words = scene.job(found.get("booking") or {})
    state = str(found.get("state") or (found.get("booking") or {}).get("status") or "")
    key = WORDED.get(state, "track.other")
    if state in ("en_route", "late") and found.get("minutes") is not None:
        key, words["minutes"] = {"en_route": "track.en_route_minutes", "late": "track.late"}[state], scene.minutes(found["minutes"])
    late = found.get("late_risk")
    if late is not None and state in ("en_route", "planned", "late"):
        key = "track.en_route_window" if state == "en_route" else "track.confirmed_window"
        words["window"] = scene.window(found["window"])
        words["more"] = scene.tail("track.may_be_late") if late >= HIGH_RISK else ""
    sorry = scene.text("track.sorry") + " " if "complain" in scene.heard.intents or scene.heard.reading.sentiment == "negative" else ""
    return scene.say(key, over=True, extra={"ref": words["ref"]}, sorry=sorry, **words)


def status(scene: Scene) -> Steps:
    ref = scene.change.get("ref")
    if ref:
        found = yield Call("booking_status", {"ref": ref})
        if found.get("error") == "no_booking":
            return scene.say("errors.unknown_ref", over=True, ref=str(ref))
        if not found.get("ok"):
            return (yield from trouble(scene, found))
        return scene.say("track.booking", over=True, extra={"ref": ref}, **scene.job(found.get("booking") or {}))
    found = yield Call("list_bookings", {"which": "live"})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    jobs = list(found.get("bookings") or ())
    if not jobs:
        return scene.say("track.nothing", over=True)
    if len(jobs) == 1:
        return scene.say("track.booking", over=True, extra={"ref": jobs[0].get("ref")}, **scene.job(jobs[0]))
    lines = "\n".join(scene.text("track.line", **scene.job(j)) for j in jobs[:MOST])
    return scene.say("track.bookings", over=True, lines=lines)
