"""A technician's side, by SMS: answers to offers, where they are, what they earned. Short words, few turns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.brain import answers
from bot.brain.act import Call, Result, Say, Steps
from bot.brain.flows.shared import MOST, plain, trouble
from bot.brain.scene import Scene
from bot.brain.sides import Side
from bot.brain.transcript import moment
from bot.brain.understanding.entities.span import span_of_days
from bot.brain.understanding.entities.time import clock_times
from bot.brain.worker_words import worker_says
from domain import geo
from domain.scheduling.when import PARTS, at
from prompts import wording

NOTHING = ("no_offer",)
SURE_ENOUGH = 0.6  # of a reading that says no, to take a job away that is theirs


def accept(scene: Scene) -> Steps:
    return (yield from _accept(scene, None))


def _accept(scene: Scene, ref: str | None) -> Steps:
    result = yield from _answer(scene, "accept", ref=ref)
    if isinstance(result, Say):
        return result
    return scene.say("technician_flow.accepted", over=True, extra={"ref": result.get("ref")}, ref=str(result.get("ref")), when=_when(scene, result))


def decline(scene: Scene) -> Steps:
    reason = scene.heard.text if len(scene.heard.text.split()) > 2 else None
    result = yield from _answer(scene, "decline", reason=reason)
    if isinstance(result, Say):
        if result.key == "technician_flow.no_offer":  # a job that is theirs already; a guess takes nobody's job away
            return (yield from (_cannot_come if _surely_refuses(scene) else unclear)(scene))
        return result
    return scene.say("technician_flow.declined", over=True, ref=str(result.get("ref")))


def _surely_refuses(scene: Scene) -> bool:
    heard = scene.heard
    return heard.reading.confidence >= SURE_ENOUGH or heard.no or heard.leans is False or worker_says("cannot", heard.text)


def _cannot_come(scene: Scene) -> Steps:
    """No open offer: a job that is theirs is given back, so that somebody else is asked at once."""
    mine = yield Call("my_jobs")
    jobs = [j for j in mine.get("jobs") or () if j.get("status") == "confirmed"]
    day = scene.when(scene.change).day
    fits = [j for j in jobs if day and str(j.get("start") or "")[:10] == day.isoformat()] or jobs
    ref = scene.change.get("ref") or (fits[0].get("ref") if len(fits) == 1 else None)
    if not fits:
        return scene.say("technician_flow.no_offer", over=True)
    if not ref:
        return scene.say("technician_flow.which", awaiting="booking", options=scene.jobs(fits[:MOST]))
    result = yield Call("answer_offer", {"answer": "decline", "ref": ref, "reason": scene.heard.text[:300] or None})
    if result.get("ok"):
        return scene.say("technician_flow.given_back", over=True, ref=str(ref))
    done = yield Call("escalate_to_human", {"reason": "other", "priority": "high", "note": scene.heard.text[:300] or None, "ref": ref})
    return scene.say("technician_flow.person_called" if done.get("ok") else "errors.try_later", over=True)


def give_back(scene: Scene) -> Steps:
    """A job that is theirs, which they cannot do after all; with none, an offer is refused."""
    mine = yield Call("my_jobs")
    if any(j.get("status") == "confirmed" for j in mine.get("jobs") or ()):
        return (yield from _cannot_come(scene))
    return (yield from decline(scene))


def that_job(scene: Scene) -> Steps:
    """ "I can't do Saturday's": the job of that day is given back; where there is none, or are several, they are away that day."""
    mine = yield Call("my_jobs")
    day = scene.when(scene.change).day
    theirs = [j for j in mine.get("jobs") or () if j.get("status") == "confirmed" and day and str(j.get("start"))[:10] == day.isoformat()]
    return (yield from (_cannot_come if len(theirs) == 1 else unavailable)(scene))


def _person(reason: str) -> Callable[[Scene], Steps]:
    """Trouble with a client that only a person can settle."""

    def flow(scene: Scene) -> Steps:
        told = {"reason": reason, "priority": "high", "note": scene.heard.text[:300], "ref": scene.change.get("ref")}
        done = yield Call("escalate_to_human", told)
        return scene.say("technician_flow.person_called" if done.get("ok") else "errors.try_later", over=True)

    return flow


def new_price(scene: Scene) -> Steps:
    """How more is asked for a bigger job; an offer that waits is still to be answered."""
    mine = yield Call("my_jobs")
    offers = list(mine.get("offers") or ())
    more = scene.tail("technician_flow.answer_offer", ref=str(offers[0].get("ref"))) if len(offers) == 1 else ""
    return scene.say("technician_flow.new_price", over=True, answer=more)


def other_time(scene: Scene) -> Steps:
    """Another time for an offer; an hour alone is on the offered day."""
    said = scene.change
    if not said.get("time") and not said.get("date"):
        return scene.say("technician_flow.ask_time", awaiting="time")
    mine = yield Call("my_jobs")
    offers = list(mine.get("offers") or ())
    ref = said.get("ref") or (offers[0].get("ref") if len(offers) == 1 else None)
    offer = next((o for o in offers if o.get("ref") == ref), offers[0] if offers else {})
    start = str(offer.get("start") or "")
    slots = {"date": said.get("date") or start[:10] or None, "time": said.get("time") or (start[11:16] or None)}
    when = scene.when(slots)
    if not said.get("date") and when.start is not None and when.start < scene.now:
        when = scene.when({"time": said.get("time")})
    if when.start is None:
        return scene.say("technician_flow.ask_hour", awaiting="time")
    if not offers and mine.get("ok"):
        return scene.say("technician_flow.no_offer", over=True)
    moment = when.start.strftime("%Y-%m-%dT%H:%M")
    if moment == start[:16]:  # the hour we offered: another is meant, or it is taken, or only that it does not suit is known
        others = [hour for hour in clock_times(scene.heard.text) if hour != start[11:16]]
        if len(others) == 1:
            moment = f"{start[:11]}{others[0]}"
        elif (scene.heard.intents[0] == "propose_time" and scene.heard.leans is not True) or worker_says("cannot", scene.heard.text):
            return scene.say("technician_flow.ask_time", awaiting="time")
        else:
            return (yield from _accept(scene, ref))
    result = yield from _answer(scene, "other_time", start=moment, ref=ref)
    if isinstance(result, Say):
        return result
    return scene.say("technician_flow.countered", over=True, extra={"ref": result.get("ref")}, ref=str(result.get("ref")), when=scene.moment(moment))


def as_offered(scene: Scene) -> Steps:
    """The hour they asked for is given up: the offered one is taken."""
    return (yield from _accept(scene, scene.state.ref))


def _answer(scene: Scene, answer: str, **more: Any) -> Any:
    ref = more.pop("ref", None) or scene.change.get("ref")
    result = yield Call("answer_offer", {"answer": answer, "ref": ref, **more})
    if result.get("ok"):
        return result
    code = result.get("error")
    if code == "which_offer":
        offers = list(result.get("offers") or result.get("bookings") or ())
        if not offers:
            mine = yield Call("my_jobs")
            offers = list(mine.get("offers") or ())
        if meant := _offer_meant(scene, offers, scene.change):
            result = yield Call("answer_offer", {"answer": answer, "ref": meant.get("ref"), **more})
            return result if result.get("ok") else scene.say("technician_flow.no_offer", over=True)
        return scene.say("technician_flow.which", awaiting="booking", options=scene.jobs(offers[:MOST]))
    if code in ("no_offer", "no_booking"):
        return scene.say("technician_flow.no_offer", over=True)
    if code == "slot_taken":
        return scene.say("technician_flow.busy_then", over=True)
    if code in ("in_the_past", "too_far_ahead"):
        return scene.say("technician_flow.ask_time", awaiting="time")
    return (yield from trouble(scene, result))


def each(scene: Scene) -> Steps:
    """Of several offers some taken and some refused in one message: every one is answered, those taken first."""
    mine = yield Call("my_jobs")
    offers = list(mine.get("offers") or ())
    sides = scene.heard.sides or [Side(scene.heard.leans is True, {"ref": o.get("ref")}) for o in offers]  # "yes, both"
    meant = {id(side): _offer_meant(scene, offers, side.slots) for side in sides}
    if any(side.takes and meant[id(side)] is None and {"date", "time"} & side.slots.keys() for side in sides):
        return (yield from other_time(scene))  # "10 is full, I can at 4"
    rest = [o for o in offers if o not in meant.values()]
    taken: list[str] = []
    refused: list[str] = []
    when = ""
    for side in sorted(sides, key=lambda side: not side.takes):
        offer = meant[id(side)] or (rest[0] if not side.slots and len(rest) == 1 else None)
        if offer is None:
            continue
        reason = None if side.takes else scene.heard.text[:300]
        result = yield from _answer(scene, "accept" if side.takes else "decline", ref=offer.get("ref"), reason=reason)
        if isinstance(result, Say):
            return result
        (taken if side.takes else refused).append(str(offer.get("ref")))
        when = when or _when(scene, result)
    if not taken and not refused:
        return scene.say("technician_flow.which", awaiting="booking", options=scene.jobs(offers[:MOST])) if offers else (yield from unclear(scene))
    if not taken:
        return scene.say("technician_flow.declined", over=True, ref=", ".join(refused))
    if not refused:
        return scene.say("technician_flow.accepted", over=True, extra={"ref": taken[0]}, ref=", ".join(taken), when=when)
    return scene.say("technician_flow.each", over=True, extra={"ref": taken[0]}, ref=", ".join(taken), when=when, refs=", ".join(refused))


def _offer_meant(scene: Scene, offers: Sequence[Mapping[str, Any]], said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The only offer that has the reference, the trade, the place, the day or the hour that was said; None where they name none or several."""
    if named := said.get("ref"):
        return next((o for o in offers if o.get("ref") == named), None)
    day = scene.when(said).day if said.get("date") else None
    hints: list[Callable[[Mapping[str, Any]], bool]] = [lambda o, k=k: o.get(k) == said[k] for k in ("service", "city") if said.get(k)]  # type: ignore[misc]
    if said.get("district"):
        hints.append(lambda o: bool(o.get("district")) and geo.same_district(str(o["district"]), str(said["district"])))
    if day:
        hints.append(lambda o: str(o.get("start"))[:10] == day.isoformat())
    if said.get("time") in PARTS:
        opens, closes = PARTS[said["time"]]
        hints.append(lambda o: opens <= moment(o.get("start")).time() < closes)
    elif said.get("time"):
        hints.append(lambda o: str(o.get("start"))[11:16] == said["time"])
    fits = [o for o in offers if all(hint(o) for hint in hints)] if hints else []
    return fits[0] if len(fits) == 1 else None


def _when(scene: Scene, result: Mapping[str, Any]) -> str:
    return scene.moment(str(result["start"])) if result.get("start") else ""


def _state(state: str, key: str) -> Callable[[Scene], Steps]:
    def flow(scene: Scene) -> Steps:
        minutes = answers.minutes(scene.heard.text) if state in ("late", "en_route") else None
        amount = scene.change.get("amount") if state == "done" else None
        result = yield Call("update_job", {"state": state, "ref": scene.change.get("ref"), "minutes": minutes, "amount_mad": amount})
        if result.get("error") == "which_booking":
            return scene.say("technician_flow.which", awaiting="booking", options=scene.jobs(list(result.get("bookings") or ())[:MOST]))
        if result.get("error") == "no_booking":
            return scene.say("technician_flow.no_job", over=True)
        if result.get("error") == "bad_amount":  # more than the client agreed to: they are asked first
            return (yield from _ask_client(scene, amount))
        told_before = result.get("error") == "not_allowed_now" and result.get("status") == state and state in ("en_route", "arrived")
        if not result.get("ok") and not told_before:
            return (yield from trouble(scene, result))
        ref = str(result.get("ref") or scene.change.get("ref") or scene.state.ref or "")
        if state == "done" and amount is None and result.get("final_mad") is None:
            return scene.say("technician_flow.ask_amount", awaiting="amount", extra={"ref": ref}, ref=ref)
        if state == "done":
            return scene.say("technician_flow.done", over=True, ref=ref, price=scene.money(result.get("final_mad") or amount))
        return scene.say(f"technician_flow.{key}", over=True, extra={"ref": ref}, ref=ref)

    return flow


def position(scene: Scene) -> Steps:
    """A place shared on the way: the client is told a nearer arrival when they ask."""
    pin = {name: scene.heard.slots.get(name) for name in ("lat", "lon")}
    if None in pin.values():
        return scene.say("technician_flow.unclear", over=True)
    result = yield Call("update_job", {"state": "position", **pin})
    if not result.get("ok"):  # at no job's way: a place alone means nothing
        return scene.say("technician_flow.unclear", over=True)
    return scene.say("technician_flow.position", over=True, extra={"ref": result.get("ref")}, ref=str(result.get("ref")))


def amount(scene: Scene) -> Steps:
    """The amount after "finished": known, or the quoted price stays."""
    value = scene.change.get("amount")
    if value is None:
        if scene.before.awaiting == "amount":
            return scene.say("technician_flow.amount_unknown", over=True)
        return scene.say("technician_flow.ask_amount", awaiting="amount", ref=str(scene.state.ref or ""))
    if scene.before.flow == "done" or scene.before.awaiting == "amount":
        result = yield Call("update_job", {"state": "done", "ref": scene.change.get("ref") or scene.state.ref, "amount_mad": value})
        if result.get("ok"):
            return scene.say("technician_flow.done", over=True, ref=str(result.get("ref")), price=scene.money(result.get("final_mad") or value))
    return (yield from _ask_client(scene, value))


def _ask_client(scene: Scene, value: Any) -> Steps:
    result = yield Call("propose_price", {"amount_mad": value, "ref": scene.change.get("ref") or scene.state.ref})
    if result.get("ok"):
        return scene.say("technician_flow.price_sent", over=True, ref=str(result.get("ref")), price=scene.money(result.get("amount_mad") or value))
    if result.get("error") == "which_booking":
        return scene.say("technician_flow.which", awaiting="booking", options=scene.jobs(list(result.get("bookings") or ())[:MOST]))
    if result.get("error") == "no_booking":
        mine = yield Call("my_jobs")
        if mine.get("offers"):  # an amount for what they have not taken yet
            return (yield from new_price(scene))
        return scene.say("technician_flow.no_job", over=True)
    if result.get("error") == "bad_amount":
        return scene.say("technician_flow.ask_amount", awaiting="amount", ref=str(result.get("ref") or ""))
    return (yield from trouble(scene, result))


def details(scene: Scene) -> Steps:
    ref = scene.change.get("ref")
    if scene.change.get("date") and not ref:
        when = scene.when(scene.change)
        that_day = yield Call("my_jobs", {"day": when.day.isoformat() if when.day else None})
        found = [*(that_day.get("jobs") or ()), *(that_day.get("offers") or ())]
        if len(found) != 1:
            return (yield from agenda(scene))
        ref = found[0].get("ref")
    result = yield Call("job_details", {"ref": ref})
    if result.get("error") in ("which_booking", "which_offer"):
        return (yield from agenda(scene))
    if result.get("error") == "no_booking":
        return scene.say("technician_flow.no_job", over=True)
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    job = result.get("booking") or {}
    mine = bool(job.get("client_phone"))
    told: dict[str, dict[str, Any]] = {
        "price": {"price": scene.money(job["price_mad"]) if job.get("price_mad") is not None else None},
        "address": {"address": job.get("address")} if mine else {},
        "client": {"who": " ".join(filter(None, [str(job.get("client_name") or "").title(), job.get("client_phone")]))} if mine else {},
        "issue": {"issue": job.get("issue")},
    }
    more = "".join(scene.tail(f"technician_flow.details_{part}", **known) for part, known in told.items() if known and all(known.values()))
    key = "technician_flow.details" if mine else "technician_flow.details_offer"
    return scene.say(key, over=True, extra={"ref": job.get("ref")}, **{**scene.job(job), "more": more})


def agenda(scene: Scene) -> Steps:
    when = scene.when(scene.change)
    result = yield Call("my_jobs", {"day": when.day.isoformat() if when.day else None})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    jobs = [*(result.get("jobs") or ()), *(result.get("offers") or ())]
    if not jobs:
        return scene.say("technician_flow.nothing_booked", over=True)
    if when.day is not None and result.get("route"):
        return _day(scene, when.day, jobs, result["route"])
    return scene.say("technician_flow.jobs", over=True, lines="\n".join(scene.text("technician_flow.line", **scene.job(j)) for j in jobs[:MOST]))


def _day(scene: Scene, day: date, jobs: list[Mapping[str, Any]], route: Mapping[str, Any]) -> Say:
    """A full day in the order of its route, the day and the town said once, and whether the promised hours leave time for the ways."""
    order = list(route["order"])
    jobs = sorted(jobs, key=lambda job: order.index(job["ref"]) if job["ref"] in order else len(order))[:MOST]
    towns = {job.get("city") for job in jobs}
    visits = []
    for job in jobs:
        where = wording.district_name(job.get("district"), scene.locale, job.get("city")) if len(towns) == 1 else ""
        visits.append(scene.text("technician_flow.visit", **scene.job(job) | ({"place": where} if where else {})))
    way = scene.text("technician_flow.way" if route["kept"] else "technician_flow.way_tight", minutes=scene.minutes(route["travel_minutes"]))
    return scene.say("technician_flow.day", over=True, day=scene.day(f"{day.isoformat()}T12:00"), visits="\n".join(visits), way=way)


def available(scene: Scene) -> Steps:
    """With an offer waiting, "I'm only free in the afternoon" asks for another hour."""
    if scene.heard.slots.get("time"):
        mine = yield Call("my_jobs")
        if mine.get("offers"):
            return (yield from other_time(scene))
    return (yield from _availability(scene, True))


def unavailable(scene: Scene) -> Steps:
    """With an offer waiting, "I can't, I'm on a site" answers the offer; with another hour in it, it is a counter-offer."""
    if _days_off(scene) is None and (not scene.heard.slots.get("date") or scene.heard.slots.get("time")):
        mine = yield Call("my_jobs")
        if mine.get("offers"):
            return (yield from (other_time if scene.heard.slots.get("time") else decline)(scene))
    return (yield from _availability(scene, False))


def _availability(scene: Scene, free: bool) -> Steps:
    when = scene.when(scene.change)
    span = when.window if scene.change.get("date") or scene.change.get("time") else None
    if span is not None and when.start is not None and when.part is None and not free:
        span = (when.start, when.start.replace(hour=23, minute=59))  # "busy from 3 on": the rest of that day
    if span is not None and not free and answers.says("until", scene.heard.text):
        span = (scene.now, span[1])
    if days := _days_off(scene):
        span = (at(days[0], time()), at(days[1] + timedelta(days=1), time()))
    moments: dict[str, Any] = {"start": span[0].strftime("%Y-%m-%dT%H:%M"), "end": span[1].strftime("%Y-%m-%dT%H:%M")} if span else {}
    result = yield Call("set_availability", {"available": free, **moments})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    if free:
        return scene.say("technician_flow.available", over=True)
    mine = yield Call("my_jobs")
    declined = yield from _decline(scene, _within(mine.get("offers"), span) if span else [])
    kept = [str(j.get("ref")) for j in _within(mine.get("jobs"), span) if j.get("status") == "confirmed"]
    still = scene.tail("technician_flow.still_yours", refs=", ".join(kept[:MOST])) if kept else ""
    if not result.get("until"):
        return scene.say("technician_flow.unavailable", over=True, still=still)
    until = scene.moment(str(result["until"]))
    if declined:
        return scene.say("technician_flow.declined_until", over=True, refs=", ".join(declined), until=until, still=still)
    return scene.say("technician_flow.unavailable_until", over=True, until=until, still=still)


def _days_off(scene: Scene) -> tuple[date, date] | None:
    """The first and last day they name; with an hour said, two numbers are hours."""
    return None if scene.heard.slots.get("time") else span_of_days(scene.heard.text, scene.now)


def _within(jobs: Sequence[Mapping[str, Any]] | None, span: tuple[datetime, datetime] | None) -> list[Mapping[str, Any]]:
    """Those that begin in the span; all of them where it has no end."""
    return [j for j in jobs or () if span is None or span[0] <= moment(j.get("start")) <= span[1]]


def _decline(scene: Scene, offers: Sequence[Mapping[str, Any]]) -> Generator[Call, Result, list[str]]:
    """Who is away then answers the offers that wait for that time, so that somebody else is asked at once."""
    declined = []
    for offer in offers[:MOST]:
        ref = str(offer.get("ref"))
        done = yield Call("answer_offer", {"answer": "decline", "ref": ref, "reason": scene.heard.text[:300] or None})
        if done.get("ok"):
            declined.append(ref)
    return declined


def earnings(scene: Scene) -> Steps:
    result = yield Call("my_earnings")
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    words: dict[str, Any] = {k: scene.money(result.get(f"{k}_mad")) for k in ("gross", "commission", "net")}
    return scene.say("technician_flow.earnings", over=True, month=str(result.get("month") or ""), jobs=str(result.get("jobs") or 0), **words)


def through_us(scene: Scene) -> Steps:
    """A job that came through us is paid for through us."""
    return (yield from plain(scene, "technician_flow.through_us"))


def price_waits(scene: Scene) -> Steps:
    """The client's yes to a new price comes from the client."""
    return (yield from plain(scene, "technician_flow.price_waits"))


def greet(scene: Scene) -> Steps:
    mine = yield Call("my_jobs")
    offers = list(mine.get("offers") or ())
    if offers:
        return scene.say("technician_flow.greet_offer", **scene.job(offers[0]))
    return scene.say("technician_flow.greet", over=True)


def unclear(scene: Scene) -> Steps:
    """Another hour, however it was put, answers an offer that waits."""
    if {"date", "time"} & set(scene.heard.slots):
        mine = yield Call("my_jobs")
        if mine.get("offers"):
            return (yield from other_time(scene))
    return scene.say("technician_flow.unclear", over=True)


FLOWS: Mapping[str, Callable[[Scene], Steps]] = {
    "accept": accept,
    "decline": decline,
    "each": each,
    "other_time": other_time,
    "as_offered": as_offered,
    "en_route": _state("en_route", "en_route"),
    "arrived": _state("arrived", "arrived"),
    "done": _state("done", "done"),
    "late": _state("late", "late"),
    "client_absent": _state("client_absent", "client_absent"),
    "position": position,
    "amount": amount,
    "details": details,
    "agenda": agenda,
    "available": available,
    "unavailable": unavailable,
    "earnings": earnings,
    "give_back": give_back,
    "that_job": that_job,
    "unpaid": _person("payment"),
    "attacked": _person("abuse"),
    "client_leaves": _person("other"),
    "price_waits": price_waits,
    "new_price": new_price,
    "through_us": through_us,
    "greet": greet,
    "unclear": unclear,
}
