"""Takes what a message brings into the state: new values, chosen options, corrections, and what they make obsolete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.brain import answers, asides, orders
from bot.brain.hear import Heard
from bot.brain.route import ARRANGE, CHANGE, JOB
from bot.brain.state import PLACE, State
from bot.brain.understanding.danger import find_hazard
from domain import geo

DRAFT_SLOTS = ("service", "city", "district", "address", "lat", "lon", "date", "time", "technician", "without", "also", "quantity", "urgency", "name")
CHANGE_SLOTS = ("ref", "date", "time", "technician", "service", "amount", "stars", "city", "district")
PROBLEM_INTENTS = {"book_service", "ask_price", "find_technician", "check_availability"}
WORDS_OF_A_PLACE = 5


def take(state: State, heard: Heard, flows: tuple[str, ...], facts: Mapping[str, Any], later: tuple[str, ...] = ()) -> State:
    """The state once the message is heard and it is known which flows answer it, and which `later`."""
    main = next((f for f in flows if f in JOB or f in CHANGE), None)
    if facts.get("role") == "technician":
        return _technicians(state, heard, flows)
    brought = {**heard.slots, **chosen(heard)}
    if main in CHANGE and (new := next((f for f in later if f in JOB), None)):  # what was said is of the new job beside it
        state = replace(state, change=_changed(state, {k: brought[k] for k in ("ref",) if k in brought}, main))
        return _drafted(state, heard, brought, new, facts)
    if main in CHANGE:
        return replace(state, change=_changed(state, brought, main))
    if main in JOB or main is None:
        return _drafted(state, heard, brought, main, facts)
    return state


def _technicians(state: State, heard: Heard, flows: tuple[str, ...]) -> State:
    """A technician speaks of one job at a time; what was said of another is dropped."""
    going_on = bool(state.awaiting) and state.flow in (*flows, "done", "amount", "offer", "other_time")
    before = dict(state.change) if going_on else {}
    brought = {**heard.slots, **chosen(heard)}
    return replace(state, change={**before, **{k: brought[k] for k in CHANGE_SLOTS if k in brought}})


def chosen(heard: Heard) -> dict[str, Any]:
    """What a tapped or named option means as slots."""
    kind, _, value = heard.payload.partition(":")
    if kind == "tech":
        number, _, name = value.partition("|")
        return {"technician_id": int(number), "technician": name} if number.isdigit() else {}
    if kind == "slot":
        start, number, name = (*value.split("|"), "", "")[:3]
        found: dict[str, Any] = {"date": start[:10], "time": start[11:16]} if len(start) >= 16 else {}
        return {**found, **({"technician_id": int(number), "technician": name} if number.isdigit() else {})}
    if kind == "hour":
        return {"time": value}
    if kind in ("ref", "city", "district", "service"):
        return {kind: value}
    if kind == "stars" and value.isdigit():
        return {"stars": int(value)}
    return {}


def _changed(state: State, brought: Mapping[str, Any], flow: str) -> dict[str, Any]:
    """A change that begins anew forgets the last one, except which booking is spoken of."""
    before = dict(state.change) if state.flow in CHANGE else {}
    if flow != state.flow and state.flow in CHANGE:
        before = {k: before[k] for k in ("ref",) if k in before}
    if brought.get("ref") and before.get("ref") not in (None, brought["ref"]):
        before = {}
    return {**before, **{k: brought[k] for k in CHANGE_SLOTS if k in brought}}


def _drafted(state: State, heard: Heard, brought: dict[str, Any], flow: str | None, facts: Mapping[str, Any]) -> State:
    draft = dict(state.draft)
    new = {k: brought[k] for k in (*DRAFT_SLOTS, "technician_id") if k in brought}
    fresh = state.flow not in JOB
    if state.flow == "danger" and draft.get("hazard") and draft.get("service") and not orders.has("wanted", heard.text):
        new.pop("service", None)  # "my son is in the shower": amid sparks it is still the electrician
    of_a_price = heard.intents == ("ask_price",) or "cheaper" in heard.wishes
    if of_a_price and state.flow in ARRANGE and draft.get("service") and not orders.has("wanted", heard.text):
        new.pop("service", None)  # what another thing costs, or whether its pipes are in the price: the visit stays what it is
    service = new.get("service")
    if service and draft.get("service") not in (None, service):
        gone = ("issue", "technician", "technician_id", "quantity", "cheapest", *(("date", "time") if fresh else ()))
        draft = {k: v for k, v in draft.items() if k not in gone}
    if fresh and flow in JOB and state.flow is None and state.key.startswith("booking.") and not service:
        draft.pop("technician_id", None)
    if _accepts_profile(state, heard, new):
        # "the same place", just after a job was arranged, is the place of that job
        usual = {} if draft.get("city") else facts.get("place") or {}
        new |= {k: v for k, v in usual.items() if v and k not in new}
    elif state.awaiting == "place" and flow in JOB and not any(k in new for k in ("city", "district", "lat", "lon")):
        new |= _words_as_place(heard, draft, facts)
    if state.key == "booking.which_city" and not {"city", "lat"} & set(new):
        new |= _likeliest_town(draft, new, heard)
    if state.key == "booking.ask_district" and flow in JOB and not ({"district", "lat"} & set(new)):
        new["district_unsaid"] = True  # asked once; the town will do
    _forget_place(draft, new)
    if {"technician", "without"} & set(new) and "technician_id" not in new:
        draft.pop("technician_id", None)
    if "without" in new:
        draft.pop("technician", None)
    elif {"technician", "technician_id"} & set(new):
        draft.pop("without", None)
    unnamed = state.proposal is None and not state.offered
    if "cheaper" in heard.wishes and unnamed and (state.flow in JOB or state.key.startswith("price.")):
        new["cheapest"] = True  # nobody is named yet: who is proposed will be
    if state.awaiting == "choice" and "any" in heard.wishes:
        new = _first_offered(state) | new
    draft |= new
    if flow == "danger" and heard.reading.danger and (hazard := find_hazard(heard.text)):
        draft["hazard"] = hazard
    if flow == "booking" == state.flow and state.awaiting in ("choice", "confirm", "time") and _passes_on(heard):
        draft["note"] = heard.line(200)
    if heard.text and flow in JOB and _tells_problem(state, heard, draft):
        draft["issue"] = heard.line(200)
    return replace(state, draft=draft)


def _passes_on(heard: Heard) -> bool:
    """Whether something is to be passed on to who comes, beside what we asked: "ok 7pm, and tell him to park behind"."""
    return bool(heard.text) and asides.for_the_visit(heard.text, "technician" in heard.slots)


def _first_offered(state: State) -> dict[str, Any]:
    """Whoever and whenever: the first moment or technician of our list."""
    if state.options and str(state.options[0].get("payload", "")).startswith("slot:"):
        return chosen(Heard(option=state.options[0]))
    return {"technician_id": state.offered[0].get("id")} if state.offered else {}


def _tells_problem(state: State, heard: Heard, draft: Mapping[str, Any]) -> bool:
    if state.awaiting == "service":
        return True
    wants = bool(PROBLEM_INTENTS & set(heard.intents)) or orders.complete(heard.reading, heard.text)
    return not draft.get("issue") and wants and len(heard.text.split()) >= 3


def _accepts_profile(state: State, heard: Heard, new: Mapping[str, Any]) -> bool:
    """A yes to "in Maarif as always?", or an answer to the rest of that question that does not speak of a place."""
    if any(k in new for k in ("city", "district", "lat", "lon")):
        return False
    if "same_place" in heard.wishes or heard.payload == "place:profile":
        return True
    asked = state.awaiting == "place" and state.key.startswith("booking.ask_place_known")
    return asked and (heard.yes or heard.intents[0] == "affirm" or "time" in new or "date" in new)


def _words_as_place(heard: Heard, draft: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A district we do not know is taken as written, once the city is known: the technician will know it."""
    if "name" in heard.slots:
        return {}
    city = draft.get("city") or (facts.get("place") or {}).get("city")
    folded = answers.fold(heard.text)
    short = 1 <= len(folded.split()) <= WORDS_OF_A_PLACE and any(c.isalpha() for c in folded)
    plain = heard.intents[0] in ("inform", "correct", "book_service", "find_technician") and not heard.wishes and not heard.yes and not heard.no
    if not (city and short and plain) or heard.slots.get("service") or heard.slots.get("time") or heard.slots.get("date"):
        return {}
    return {"city": city, "district": heard.line(40).lower()}


def _likeliest_town(draft: Mapping[str, Any], new: Mapping[str, Any], heard: Heard) -> dict[str, Any]:
    """Asked which town, they only said the district again: the largest that has it, which our next words name."""
    district = new.get("district") or (draft.get("district") if heard.wishes & {"nothing_known", "any"} else None)
    homes = geo.cities_of(str(district)) if district else []
    return {"city": homes[0][0]} if homes and district == draft.get("district") else {}


def _forget_place(draft: dict[str, Any], new: Mapping[str, Any]) -> None:
    """A new city makes the old district false, a new district the old street and pin."""
    if "lat" in new:
        for name in ("city", "district", "address"):
            draft.pop(name, None)
        return
    city = new.get("city")
    if city and draft.get("city") not in (None, city):
        for name in (*PLACE, "district_unsaid"):
            draft.pop(name, None)
    district = new.get("district")
    if district and draft.get("district") not in (None, district):
        for name in ("address", "lat", "lon"):
            draft.pop(name, None)
    if district and not city and draft.get("city") and geo.cities_of(str(district)) and not geo.district_in(str(draft["city"]), str(district)):
        draft.pop("city", None)
