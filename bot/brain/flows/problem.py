"""Takes a complaint or damage down at once, and says honestly what happens next."""

from __future__ import annotations

from bot.brain import answers
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import trouble, which
from bot.brain.scene import Scene


def complain(scene: Scene) -> Steps:
    return (yield from _report(scene, answers.problem(scene.heard.text) or "other"))


def damage(scene: Scene) -> Steps:
    return (yield from _report(scene, "damage"))


def _report(scene: Scene, kind: str) -> Steps:
    text = " ".join(scene.heard.text.split())[:300]
    result = yield Call("report_problem", {"kind": kind, "text": text or None, "ref": scene.change.get("ref")})
    if result.get("error") == "which_booking":
        jobs = list(result.get("bookings") or ())
        if scene.before.awaiting != "booking":
            return which(scene, jobs, "escalation.which_job")
        result = yield Call("report_problem", {"kind": kind, "text": text or None, "ref": jobs[0].get("ref") if jobs else None})
    if result.get("error") == "no_booking" and scene.change.get("ref"):
        return scene.say("errors.unknown_ref", over=True, ref=str(scene.change["ref"]))
    if result.get("error") == "no_booking":
        return scene.say("escalation.sorry_no_job", over=True, options=(scene.option("talk_to_person", "go:human"),))
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    key = "escalation.reported_person" if result.get("escalated") else "escalation.reported"
    key = "escalation.damage" if kind == "damage" and result.get("escalated") else key
    said = scene.say(key, over=True, options=() if result.get("escalated") else (scene.option("talk_to_person", "go:human"),))
    return Say(said.key, said.params, None, said.options, said.flow, True, {"ref": result["ref"]} if result.get("ref") else {})
