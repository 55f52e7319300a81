"""What the bot was asked to do when a person at the desk gave it the conversation back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.brain import answers
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import trouble
from bot.brain.scene import Scene

WELL = frozenset({"affirm", "thank", "goodbye"})


def refund_closed(scene: Scene) -> bool:
    """Whether a person has settled the matter of the refund, and nothing more is to be proposed."""
    return bool(scene.facts.get("given_back") == "no_refund")


def no_refund(scene: Scene) -> Say:
    offer = (scene.option("yes", "yes"), scene.option("no", "no"))
    return Say("desk.refund_closed", {}, "confirm", offer, "offer_human")


def check_in(scene: Scene) -> Steps:
    """ "Is all well now?": a yes ends it, anything else that answers it brings a person back."""
    if scene.resuming:
        return _ask(scene)
    if _well(scene):
        return scene.say("desk.check_in_good", over=True)
    note = scene.heard.line(300)
    result = yield Call("escalate_to_human", {"reason": "dispute", "note": note or None, "ref": scene.change.get("ref")})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    return scene.say("desk.check_in_bad", over=True)


def _well(scene: Scene) -> bool:
    """A plain yes or thanks; with a fault, a trade, a doubt or a bad mood in it, a person looks rather than that somebody is left alone."""
    heard = scene.heard
    if heard.yes or heard.payload == "yes":
        return True
    told = "service" in heard.slots or answers.problem(heard.text)
    calm = heard.reading.sentiment != "negative" and not answers.hedged(heard.text) and not scene.refuses
    return calm and not told and heard.intents[0] in WELL


def _ask(scene: Scene) -> Say:
    return scene.say("desk.check_in_again", awaiting="confirm", options=scene.yes_no())


def address(scene: Scene) -> Steps:
    """The exact address of a visit that stands, and nothing else."""
    ref = scene.change.get("ref") or scene.state.ref
    slots = scene.heard.slots
    if scene.refuses:
        return scene.say("common.fine", over=True)
    words = _usual(scene) if "same_place" in scene.heard.wishes else scene.heard.line(300)
    pin = {k: slots[k] for k in ("lat", "lon") if k in slots}
    if scene.resuming or not (words or pin) or scene.heard.yes:
        return scene.say("desk.ask_address_again", awaiting="place", extra={"ref": ref})
    found = yield Call("booking_status", {"ref": ref})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    if (city := slots.get("city")) and not pin and city != found["booking"].get("city"):
        return _elsewhere(scene, found["booking"])
    kept = yield Call("set_address", {"ref": ref, "address": None if pin else words, **pin})
    if kept.get("error") == "other_city":
        return _elsewhere(scene, found["booking"])
    if not kept.get("ok"):
        return (yield from trouble(scene, kept))
    return scene.say("desk.address_told" if kept.get("told") else "desk.address_kept", over=True, extra={"ref": ref}, **scene.job(kept["booking"]))


def _usual(scene: Scene) -> str:
    return str(scene.profile.get("address") or "")


def _elsewhere(scene: Scene, job: Mapping[str, Any]) -> Say:
    """Another city is another visit: that is for a person, or for them to say again."""
    options = (scene.option("talk_to_person", "go:human"),)
    place = scene.place(job.get("city"), None)
    return scene.say("desk.address_elsewhere", awaiting="place", options=options, extra={"ref": job.get("ref")}, city=place)
