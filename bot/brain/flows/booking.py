"""Books a visit: what, where, when, then one clear proposal and a yes."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.brain import answers, asides
from bot.brain.act import Call, Result, Say, Steps
from bot.brain.flows.people import known_for, listing
from bot.brain.flows.shared import MOST, cannot_that_day, listed, prove, trouble, which_city
from bot.brain.scene import Scene, soon
from domain import geo
from domain.engagement.reply import Option
from domain.errors import DomainError
from prompts import wording

ASKED_TIME = ("booking.ask_time", "booking.ask_hour", "errors.in_the_past", "notices.booking_expired")
#: Dangers of a fault that somebody who waits for a technician can do something about.
CAREFUL = ("gas", "sparks", "water_near_current")
Where = dict[str, Any]


def booking(scene: Scene) -> Steps:
    proposal = scene.open("booking")
    if proposal is not None and not scene.changed:
        if scene.consents:
            return (yield from confirm(scene, proposal.id))
        if "why_price" in scene.heard.wishes:
            return why(scene, proposal.summary)
        if _hesitates(scene) and (until := _held(scene, proposal.summary)):
            said = words(scene, proposal.summary)
            return scene.say("booking.take_your_time", awaiting="confirm", options=_answers(scene), hour=until, **said)
        if scene.refuses:
            yield Call("decline_proposal", {"proposal_id": proposal.id})
            if scene.heard.wishes & {"only_price", "later"}:
                return scene.say("booking.as_you_like", over=True)
            return scene.say("booking.declined", options=_what_to_change(scene))
        if scene.heard.payload == "other" or scene.heard.wishes & {"other_technician", "cheaper"}:
            return (yield from others(scene, proposal.summary))
        return again(scene, proposal.summary)
    if proposal is None and (yield from cannot_that_day(scene)):
        return Say("", instead="reschedule")
    wants_other = scene.heard.payload == "other" or scene.heard.wishes & {"other_technician", "cheaper"}
    if proposal is None and wants_other and scene.state.offered and not scene.changed:
        start = scene.when(scene.draft).start
        if start is not None:
            said = {**scene.draft, "start": start.strftime("%Y-%m-%dT%H:%M"), "technician_id": scene.state.offered[0].get("id")}
            return (yield from others(scene, {**said, "price_mad": scene.state.offered[0].get("price_mad")}))
    if proposal is None and scene.refuses and scene.before.awaiting in ("choice", "service", "place", "time", "confirm") and not scene.changed:
        left = {k: v for k, v in scene.draft.items() if k in ("service", "issue")}  # who tells the place after all goes on with it
        return scene.say("booking.as_you_like", over=True, extra={"next": left} if left else {})
    if not scene.draft.get("service"):
        return scene.say("booking.ask_service", awaiting="service")
    where = settle(scene, scene.draft)
    if isinstance(where, Say):
        return where
    when = scene.when(scene.draft)
    if when.part == "now":
        return (yield from soonest(scene, where))
    if not (scene.draft.get("date") or scene.draft.get("time")):
        asked = answers.asks(scene.heard.text) or asides.has("asks", scene.heard.text)
        if asked and "technician" in scene.heard.slots:  # "is Hassan free these days?"
            return (yield from choose_slot(scene, where))
        place = scene.place(where.get("city"), where.get("district"))
        if scene.draft.get("second"):
            return scene.say("booking.ask_time_second", awaiting="time", trade=scene.trade(scene.draft["service"]), place=place)
        if "service" in scene.changed and scene.before.draft.get("service"):  # another trade than was said first: it shows that we heard
            return scene.say("booking.ask_time_other", awaiting="time", trade=scene.trade(scene.draft["service"]), place=place)
        return scene.say("booking.ask_time", awaiting="time", place=place)
    if when.start is None:
        asked = scene.before.awaiting == "time" and scene.before.key in ASKED_TIME and scene.says_when
        told = when.part is not None and scene.draft.get("date")
        if not asked and not told and when.day is not None:
            return scene.say("booking.ask_hour", awaiting="time", day=scene.day(f"{when.day.isoformat()}T12:00"))
        return (yield from choose_slot(scene, where))
    return (yield from propose(scene, where, when.start.strftime("%Y-%m-%dT%H:%M")))


def priced_by(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What of a job, beside its trade, place and hour, decides its price."""
    return {name: draft.get(name) for name in ("issue", "urgency", "quantity")}


def settle(scene: Scene, draft: Mapping[str, Any]) -> Where | Say:
    """The city and district of a draft, or the one question that is missing."""
    city, district = draft.get("city"), draft.get("district")
    if draft.get("lat") is not None and draft.get("lon") is not None:
        try:
            near = geo.nearest_place(float(draft["lat"]), float(draft["lon"]))
        except DomainError:
            near = None
        if near is not None and city in (None, near.city) and (district is None or geo.same_district(str(district), near.district)):
            return {"city": near.city, "district": near.district, "lat": draft["lat"], "lon": draft["lon"], "address": draft.get("address")}
        if not city and not district:  # a place in words came after the pin, and counts instead of it
            return scene.say("errors.unknown_place", awaiting="place")
    usual = scene.profile.get("city")
    if not city and district:
        homes = list(dict.fromkeys(home for home, _ in geo.cities_of(str(district))))
        if len(homes) == 1 or usual in homes or (not homes and usual):
            city = homes[0] if len(homes) == 1 else usual
        else:
            return which_city(scene, homes) if homes else scene.say("booking.ask_city", awaiting="place")
    if not city:
        return _ask_place(scene)
    if not district and not draft.get("district_unsaid") and not scene.heard.wishes & {"nothing_known", "any"}:
        return scene.say("booking.ask_district", awaiting="place", city=scene.place(city, None))
    return {"city": city, "district": district, "address": draft.get("address")}


def _ask_place(scene: Scene) -> Say:
    both = not (scene.draft.get("date") or scene.draft.get("time"))
    if scene.profile.get("city") and scene.profile.get("district"):
        usual = scene.place(scene.profile["city"], scene.profile["district"])
        options = (Option(wording.district_name(scene.profile["district"], scene.locale, scene.profile["city"])[:20], "place:profile"),)
        key = "booking.ask_place_known_time" if both else "booking.ask_place_known"
        return scene.say(key, awaiting="place", options=options, place=usual, trade=scene.trade(scene.draft.get("service")))
    return scene.say("booking.ask_place_time" if both else "booking.ask_place", awaiting="place", trade=scene.trade(scene.draft.get("service")))


def propose(scene: Scene, where: Where, start: str) -> Steps:
    draft = scene.draft
    person = {"technician": draft["technician"]} if draft.get("technician") and not draft.get("technician_id") else {}
    spot = {"city": where["city"], "district": where.get("district")}
    asked = {"service": draft["service"], **spot, "start": start, **priced_by(draft)}
    found = yield Call("find_technicians", {**asked, **person})
    if person and found.get("error") == "no_technician":  # nobody of that name here says nothing of the others
        found = yield Call("find_technicians", asked)
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    people = [t for t in found.get("technicians") or () if isinstance(t, Mapping)]
    if draft.get("without"):
        people = [t for t in people if not _same(t, draft["without"])]
        if not people:
            return (yield from trouble(scene, {"error": "no_technician", "service": draft["service"], "city": where["city"]}))
    named = (person and people and _same(people[0], draft["technician"])) or draft.get("without")
    if draft.get("cheapest") and not person:
        people, named = sorted(people, key=lambda t: t.get("price_mad") or 0), True
    wanted = draft.get("technician_id") or (people[0].get("id") if named else None)
    args = {
        **asked, "address": where.get("address"), "technician_id": wanted,
        "lat": where.get("lat"), "lon": where.get("lon"), "name": draft.get("name"),
    }  # fmt: skip
    made = yield Call("propose_booking", args)
    if not made.get("ok"):
        return (yield from trouble(scene, made))
    missing = person and wanted is None
    return proposed(
        scene, made["summary"], found, "booking.propose_instead" if missing else "booking.propose", wished=scene.person(draft.get("technician"))
    )


def _same(technician: Mapping[str, Any], name: Any) -> bool:
    return str(technician.get("name") or "").casefold().split(" ")[0] == str(name).casefold().split(" ")[0]


def proposed(scene: Scene, summary: Mapping[str, Any], found: Mapping[str, Any], key: str = "booking.propose", **more: Any) -> Say:
    """`found`: what `find_technicians` said for the same place and hour."""
    who: Mapping[str, Any] = next((t for t in found.get("technicians") or () if t.get("id") == summary.get("technician_id")), {})
    rating = known_for(scene, found, who)
    lacking = summary.get("no_specialist")
    if summary.get("no_response_pct"):  # only where a trained model serves: the risk is said before anything is promised
        key, more = f"{key}_unsure", {**more, "pct": round(summary["no_response_pct"])}
    elif lacking and key == "booking.propose":
        key, more = "booking.propose_general", {**more, "skill": scene.skill(lacking["skill"]), "trade": scene.trade(summary.get("service"))}
    return scene.say(key, awaiting="confirm", options=_answers(scene), rating=rating, **words(scene, summary), **more)


def words(scene: Scene, summary: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "technician": scene.person(summary.get("technician")),
        "service": scene.service(summary.get("service")),
        "when": scene.moment(str(summary["start"])),
        "place": scene.place(summary.get("city"), summary.get("district")),
        "price": _about(scene, summary) + uplift(scene, summary, summary.get("without_hurry_mad")),
    }


def _about(scene: Scene, summary: Mapping[str, Any]) -> str:
    """The likely price and its range: "300 dh (255-420 dh)"; one amount where they are the same or nothing else is known."""
    low, high, likely = (summary.get(name) for name in ("price_min_mad", "price_max_mad", "price_mad"))
    span = scene.range(low, high, likely)
    return span if likely is None or low == high or None in (low, high) else scene.text("price.about", likely=scene.money(likely), price=span)


def uplift(scene: Scene, priced: Mapping[str, Any], waiting: Any = None) -> str:
    """What hurry adds, said before anybody agrees, with the price of the same visit when it may wait; nothing where it adds nothing."""
    if not priced.get("uplift_pct"):
        return ""
    pct = round(priced["uplift_pct"])
    return scene.text("price.uplift_or_wait", pct=pct, price=scene.money(waiting)) if waiting else scene.text("price.uplift", pct=pct)


def made_of(scene: Scene, breakdown: Sequence[Mapping[str, Any]]) -> str:
    """What the likely price is for, in one sentence; a price with hurry is explained by `uplift`."""
    labels = {line["label"] for line in breakdown}
    if not labels:
        return ""
    return scene.tail("price.all_in") if labels == {"visit"} else scene.tail("price.made_of", lines=_lines(scene, breakdown))


def why(scene: Scene, summary: Mapping[str, Any]) -> Say:
    """The price line by line, until when it holds, and the question once more."""
    until = scene.tail("price.valid", hour=scene.hour(str(summary["valid_until"]))) if summary.get("valid_until") else ""
    amounts = [summary.get(name) for name in ("price_mad", "price_min_mad", "price_max_mad")]
    said = {"reasons": reasons(scene, summary.get("breakdown") or (), *amounts), "until": until}
    plain = scene.range(amounts[1], amounts[2], amounts[0])  # hurry has a line of its own here
    return scene.say("price.why_proposed", awaiting="confirm", options=_answers(scene), **words(scene, summary) | {"price": plain} | said)


def so_proposed(scene: Scene, summary: Mapping[str, Any], estimate: Result) -> Say:
    """What the open proposal costs, line by line, and how far the final amount may go; its question is asked again after it.

    `estimate`: of the same visit, whose lines are told where the proposal has none.
    """
    amounts = [summary.get(name) for name in ("price_mad", "price_min_mad", "price_max_mad")]
    told = reasons(scene, summary.get("breakdown") or estimate.get("breakdown") or (), *amounts)
    return scene.say("price.so_proposed", over=True, reasons=told, price=scene.range(amounts[1], amounts[2], amounts[0]))


def reasons(scene: Scene, breakdown: Sequence[Mapping[str, Any]], likely: Any, low: Any, high: Any) -> str:
    """ "travel and work 300 dh, harder than usual 60 dh: 360 dh"; a price without lines is its range alone."""
    if not breakdown:
        return scene.range(low, high, likely)
    if len(breakdown) == 1:
        return _lines(scene, breakdown)
    return scene.text("price.sum", lines=_lines(scene, breakdown), likely=scene.money(likely))


def _lines(scene: Scene, breakdown: Sequence[Mapping[str, Any]]) -> str:
    named = [scene.text(f"price.line_{line['label']}", price=_signed(scene, line["mad"])) for line in breakdown]
    return wording.joined(named, scene.locale)


def _signed(scene: Scene, amount: Any) -> str:
    return f"-{scene.money(-amount)}" if amount < 0 else scene.money(amount)


def again(scene: Scene, summary: Mapping[str, Any]) -> Say:
    """The open proposal once more, in short; until when it is kept is said the first time."""
    until = _held(scene, summary) if scene.before.key not in ("booking.propose_again", "booking.take_your_time") else ""
    held = scene.text("booking.kept", hour=until) + " " if until else ""
    return scene.say("booking.propose_again", awaiting="confirm", options=_answers(scene), held=held, **words(scene, summary))


def _hesitates(scene: Scene) -> bool:
    """ "I'll think about it": neither a yes nor a no to what is proposed."""
    heard = scene.heard
    return "later" in heard.wishes and not heard.no and heard.leans is not False and not scene.resuming


def _held(scene: Scene, summary: Mapping[str, Any]) -> str:
    """The hour until which the technician's time is kept for this person; "" when it is not, any more."""
    until = str(summary.get("held_until") or "")
    return scene.hour(until) if until > f"{scene.now:%Y-%m-%dT%H:%M}" else ""


def _answers(scene: Scene) -> tuple[Option, ...]:
    return scene.option("yes_book", "yes"), scene.option("other_person", "other"), scene.option("no", "no")


def _what_to_change(scene: Scene) -> tuple[Option, ...]:
    return scene.option("other_time", "go:new_time"), scene.option("other_person", "other"), scene.option("leave_it", "go:drop")


def others(scene: Scene, summary: Mapping[str, Any]) -> Steps:
    """Somebody else than proposed: a list to choose from, cheapest first when it was too dear."""
    spot = {"city": summary.get("city"), "district": summary.get("district"), "start": summary.get("start")}
    found = yield Call("find_technicians", {"service": summary.get("service"), **spot, **priced_by(scene.draft)})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    unwanted = scene.draft.get("without")
    people = [t for t in found.get("technicians") or () if t.get("id") != summary.get("technician_id") and not (unwanted and _same(t, unwanted))]
    cheap = "cheaper" in scene.heard.wishes
    if cheap:
        price = summary.get("price_mad") or 0
        people = sorted((t for t in people if (t.get("price_mad") or 0) < price), key=lambda t: t.get("price_mad") or 0)
    waiting = summary.get("without_hurry_mad") if cheap else None
    slower = scene.tail("price.without_hurry", price=scene.money(waiting)) if waiting else ""
    if not people:
        key = "search.nobody_cheaper" if cheap else "search.nobody_else"
        return scene.say(key, awaiting="confirm", options=_answers(scene), **words(scene, summary))
    key = "search.cheaper" if cheap else "search.others"
    return scene.say(key, awaiting="choice", options=scene.technicians(people), slower=slower, **listing(scene, found, people, summary.get("start")))


def soonest(scene: Scene, where: Where) -> Steps:
    """Now means the first moment somebody is free."""
    spot = {"service": scene.draft["service"], "city": where["city"], "district": where.get("district")}
    found = yield Call("find_slots", {**spot, "start": soon(scene.now, 0), "technician_id": scene.draft.get("technician_id")})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    slots = list(found.get("slots") or ())
    if not slots:
        return scene.say("errors.no_technician", trade=scene.trade(scene.draft["service"]), place=scene.place(where["city"], None))
    return (yield from propose(scene, where, str(slots[0]["start"])))


def choose_slot(scene: Scene, where: Where) -> Steps:
    """A vague time was said: the free moments that fit it."""
    when = scene.when(scene.draft)
    spot = {"service": scene.draft["service"], "city": where["city"], "district": where.get("district")}
    start = when.window[0].strftime("%Y-%m-%dT%H:%M") if when.window and when.day is None else None
    day = when.day.isoformat() if when.day else None
    named = yield from _named_technician(scene, spot)
    wish = {"technician_id": scene.draft.get("technician_id") or named.get("id"), "issue": scene.draft.get("issue")}
    found = yield Call("find_slots", {**spot, "day": day, "start": start, "part": when.part, **wish})
    if not found.get("ok"):
        return (yield from trouble(scene, found))
    slots = list(found.get("slots") or ())[:MOST]
    if not slots:
        return scene.say("booking.no_slots", awaiting="time")
    if lacking := found.get("no_specialist"):
        lacks: dict[str, Any] = {"skill": scene.skill(lacking["skill"]), "trade": scene.trade(scene.draft["service"])}
        return scene.say("booking.choose_slot_general", awaiting="choice", options=scene.slots(slots), slots=listed(scene, slots), **lacks)
    if named:
        theirs = scene.person(named.get("name"))
        return scene.say("booking.choose_slot_of", awaiting="choice", options=scene.slots(slots), slots=listed(scene, slots), technician=theirs)
    return scene.say("booking.choose_slot", awaiting="choice", options=scene.slots(slots), slots=listed(scene, slots))


def _named_technician(scene: Scene, spot: Mapping[str, Any]) -> Generator[Call, Result, Mapping[str, Any]]:
    """Who was asked for by name, where somebody of that name does the trade there; {} for nobody."""
    name = scene.draft.get("technician")
    if not name or scene.draft.get("technician_id"):
        return {}
    found = yield Call("find_technicians", {**spot, "technician": name})
    people = [t for t in found.get("technicians") or () if isinstance(t, Mapping)]
    return people[0] if people and _same(people[0], name) else {}


def confirm(scene: Scene, proposal_id: int) -> Steps:
    summary = scene.state.proposal.summary if scene.state.proposal else {}
    result = yield Call("confirm_proposal", {"proposal_id": proposal_id})
    if result.get("ok"):
        ref = (result.get("booking") or {}).get("ref")
        if ref and (said := scene.before.draft.get("note")):  # on the way to this yes
            yield Call("note_for_visit", {"note": said, "ref": ref})
        return _and_then(scene, sent(scene, result))
    if result.get("error") == "proposal_gone":
        where = {k: summary.get(k) for k in ("city", "district", "address")}
        if summary.get("start") and summary.get("city") and scene.draft.get("service"):
            return (yield from propose(scene, where, str(summary["start"])))
        return scene.say("errors.proposal_gone", over=True)
    if result.get("error") == "verify_needed":
        return (yield from prove(scene, result))
    return (yield from trouble(scene, result))


def sent(scene: Scene, result: Result) -> Say:
    job, offer = result.get("booking") or {}, result.get("offer") or {}
    words_of_job = scene.job(job)
    extra = {"ref": job["ref"]} if job.get("ref") else {}
    if offer.get("technician"):
        minutes = scene.minutes(offer.get("minutes") or 15)
        words_of_job = {**words_of_job, "technician": scene.person(offer["technician"]), "minutes": minutes}
        if result.get("careful") in CAREFUL and not scene.state.alarmed:  # whoever was in danger has heard what to do already
            return scene.say("booking.sent_careful", over=True, extra=extra, **words_of_job, careful=scene.text(f"booking.until_{result['careful']}"))
        return scene.say("booking.sent", over=True, extra=extra, **words_of_job)
    return scene.say("booking.sent_plain", over=True, extra=extra, **words_of_job)


def _and_then(scene: Scene, said: Say) -> Say:
    """What was said beside the yes is kept with the visit; a second job that the same message asked for is arranged next."""
    beside = scene.heard.leans is True and not scene.heard.yes
    if beside and (asides.for_the_visit(scene.heard.text) or answers.says("address", scene.heard.text)):  # "yes, and the code is 4521"
        return replace(said, extra={**said.extra, "behind": "note"})
    also = scene.draft.get("also")
    return replace(said, extra={**said.extra, "next": {"service": also, "second": True}, "behind": "booking"}) if also else said


def drop(scene: Scene) -> Steps:
    """Half-way through, the person wants nothing after all."""
    proposal = scene.open("booking")
    if proposal is not None:
        yield Call("decline_proposal", {"proposal_id": proposal.id})
    said = scene.say("booking.dropped", over=True)
    return Say(said.key, said.params, None, (), "booking", True, {})


def new_time(scene: Scene) -> Generator[Call, Result, Say]:
    """ "Another time" was tapped."""
    said = scene.say("booking.ask_new_time", awaiting="time")
    return Say(said.key, said.params, said.awaiting, (), "booking")
    yield Call("")  # a flow is a generator, also one that needs no tool
