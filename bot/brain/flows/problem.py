"""Takes a complaint or damage down at once, and says honestly what happens next."""

from __future__ import annotations

from bot.brain import answers
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import trouble, which
from bot.brain.flows.track import track
from bot.brain.scene import Scene
from domain.catalog import resolve_service

ON_THE_WAY = ("planned", "en_route", "late", "arrived")  # states of track_technician


def complain(scene: Scene) -> Steps:
    return (yield from _report(scene, answers.problem(scene.heard.text) or "other"))


def damage(scene: Scene) -> Steps:
    return (yield from _report(scene, "damage"))


def _wants_it_mended(scene: Scene, kind: str) -> bool:
    """A fault that is told by who has no job with us, and blames nobody, is one to send somebody for."""
    told = resolve_service(scene.heard.text)
    fault = bool(told) and told[0].node_id != f"{told[0].service}.general"
    return kind == "other" and "service" in scene.heard.slots and fault


def _report(scene: Scene, kind: str) -> Steps:
    text = scene.heard.line(300)
    result = yield Call("report_problem", {"kind": kind, "text": text or None, "ref": scene.change.get("ref")})
    if result.get("error") == "which_booking":
        jobs = list(result.get("bookings") or ())
        if scene.before.awaiting != "booking":
            return which(scene, jobs, "escalation.which_job")
        result = yield Call("report_problem", {"kind": kind, "text": text or None, "ref": jobs[0].get("ref") if jobs else None})
    if result.get("error") == "no_booking" and scene.change.get("ref"):
        return scene.say("errors.unknown_ref", over=True, ref=str(scene.change["ref"]))
    if result.get("error") == "no_booking" and _wants_it_mended(scene, kind):
        return Say("", instead="booking")
    offer = (scene.option("yes", "yes"), scene.option("no", "no"))
    if result.get("error") == "no_booking":  # nothing was written down
        return Say("escalation.offer_human_no_job", {}, "confirm", offer, "offer_human")
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    extra = {"ref": result["ref"]} if result.get("ref") else {}
    if result.get("escalated"):
        return scene.say("escalation.damage" if kind == "damage" else "escalation.reported_person", over=True, extra=extra)
    if kind == "late":
        found = yield Call("track_technician", {"ref": result.get("ref")})
        today = str((found.get("booking") or {}).get("start") or "")[:10] == scene.now.date().isoformat()
        if found.get("ok") and found.get("state") in ON_THE_WAY and today:  # where he is says more than that it is written down
            return (yield from track(scene))
        return scene.say("escalation.reported", over=True, extra=extra, options=(scene.option("talk_to_person", "go:human"),))
    return Say("escalation.offer_human", {}, "confirm", offer, "offer_human", False, extra)
