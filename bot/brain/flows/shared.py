"""What several flows need: which booking is meant, proving who writes, and turning a tool's refusal into kind words."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from bot.brain import answers, cues, orders
from bot.brain.act import Call, Result, Say, Steps
from bot.brain.scene import Scene
from domain.engagement.reply import Option

Job = Mapping[str, Any]
MOST = 5  # bookings or slots listed at once
SURE = 0.6  # of an order being repeated
WORDS_OF_AN_ORDER = 6

#: Tool errors with words of their own in errors.yaml; any other says errors.try_later.
WORDED = frozenset(
    [
        "no_booking",
        "in_the_past",
        "too_far_ahead",
        "not_allowed_now",
        "already_refunded",
        "already_rated",
        "bad_amount",
        "bad_phone",
        "too_many_codes",
        "no_offer",
        "opted_out",
        "unknown_place",
        "unknown_service",
        "no_technician",
        "bad_code",
        "bad_rating",
    ]
)


def plain(scene: Scene, key: str, **params: Any) -> Steps:
    """Says one entry and is over, for flows that need no tool."""
    return scene.say(key, over=True, **params)
    yield Call("")  # a flow is a generator, also one that needs no tool


def ask_call(tool: str, **args: Any) -> Generator[Call, Result, Result]:
    """One tool call; None arguments are left out."""
    result = yield Call(tool, args)
    return result


def ordered_again(scene: Scene, intent: str) -> bool:
    """Asked whether to do what `intent` orders, who orders it once more has answered; a question, a doubt or a longer story has not."""
    heard = scene.heard
    orders_it = heard.intents == (intent,) or (heard.intents == ("affirm",) and intent in cues.named(heard.text)[0])
    plain = orders_it and heard.reading.confidence >= SURE and len(heard.text.split()) <= WORDS_OF_AN_ORDER
    asked = scene.before.awaiting == "confirm" and scene.before.flow == scene.flow and not scene.resuming
    return plain and asked and heard.leans is not False and not heard.wishes and not answers.hedged(heard.text)


def orders_anew(scene: Scene) -> Generator[Call, Result, bool]:
    """Whether what was read as a change of a booking orders a new one.

    That is so for a trade that nobody is booked for and, with nothing booked, for a place or a time of the job just spoken of.
    Words that name the change outright ("move", "cancel") are believed.
    """
    slots = scene.heard.slots
    if "ref" in slots or scene.open("reschedule") or scene.heard.option is not None or cues.named(scene.heard.text)[0]:
        return False
    service = slots.get("service")
    spoken_of = scene.before.draft.get("service") and {"date", "time", "city", "district"} & set(slots)
    if not service and not spoken_of:
        return False
    result = yield Call("list_bookings", {"which": "live"})
    booked = {j.get("service") for j in result.get("bookings") or () if isinstance(j, Mapping)}
    return bool(result.get("ok")) and (service not in booked if service else not booked)


def cannot_that_day(scene: Scene) -> Generator[Call, Result, bool]:
    """Whether what was read as an order tells that a visit of that day and trade, or of that technician, does not suit: one that is booked."""
    slots = scene.heard.slots
    if "date" not in slots or not {"technician", "service"} & slots.keys() or not orders.has("cannot", scene.heard.text):
        return False
    result = yield Call("list_bookings", {"which": "live"})
    that_day = [j for j in result.get("bookings") or () if isinstance(j, Mapping) and str(j.get("start") or "")[:10] == slots["date"]]
    return any(str(j.get(name)).casefold() == str(slots[name]).casefold() for j in that_day for name in ("technician", "service") if name in slots)


def trouble(scene: Scene, result: Result) -> Steps:
    """Words for a refusal the flow has no better answer to."""
    code = str(result.get("error") or "")
    if code == "verify_needed":
        return (yield from prove(scene, result))
    if code in ("slot_taken", "outside_hours"):
        return alternatives(scene, result)
    if code in ("in_the_past", "too_far_ahead"):
        return scene.say(f"errors.{code}", awaiting="time")
    if code == "ambiguous_place":
        return which_city(scene, [str(c) for c in result.get("cities") or ()])
    if code == "unknown_place":
        return scene.say("errors.unknown_place", awaiting="place")
    if code == "which_booking":
        return which(scene, list(result.get("bookings") or ()))
    if code == "not_allowed_now":
        status = str(result.get("status") or "")
        return scene.say("errors.not_allowed_now", over=True, status=scene.text(f"track.status_{status}") if _known(scene, status) else "-")
    if code == "no_technician":
        service, city = result.get("service"), result.get("city")
        return scene.say("errors.no_technician", trade=scene.trade(service), place=scene.place(city, None))
    if code in WORDED:
        return scene.say(f"errors.{code}", over=True)
    return scene.say("errors.try_later", over=True, options=(scene.option("talk_to_person", "go:human"),))


def _known(scene: Scene, status: str) -> bool:
    from bot.brain.scene import STATUSES

    return status in STATUSES


def alternatives(scene: Scene, result: Result) -> Say:
    """Other moments, when the one that was asked for is not free."""
    slots = list(result.get("alternatives") or ())[:MOST]
    if not slots:
        return scene.say(f"errors.{result['error']}_none", awaiting="time")
    return scene.say(f"errors.{result['error']}", awaiting="choice", options=scene.slots(slots), slots=listed(scene, slots))


def listed(scene: Scene, slots: Sequence[Mapping[str, Any]]) -> str:
    """Slots as one line of text, a day said once; the options carry the rest."""
    days: dict[str, list[str]] = {}
    for slot in slots:
        days.setdefault(scene.day(str(slot["start"])), []).append(scene.hour(str(slot["start"])))
    comma = scene.text("common.comma")
    return f"{comma} ".join(f"{day}: {f'{comma} '.join(dict.fromkeys(hours))}" for day, hours in days.items())


def which_city(scene: Scene, cities: Sequence[str]) -> Say:
    names = [scene.place(c, None) for c in cities]
    options = tuple(Option(name[:20], f"city:{c}") for c, name in zip(cities, names, strict=True))[:MOST]
    return scene.say("booking.which_city", awaiting="place", options=options, cities=", ".join(names))


def which(scene: Scene, bookings: Sequence[Job], key: str = "changes.which_booking") -> Say:
    found = list(bookings)[:MOST]
    return scene.say(key, awaiting="booking", options=scene.jobs(found))


def prove(scene: Scene, result: Result) -> Steps:
    """A web visitor must show that the phone is theirs: a code by SMS. What they wanted goes on right after."""
    phone = scene.heard.slots.get("phone") or scene.facts.get("claimed_phone")  # the result's own is masked
    if not phone:
        return Say("account.ask_phone", {}, None, (), "verify", False, {"behind": scene.flow})
    sent = yield Call("send_code", {"phone": phone})
    return _code_sent(scene, sent, scene.flow)


def _code_sent(scene: Scene, sent: Result, behind: str | None) -> Say:
    extra = {"behind": behind} if behind else {}
    if sent.get("ok"):
        params = {"phone": str(sent.get("phone") or ""), "minutes": scene.minutes(sent.get("minutes") or 10)}
        return Say("account.code_sent", params, "code", (), "verify", False, extra)
    if sent.get("error") == "too_many_codes":
        return Say("errors.too_many_codes", {}, None, (), "verify", True, {})
    return Say("errors.bad_phone", {}, None, (), "verify", False, extra)


def whose(scene: Scene, list_name: str, fitting: Sequence[str], none_key: str, *, by_date: bool = False) -> Generator[Call, Result, Job | Say]:
    """The client's booking that is meant: named, the only fitting one, the one that fits their words, else asked for."""
    ref = scene.change.get("ref")
    result = yield Call("list_bookings", {"which": list_name})
    if not result.get("ok"):
        return (yield from trouble(scene, result))
    jobs = [j for j in result.get("bookings") or () if isinstance(j, Mapping)]
    if ref:
        named = next((j for j in jobs if str(j.get("ref", "")).upper() == str(ref).upper()), None)
        if named is None:
            found = yield Call("booking_status", {"ref": ref})
            named = found.get("booking") if found.get("ok") else None
        if not named:
            return scene.say("errors.unknown_ref", ref=str(ref), awaiting="booking" if jobs else None, over=not jobs, options=scene.jobs(jobs[:MOST]))
        if fitting and named.get("status") not in fitting:
            return (yield from trouble(scene, {"error": "not_allowed_now", "status": named.get("status")}))
        return named
    fits = [j for j in jobs if not fitting or j.get("status") in fitting]
    if not fits:
        return scene.say(none_key, over=True)
    narrowed = narrow(scene, fits, by_date=by_date)
    if len(narrowed) == 1:
        return narrowed[0]
    if scene.before.awaiting == "booking" and scene.before.flow == scene.flow and not scene.heard.option and len(narrowed) == len(fits):
        return fits[0]  # asked once and not known: the nearest, and the proposal says which
    if scene.state.ref and (spoken := next((j for j in narrowed if j.get("ref") == scene.state.ref), None)):
        return spoken
    return which(scene, narrowed)


def narrow(scene: Scene, jobs: Sequence[Job], *, by_date: bool) -> list[Job]:
    """Keeps the jobs that fit the service, technician, city and (where it names the old appointment) day that were said; all when none does."""
    kept = list(jobs)
    hints = [(k, scene.change[k]) for k in ("service", "technician", "city") if scene.change.get(k)]
    for name, value in hints:
        kept = [j for j in kept if str(j.get(name) or "").casefold() == str(value).casefold()] or kept
    if by_date and (day := scene.when(scene.change).day):
        kept = [j for j in kept if str(j.get("start") or "")[:10] == day.isoformat()] or kept
    return kept
