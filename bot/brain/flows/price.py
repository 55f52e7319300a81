"""Says what a job costs, as an honest range; never books unless the person says so."""

from __future__ import annotations

from bot.brain import answers, orders
from bot.brain.act import Call, Say, Steps
from bot.brain.flows.booking import made_of, priced_by, reasons, so_proposed, uplift, why
from bot.brain.flows.knowledge import spoken_of
from bot.brain.flows.shared import trouble
from bot.brain.hear import PRICES
from bot.brain.scene import Scene


def price(scene: Scene) -> Steps:
    proposal = scene.open("booking")
    of_any_price = orders.has("of_any_price", scene.heard.text) and answers.asks(scene.heard.text)
    if of_any_price and orders.has("parts", scene.heard.text) and not orders.has("how_much", scene.heard.text):
        return Say("", instead="faq")  # whether the parts are in the price is told of any job
    if proposal is not None and "why_price" in scene.heard.wishes and not scene.changed:
        said = why(scene, proposal.summary)
        return Say(said.key, said.params, said.awaiting, said.options, "booking", False, said.extra)
    if scene.draft.get("cheapest") and "cheaper" in scene.heard.wishes and scene.state.flow == "booking":
        return scene.say("price.cheapest", over=True)
    if proposal is not None and not scene.changed:  # what is proposed has its price: another would contradict it
        same = {name: proposal.summary.get(name) for name in ("service", "city", "district", "technician_id")}
        found = yield Call("estimate_price", same | priced_by(scene.draft))
        return so_proposed(scene, proposal.summary, found)
    if "cheaper" in scene.heard.wishes and scene.before.key in PRICES:
        return scene.say("price.dear", over=True)
    draft = {**(proposal.summary if proposal else {}), **scene.draft}
    if (asked := scene.heard.slots.get("service")) not in (None, draft.get("service")):  # of another job than the visit being arranged
        draft = {name: draft.get(name) for name in ("city", "district")} | {"service": asked}
    service = draft.get("service")
    if not service and scene.state.ref:
        known = yield Call("booking_status", {"ref": scene.state.ref})
        job = known.get("booking") or {}
        if known.get("ok") and job.get("price_mad") is not None:
            return scene.say("price.of_booking", over=True, **scene.job(job))
    if not service:
        if scene.refuses:
            return scene.say("price.fine", over=True)
        if spoken_of(scene) or of_any_price:
            return Say("", instead="faq")  # how a credit is earned, whether the way is paid apart: no job's price
        return scene.say("price.ask_service", awaiting="service")
    args = {k: draft.get(k) for k in ("service", "city", "district")} | priced_by(draft)
    if args["city"] is None and args["district"] is None:
        args |= {k: scene.profile.get(k) for k in ("city", "district")}
    if args["urgency"] == "normal":
        args["urgency"] = None
    found = yield Call("estimate_price", args)
    if not found.get("ok") and found.get("error") in ("unknown_place", "ambiguous_place"):
        found = yield Call("estimate_price", {**args, "city": None, "district": None})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    if "why_price" in scene.heard.wishes:
        amounts = (found.get(name) for name in ("likely_mad", "min_mad", "max_mad"))
        told = reasons(scene, found.get("breakdown") or (), *amounts)
        return scene.say("price.why", over=True, service=scene.service(found.get("service") or service), reasons=told)
    if proposal is not None or scene.state.flow in ("booking", "find", "availability", "rebook"):
        key = "price.range_short"
    elif "only_price" in scene.heard.wishes:
        key = "price.range_only"
    else:
        key = "price.range"
    waiting = {one.get("label"): one.get("mad") for one in found.get("alternatives") or ()}
    hurry = uplift(scene, found, waiting.get("without_hurry"))
    return scene.say(
        key,
        over=True,
        service=scene.service(found.get("service") or service),
        price=scene.range(found.get("min_mad"), found.get("max_mad")),
        likely=scene.money(found.get("likely_mad")),
        uplift=hurry,
        why=made_of(scene, found.get("breakdown") or ()) if not hurry else "",
    )
