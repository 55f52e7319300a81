"""Says where the technician is, and what is booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import MOST, trouble, which
from bot.brain.scene import Scene
from domain.geo.window import HIGH_RISK, PROMISE

#: State of `track_technician` that has a window -> how it is said.
WINDOWED = {"en_route": "track.en_route_window", "late": "track.late_window"}


def track(scene: Scene) -> Steps:
    found = yield Call("track_technician", {"ref": scene.change.get("ref")})
    if found.get("error") == "which_booking":
        jobs = list(found.get("bookings") or ())
        under_way = [j for j in jobs if j.get("status") in ("en_route", "arrived")]
        near = under_way or [j for j in jobs if str(j.get("start") or "")[:10] == scene.now.date().isoformat()]
        if len(near) != 1:
            return which(scene, jobs)
        found = yield Call("track_technician", {"ref": near[0].get("ref")})
    if found.get("error") == "no_booking" and scene.before.awaiting and scene.before.flow == "booking" and not scene.change.get("ref"):
        return Say("", instead="booking")  # "how long?" of what is being arranged
    if found.get("error") == "no_booking":
        return scene.say("errors.unknown_ref_plain" if scene.change.get("ref") else "track.nothing", over=True)
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    job = found.get("booking") or {}
    state, words, span = str(found.get("state") or job.get("status") or ""), scene.job(job), found.get("window")
    sorry = scene.text("track.sorry") + " " if "complain" in scene.heard.intents or scene.heard.reading.sentiment == "negative" else ""
    more: dict[str, Any] = {"over": True, "extra": {"ref": words["ref"]}, "sorry": sorry}
    if not span:
        return scene.say({"arrived": "track.arrived", "waiting_answer": "track.offered"}.get(state, "track.other"), **more, **words)
    if state != "en_route" and str(span["to"]) < f"{scene.now:%Y-%m-%dT%H:%M}":
        due = {"hour": scene.hour(str(span["to"]))} if state == "late" else {}  # their own later hour has passed too
        return scene.say("track.overdue", options=(scene.option("talk_to_person", "go:human"),), **more, **words | due)
    told: dict[str, Any] = {"window": scene.window(span), "minutes": scene.minutes(found.get("minutes") or 0)}
    told["more"] = _lateness(scene, found, words["hour"])
    return scene.say(WINDOWED.get(state, "track.confirmed_window"), **more, **words, **told)


def _lateness(scene: Scene, found: Mapping[str, Any], hour: str) -> str:
    """What is honest to add: that it is later than agreed, or may be."""
    agreed = datetime.fromisoformat(str(found["booking"]["start"])) + PROMISE
    if datetime.fromisoformat(str(found["window"]["from"])) > agreed:
        return scene.tail("track.later_than_agreed", hour=hour)
    return scene.tail("track.may_be_late") if (found.get("late_risk") or 0) >= HIGH_RISK else ""


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
    if not jobs and scene.before.awaiting and scene.before.flow == "booking":
        return Say("", instead="booking")
    if not jobs:
        return scene.say("track.nothing", over=True)
    if len(jobs) == 1:
        return scene.say("track.booking", over=True, extra={"ref": jobs[0].get("ref")}, **scene.job(jobs[0]))
    lines = "\n".join(scene.text("track.line", **scene.job(j)) for j in jobs[:MOST])
    return scene.say("track.bookings", over=True, lines=lines)
