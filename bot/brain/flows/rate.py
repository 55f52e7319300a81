"""Takes the stars for a finished job."""

from __future__ import annotations

from bot.brain.act import Call, Steps
from bot.brain.flows.shared import trouble, which
from bot.brain.scene import Scene
from domain.engagement.reply import Option

WORDS_OF_A_REMARK = 3


def rate(scene: Scene) -> Steps:
    stars = scene.change.get("stars")
    if stars is None:
        if scene.refuses and scene.before.flow == "rate":
            return scene.say("rating.fine", over=True)
        if scene.before.flow == "rate" and scene.heard.reading.sentiment == "negative":
            return scene.say("rating.sorry_how_many", awaiting="rating", options=_stars())
        return scene.say("rating.ask", awaiting="rating", options=_stars())
    text = scene.heard.text if len(scene.heard.text.split()) >= WORDS_OF_A_REMARK else None
    args = {"stars": int(stars), "ref": scene.change.get("ref"), "text": text}
    result = yield Call("rate_booking", args)
    if result.get("error") == "which_booking":
        jobs = list(result.get("bookings") or ())
        if scene.before.awaiting != "booking" or not jobs:
            return which(scene, jobs)
        result = yield Call("rate_booking", {**args, "ref": jobs[0].get("ref")})
    if result.get("error") == "bad_rating":
        return scene.say("errors.bad_rating", awaiting="rating", options=_stars())
    if result.get("error") == "no_booking":
        return scene.say("rating.no_job", over=True)
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    credit = scene.tail("rating.credit", credit=scene.money(result["credit_mad"])) if result.get("credit_mad") else ""
    who = scene.person(result.get("technician"))
    if int(stars) <= 2:
        return scene.say("rating.low", over=True, options=(scene.option("talk_to_person", "go:human"),), technician=who, credit=credit)
    return scene.say("rating.thanks", over=True, technician=who, credit=credit)


def _stars() -> tuple[Option, ...]:
    return tuple(Option(str(n), f"stars:{n}") for n in range(5, 0, -1))
