"""Cancels an appointment: says first what it costs and what comes back, then does it at a yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.brain.act import Call, Say, Steps
from bot.brain.flows.shared import SURE, ordered_again, orders_anew, trouble, whose
from bot.brain.scene import Scene

CANCELLABLE = ("offered", "confirmed", "en_route", "arrived")


def cancel(scene: Scene) -> Steps:
    proposal = scene.open("cancellation")
    if proposal is not None and "ref" not in scene.changed:
        if scene.consents or ordered_again(scene, "cancel"):
            result = yield Call("confirm_proposal", {"proposal_id": proposal.id})
            if result.get("ok"):
                return _done(scene, result, proposal.summary)
            if result.get("error") != "proposal_gone":
                return (yield from trouble(scene, result))
        elif scene.refuses:
            yield Call("decline_proposal", {"proposal_id": proposal.id})
            return scene.say("changes.kept", over=True, **scene.job(proposal.summary.get("booking") or {}))
        else:
            return proposed(scene, proposal.summary)
    elif scene.refuses and scene.before.flow == "cancel" and not scene.changed:
        return scene.say("changes.left_as_is", over=True)
    if proposal is None and scene.heard.reading.confidence < SURE and (yield from orders_anew(scene)):
        return Say("", instead="booking")
    waiting = scene.open("booking")
    if waiting is not None and "ref" not in scene.change:
        yield Call("decline_proposal", {"proposal_id": waiting.id})
    job = yield from whose(scene, "live", (), "changes.nothing_to_cancel", by_date=True)
    if isinstance(job, Say):
        return job
    if job.get("status") not in CANCELLABLE:
        return (yield from _over_already(scene, job))
    made = yield Call("propose_cancellation", {"ref": job.get("ref")})
    if not made.get("ok"):
        return (yield from trouble(scene, made))
    return proposed(scene, made["summary"])


def _over_already(scene: Scene, job: Mapping[str, Any]) -> Steps:
    """A booking that is cancelled or past: what may be meant is the money paid for it."""
    from bot.brain.flows.refund import refund

    if (job.get("paid_mad") or 0) > 0:
        scene.flow = "refund"
        return (yield from refund(scene))
    if job.get("status") == "cancelled":
        return scene.say("changes.already_cancelled", over=True, extra={"ref": job.get("ref")}, **scene.job(job))
    return (yield from trouble(scene, {"error": "not_allowed_now", "status": job.get("status")}))


def proposed(scene: Scene, summary: Mapping[str, Any]) -> Say:
    fee, back = summary.get("fee_mad") or 0, summary.get("refund_mad") or 0
    words = scene.job(summary.get("booking") or {})
    words["fee"] = scene.tail("changes.fee", fee=scene.money(fee)) if fee else scene.tail("changes.no_fee")
    words["refund"] = scene.tail("changes.money_back", amount=scene.money(back)) if back else ""
    options = (scene.option("yes_cancel", "yes"), scene.option("keep_it", "no"), scene.option("move_it", "go:reschedule"))
    return scene.say("changes.propose_cancel", awaiting="confirm", options=options, extra={"ref": words["ref"]}, **words)


def _done(scene: Scene, result: Mapping[str, Any], summary: Mapping[str, Any]) -> Say:
    words = scene.job(result.get("booking") or summary.get("booking") or {})
    refund = result.get("refund") or {}
    if result.get("escalated"):
        words["refund"] = scene.tail("refund.a_person_decides")
    else:
        words["refund"] = scene.tail("changes.money_back", amount=scene.money(refund["amount_mad"])) if refund.get("amount_mad") else ""
    return scene.say("changes.cancelled", over=True, **words)
