"""Moves an appointment; and takes the yes or no to a time or a price that a technician proposed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.brain import answers
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import MOST, listed, orders_anew, trouble, whose
from bot.brain.scene import Scene
from bot.brain.state import Proposal
from domain.engagement.reply import Option

ASKED = ("changes.ask_time", "changes.ask_hour", "errors.in_the_past")


def reschedule(scene: Scene) -> Steps:
    proposal = scene.open("reschedule")
    if proposal is not None and not scene.changed & {"date", "time", "ref"}:
        if scene.consents:
            result = yield Call("confirm_proposal", {"proposal_id": proposal.id})
            if result.get("ok"):
                return moved(scene, result)
            if result.get("error") != "proposal_gone":
                return (yield from trouble(scene, result))
        elif scene.refuses:
            yield Call("decline_proposal", {"proposal_id": proposal.id})
            return scene.say("changes.not_moved", over=True, **scene.job(proposal.summary.get("booking") or {}))
        else:
            return proposed(scene, proposal.summary, "changes.propose_move_again")
    elif proposal is None and scene.refuses and scene.before.flow == "reschedule" and not scene.changed:
        return scene.say("changes.left_as_is", over=True)
    if (yield from orders_anew(scene)):
        return Say("", instead="booking")
    if scene.open("cancellation"):
        yield Call("decline_proposal", {"proposal_id": scene.state.proposal.id if scene.state.proposal else 0})
    job = yield from whose(scene, "live", ("offered", "confirmed"), "changes.nothing_to_move")
    if isinstance(job, Say):
        return job
    said = scene.change
    agreed = scene.before.key == "changes.ask_hour" and scene.heard.yes  # to the hour as it was, which we offered
    same_hour = agreed or "same_time" in scene.heard.wishes or scene.heard.payload == "same"
    date, time = said.get("date"), said.get("time")
    ref = str(job.get("ref"))
    was = str(job.get("start"))
    if not date and (by := answers.shift(scene.heard.text)) and was:
        date, time = _moved_by(was, by)
    if not date and was and answers.says("day_later", scene.heard.text):
        date, _ = _moved_by(was, 24 * 60)
    if not date and not time:
        return scene.say("changes.ask_time", awaiting="time", extra={"ref": ref}, **scene.job(job))
    when = scene.when({"date": date or was[:10], "time": time})
    if same_hour and when.day is not None and not time:
        when = scene.when({"date": when.day.isoformat(), "time": was[11:16]})
    if when.day is not None and when.day.isoformat() == was[:10]:
        as_it_was = when.start is not None and when.start.strftime("%H:%M") == was[11:16]
        if as_it_was and (scene.heard.leans is False or "as_it_was" in scene.heard.wishes):
            return scene.say("changes.left_as_is", over=True)  # "no wait, I stay at 10"
        if as_it_was or (not time and scene.before.key != "changes.ask_time"):  # the day they speak of is the one that does not suit them
            return scene.say("changes.ask_time", awaiting="time", extra={"ref": ref}, **scene.job(job))
    if when.start is None:
        asked = scene.before.awaiting == "time" and scene.before.key in ASKED and scene.says_when
        told = when.part is not None and date
        if when.day is not None and not told and not asked:
            hour = scene.hour(str(job["start"]))
            options = (Option(hour[:20], f"hour:{str(job['start'])[11:16]}"),)
            return scene.say("changes.ask_hour", awaiting="time", options=options, extra={"ref": ref}, day=scene.day(f"{when.day}T12:00"), hour=hour)
        return (yield from _slots(scene, job, when))
    made = yield Call("propose_reschedule", {"ref": ref, "start": when.start.strftime("%Y-%m-%dT%H:%M")})
    if not made.get("ok"):
        said_trouble = yield from trouble(scene, made)
        return Say(
            said_trouble.key,
            said_trouble.params,
            said_trouble.awaiting,
            said_trouble.options,
            said_trouble.flow,
            said_trouble.over,
            {**said_trouble.extra, "ref": ref},
        )
    return proposed(scene, made["summary"], "changes.propose_move")


def _moved_by(was: str, minutes: int) -> tuple[str, str]:
    """Day and hour of "half an hour later"."""
    start = datetime.fromisoformat(was) + timedelta(minutes=minutes)
    return start.strftime("%Y-%m-%d"), start.strftime("%H:%M")


def _slots(scene: Scene, job: Mapping[str, Any], when: Any) -> Steps:
    args = {"service": job.get("service"), "city": job.get("city"), "district": job.get("district"), "ref": job.get("ref")}
    start = when.window[0].strftime("%Y-%m-%dT%H:%M") if when.window and when.day is None else None
    found = yield Call("find_slots", {**args, "day": when.day.isoformat() if when.day else None, "start": start, "part": when.part})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    slots = list(found.get("slots") or ())[:MOST]
    extra = {"ref": job.get("ref")}
    if not slots:
        return scene.say("booking.no_slots", awaiting="time", extra=extra)
    return scene.say("booking.choose_slot", awaiting="choice", options=scene.slots(slots), extra=extra, slots=listed(scene, slots))


def proposed(scene: Scene, summary: Mapping[str, Any], key: str) -> Say:
    fee = summary.get("fee_mad") or 0
    words = scene.job(summary.get("booking") or {})
    words |= {"new": scene.moment(str(summary["start"])), "technician": scene.person(summary.get("technician"))}
    words["fee"] = scene.tail("changes.fee", fee=scene.money(fee)) if fee else scene.tail("changes.no_fee")
    options = (scene.option("yes_move", "yes"), scene.option("no", "no"))
    return scene.say(key, awaiting="confirm", options=options, extra={"ref": words["ref"]}, **words)


def moved(scene: Scene, result: Mapping[str, Any]) -> Say:
    job, offer = result.get("booking") or {}, result.get("offer") or {}
    words = scene.job(job)
    if offer.get("technician"):
        minutes = scene.minutes(offer.get("minutes") or 15)
        return scene.say("changes.moved_asking", over=True, **{**words, "technician": scene.person(offer["technician"]), "minutes": minutes})
    return scene.say("changes.moved", over=True, **words)


def consent(scene: Scene) -> Steps:
    """A technician proposed another time or another price: yes, no, or a time of the client's own."""
    proposal = scene.open("counter_offer", "price_change")
    if proposal is None:
        return scene.say("errors.proposal_gone", over=True)
    if proposal.kind == "counter_offer" and scene.heard.slots.get("time") and not scene.heard.yes and not _same(scene, proposal.summary):
        booking = proposal.summary.get("booking") or {}
        yield Call("decline_proposal", {"proposal_id": proposal.id})
        return scene.say("changes.counter_refused_time", over=True, **scene.job(booking))
    if scene.consents or _repeated(scene, proposal):
        result = yield Call("confirm_proposal", {"proposal_id": proposal.id})
        if not result.get("ok"):
            return scene.say("errors.proposal_gone", over=True) if result.get("error") == "proposal_gone" else (yield from trouble(scene, result))
        key = "changes.counter_agreed" if proposal.kind == "counter_offer" else "changes.price_agreed"
        return scene.say(key, over=True, **scene.job(result.get("booking") or {}))
    asks = answers.asks(scene.heard.text) and scene.heard.leans is not False and not scene.heard.no
    if asks and proposal.kind == "price_change":
        return scene.say("changes.price_change_why", awaiting="confirm", options=scene.yes_no())
    if not asks and (scene.refuses or "cheaper" in scene.heard.wishes):
        result = yield Call("decline_proposal", {"proposal_id": proposal.id})
        key = "changes.counter_refused" if proposal.kind == "counter_offer" else "changes.price_refused"
        return scene.say(key, over=True, **scene.job(result.get("booking") or proposal.summary.get("booking") or {}))
    return scene.say(f"changes.{proposal.kind}_again", awaiting="confirm", options=scene.yes_no())


def _repeated(scene: Scene, proposal: Proposal) -> bool:
    """Who answers with the very hour that was proposed, without a no, a doubt or a question, agrees to it."""
    heard = scene.heard
    if proposal.kind != "counter_offer" or not heard.slots.get("time") or answers.hedged(heard.text) or scene.before.awaiting != "confirm":
        return False
    return heard.leans is not False and heard.intents[0] != "deny" and not heard.wishes and _same(scene, proposal.summary)


def _same(scene: Scene, summary: Mapping[str, Any]) -> bool:
    """Whether the hour that was said is the one proposed."""
    try:
        start = datetime.fromisoformat(str(summary.get("start")))
    except ValueError:
        return False
    return str(scene.heard.slots.get("time")) in (start.strftime("%H:%M"), (start + timedelta(hours=12)).strftime("%H:%M"))
