"""Gives money back by the house's rules: what is due is proposed, what is not is explained, what is large goes to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.brain import answers
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.cancel import cancel
from bot.brain.flows.given_back import no_refund, refund_closed
from bot.brain.flows.knowledge import faq
from bot.brain.flows.shared import ordered_again, trouble, whose
from bot.brain.scene import Scene

#: Our words right after a complaint was written down.
COMPLAINED = frozenset({"escalation.offer_human", "escalation.offer_again", "escalation.reported"})


def refund(scene: Scene) -> Steps:
    proposal = scene.open("refund")
    if proposal is not None and not scene.changed & {"ref", "amount"}:
        if scene.consents or ordered_again(scene, "request_refund"):
            result = yield Call("confirm_proposal", {"proposal_id": proposal.id})
            if result.get("ok"):
                return _done(scene, result, proposal.summary)
            if result.get("error") != "proposal_gone":
                return (yield from trouble(scene, result))
        elif scene.refuses:
            yield Call("decline_proposal", {"proposal_id": proposal.id})
            return scene.say("refund.left", over=True)
        else:
            return proposed(scene, proposal.summary)
    if refund_closed(scene):
        return no_refund(scene)
    job = yield from _paid(scene)
    if isinstance(job, Say):
        return job
    ref = str(job.get("ref"))
    reason = scene.heard.line(200) if scene.heard.text and not scene.heard.option else None
    made = yield Call("propose_refund", {"ref": ref, "reason": reason, "amount_mad": _less(scene, job)})
    if made.get("ok"):
        return proposed(scene, made["summary"])
    if made.get("error") == "bad_amount":
        made = yield Call("propose_refund", {"ref": ref, "reason": reason})
        if made.get("ok"):
            return proposed(scene, made["summary"])
    if made.get("rule") == "cancel_first":
        scene.flow = "cancel"
        scene.state = replace(scene.state, change={**scene.change, "ref": ref})
        return (yield from cancel(scene))
    if made.get("error") == "not_refundable":
        return (yield from _refused(scene, ref, job, made))
    if made.get("error") == "already_refunded":
        return (yield from _asked_before(scene, ref))
    return (yield from trouble(scene, made))


def _less(scene: Scene, job: Mapping[str, Any]) -> Any:
    """The amount asked for, when it is a part of what was paid; the whole is the house's to compute."""
    amount, paid = scene.change.get("amount"), job.get("paid_mad")
    return amount if isinstance(amount, int | float) and isinstance(paid, int | float) and 0 < amount < paid else None


def _paid(scene: Scene) -> Any:
    job = yield from whose(scene, "all", (), "refund.nothing")
    if not isinstance(job, Say) or job.key != "changes.which_booking":
        return job
    # several bookings: money can only come back from one that was paid for
    result = yield Call("list_bookings", {"which": "all"})
    paid = [j for j in result.get("bookings") or () if (j.get("paid_mad") or 0) > 0]
    ended = [j for j in paid if j.get("status") in ("cancelled", "expired", "disputed")]
    for found in (ended, paid):
        if len(found) == 1:
            return found[0]
    return job


def _refused(scene: Scene, ref: str, job: Mapping[str, Any], made: Mapping[str, Any]) -> Steps:
    """Not due by rule. Who complains about the work itself is heard by a person."""
    complains = {"complain", "report_damage"} & set(scene.heard.intents) or answers.problem(scene.heard.text)
    complained = scene.before.key in COMPLAINED and scene.before.ref == ref  # it was written down a moment ago
    if (complains or complained) and job.get("status") in ("done", "closed", "disputed"):
        result = yield Call("escalate_to_human", {"reason": "dispute", "note": scene.heard.text[:300], "ref": ref})
        if result.get("ok"):
            return scene.say("refund.dispute", over=True, ref=ref)
    if made.get("needs_human"):
        offer = (scene.option("yes", "yes"), scene.option("no", "no"))
        return Say("refund.not_due", {"ref": ref}, "confirm", offer, "offer_human", False, {"ref": ref})
    return scene.say("refund.not_due", over=True, options=(scene.option("talk_to_person", "go:human"),), extra={"ref": ref}, ref=ref)


def proposed(scene: Scene, summary: Mapping[str, Any]) -> Say:
    words = scene.job(summary.get("booking") or {})
    key = "refund.propose_person" if summary.get("needs_human") else "refund.propose"
    options = (scene.option("yes", "yes"), scene.option("no", "no"))
    upset = "complain" in scene.heard.intents or scene.heard.reading.sentiment == "negative"
    words |= {"amount": scene.money(summary.get("amount_mad")), "sorry": scene.text("refund.sorry") + " " if upset else ""}
    return scene.say(key, awaiting="confirm", options=options, extra={"ref": words["ref"]}, **words)


def _done(scene: Scene, result: Mapping[str, Any], summary: Mapping[str, Any]) -> Say:
    back = result.get("refund") or {}
    words = {**scene.job(summary.get("booking") or {}), "amount": scene.money(back.get("amount_mad") or summary.get("amount_mad"))}
    person = result.get("escalated") or back.get("status") == "requested"
    instead = (summary.get("booking") or {}).get("technician") if "booking" in scene.state.behind else None
    extra = {"next": {"without": instead}} if instead else {}  # "and send me somebody else"
    return scene.say("refund.asked_person" if person else "refund.done", over=True, extra=extra, **words)


def _asked_before(scene: Scene, ref: str) -> Steps:
    """Already asked for or paid: how it stands says more than a no."""
    found = yield Call("refund_status", {"ref": ref})
    refunds = list(found.get("refunds") or ())
    return _statuses(scene, refunds) if refunds else scene.say("errors.already_refunded", over=True, extra={"ref": ref})


def refund_status(scene: Scene) -> Steps:
    if scene.open("cancellation", "refund"):  # of money that is only proposed they ask how long it takes
        return (yield from faq(scene, "refunds"))
    found = yield Call("refund_status", {"ref": scene.change.get("ref")})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    refunds = list(found.get("refunds") or ())
    return _statuses(scene, refunds) if refunds else (yield from _none_yet(scene))


def _statuses(scene: Scene, refunds: list[Mapping[str, Any]]) -> Say:
    lines = [scene.text(f"refund.status_{_status(r)}", ref=str(r.get("ref")), amount=scene.money(r.get("amount_mad"))) for r in refunds[:3]]
    return scene.say("refund.statuses", over=True, lines="\n".join(lines))


def _none_yet(scene: Scene) -> Steps:
    """Who asks where the money is, before any was asked back, is asking for it."""
    result = yield Call("list_bookings", {"which": "past"})
    ended = [j for j in result.get("bookings") or () if (j.get("paid_mad") or 0) > 0 and j.get("status") in ("cancelled", "expired")]
    if scene.change.get("ref"):
        ended = [j for j in ended if j.get("ref") == scene.change["ref"]]
    if len(ended) != 1:
        return scene.say("refund.none", over=True)
    scene.flow = "refund"
    return (yield from refund(scene))


def _status(refund_row: Mapping[str, Any]) -> str:
    status = str(refund_row.get("status"))
    return status if status in ("requested", "approved", "paid", "refused") else "requested"
