"""Finds technicians and free times for a client who has not booked yet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from domain import catalog
from domain.clock import to_local, to_utc
from domain.errors import DomainError
from domain.geo import Place
from domain.matching import reasons
from domain.matching.explore import POOL
from domain.matching.rank import Candidate, find
from domain.store import agenda, ranking, roster
from domain.store.people import technicians_named
from domain.store.tables import Booking, Client, Technician
from tools import candidates, exploring, openings, quotes, skilled
from tools.areas import place_of, service_of
from tools.spec import Args, RowId, tool
from tools.turn import Turn
from tools.views import mad
from tools.whose import clients_booking

Part = Literal["morning", "noon", "afternoon", "evening", "night"]


class FindArgs(Args):
    service: str = Field(description="A service id: plumbing, electricity, ...")
    city: str | None = Field(None, description="City id or name; may be left out when the district exists in one city only.")
    district: str | None = None
    start: str | None = Field(None, description='"YYYY-MM-DDTHH:MM", when they must be free then.')
    issue: str | None = Field(None, max_length=500)
    technician: str | None = Field(None, description="A name the person asked for.")
    urgency: Literal["normal", "high", "emergency"] = "normal"
    quantity: int | None = Field(None, ge=1, le=50, description="How many pieces, where the client said it.")


@tool("READ", who="client", personal=False)
def find_technicians(turn: Turn, args: FindArgs) -> dict[str, Any]:
    """The best three technicians for a job, with price, distance, next free time and the reasons (codes, the most telling first: say two at most).

    widened_km: nobody nearer, these are up to this far: say so and ask whether that will do. skill: the special skill that "skilled" is about.
    no_specialist: nobody who has this special skill is free then; these do the trade in general, say so honestly.

    Errors: unknown_service, unknown_place (suggestions), ambiguous_place (cities), no_technician (nearest_km).
    """
    service, place = service_of(args.service), place_of(args.city, args.district)
    start = candidates.read_start(args.start) if args.start else None
    away = roster.not_working(turn.session, start)
    if start is not None:
        candidates.check_moment(turn.market, start, turn.now)
        away |= agenda.busy_at(turn.session, start, 60, now=turn.now, client_id=_asker(turn))
    named = {t.id for t in technicians_named(turn.session, args.technician)} if args.technician else None
    request = openings.described(openings.request_for(service, place, turn.now, start=start, last=_last(turn)), args.issue, args.urgency)
    known, anytime = roster.read(turn.session), openings.request_for(service, place, turn.now)
    order = ranking.order(turn.session, turn.market.learnt.match, turn.now)
    wish = None if named else skilled.wanted(known, anytime, args.issue)
    # with an hour or a name the best is proposed, which is no place to try somebody out
    tries = turn.market.learnt.explore is not None and start is None and not named and wish is None
    slate = find(known.index, request, away=away, only=named or None, k=POOL if tries else 3, order=order)
    slate, lacking = skilled.skilled_first(known, request, slate, wish, away, 3)
    slate = exploring.drawn(turn, slate, 3, emergency=args.urgency == "emergency") if tries else slate
    if not slate.candidates and start is not None:
        anyone = find(known.index, anytime, only=named or None, k=1)
        if anyone.candidates:
            raise DomainError("slot_taken", alternatives=_times(turn, service, place, start, list(named) if named else None, k=3))
    if not slate.candidates:
        raise DomainError("no_technician", service=service, city=place.city, nearest_km=slate.nearest_km)
    shown = [_shown(turn, args, service, place, start, candidate) for candidate in slate.candidates]
    skill = wish.skill if wish is not None and lacking is None else None
    holders = wish.ids if wish is not None else frozenset[int]()
    options = [_option(turn, one, one["id"] in holders) for one in shown]
    listed = [{**one, "reasons": list(codes)} for one, codes in zip(shown, reasons.told(options), strict=True)]
    result: dict[str, Any] = {"technicians": listed, "city": place.city, "district": place.district}
    if lacking is not None:
        result["no_specialist"] = lacking
    if skill is not None:
        result["skill"] = skill
    if slate.widened_km is not None:
        result["widened_km"] = slate.widened_km
    if args.technician:
        result["named_found"] = bool(named)
    return result


def _shown(turn: Turn, args: FindArgs, service: str, place: Place, start: datetime | None, candidate: Candidate) -> dict[str, Any]:
    technician = turn.session.get_one(Technician, candidate.technician_id)
    job: dict[str, Any] = {"issue": args.issue, "urgency": args.urgency, "quantity": args.quantity or 1}
    price = quotes.price(turn.market, technician, service, start=start, now=turn.now, **job)
    free = _times(turn, service, place, start, [technician.id], urgency=args.urgency, k=1)
    return {
        "id": technician.id,
        "name": technician.name,
        "rating": round(technician.rating, 1),
        "jobs": technician.jobs,
        "district": technician.district,
        "distance_km": candidate.distance_km,
        "price_mad": mad(price.likely_mad),
        "next_slot": free[0]["start"] if free else None,
        "reasons": candidate.reasons,
    }


def _times(turn: Turn, service: str, place: Place, near: datetime | None, technicians: list[int] | None, **more: Any) -> list[dict[str, Any]]:
    """Free times of these technicians (None: of anybody), as this person may have them."""
    return openings.slots(
        turn.session, turn.market, service=service, place=place, now=turn.now, near=near, technicians=technicians, client_id=_asker(turn), **more
    )


def _option(turn: Turn, shown: dict[str, Any], skilled: bool) -> reasons.Option:
    free = to_utc(datetime.fromisoformat(shown["next_slot"])) if shown["next_slot"] else None
    wait = (free - turn.now).total_seconds() / 3600 if free is not None else None
    return reasons.Option(shown["reasons"], shown["price_mad"], wait, shown["jobs"], skilled)


class SlotArgs(Args):
    service: str | None = Field(None, description="A service id; not needed with ref.")
    city: str | None = None
    district: str | None = None
    start: str | None = Field(None, description='The wished start "YYYY-MM-DDTHH:MM": the free times nearest to it come back.')
    day: date | None = Field(None, description='"YYYY-MM-DD": only that day.')
    part: Part | None = None
    technician_id: RowId | None = None
    issue: str | None = Field(None, max_length=500, description="The problem, in their words: some need somebody with a special skill.")
    ref: str | None = Field(None, description="A booking to move: times of its own technician.")


@tool("READ", who="client", personal=False)
def find_slots(turn: Turn, args: SlotArgs) -> dict[str, Any]:
    """Free start times (at most five, soonest first) with who comes and the price. other_day: nothing that day, these are the next ones.

    no_specialist: nobody who has the special skill is free then, these do the trade in general.
    """
    near = candidates.read_start(args.start) if args.start else None
    day = args.day or (to_local(near).date() if near is not None and args.part else None)  # "next week, in the afternoon": no afternoon before it
    window = openings.span(day.isoformat() if day else None, args.part, turn.now)
    if near is not None:
        candidates.check_moment(turn.market, near, turn.now)
    asked: dict[str, Any] = {"near": near, "window": window, "technicians": [args.technician_id] if args.technician_id else None}
    asked["client_id"] = _asker(turn)
    if args.ref:
        booking = clients_booking(turn, args.ref, ())
        asked |= _of(booking)
    else:
        if not args.service:
            raise DomainError("bad_arguments", fields=[{"field": "service", "cure": "say which service, or the ref of a booking"}])
        asked |= {"service": service_of(args.service), "place": place_of(args.city, args.district)}
    found, lacking = _skilled_slots(turn, asked, args.issue)
    other_day = False
    if not found and window is not None:
        later = (max(window[1], turn.now), window[1] + timedelta(days=openings.DAYS_AHEAD))
        found, other_day = openings.slots(turn.session, turn.market, now=turn.now, **{**asked, "window": later}), True
    if not found and not args.ref:
        slate = find(roster.index(turn.session), openings.request_for(asked["service"], asked["place"], turn.now), k=1)
        if not slate.candidates:
            raise DomainError("no_technician", service=asked["service"], city=asked["place"].city, nearest_km=slate.nearest_km)
    return {"slots": found} | ({"other_day": True} if other_day else {}) | ({"no_specialist": lacking} if lacking and found else {})


def _skilled_slots(turn: Turn, asked: dict[str, Any], issue: str | None) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Free times of those who have the skill the job asks for, else of anybody of the trade, and then what is missing."""

    def free(**only: Any) -> list[dict[str, Any]]:
        return openings.slots(turn.session, turn.market, now=turn.now, **{**asked, **only})

    if asked.get("technicians"):
        return free(), None
    known, request = roster.read(turn.session), openings.request_for(asked["service"], asked["place"], turn.now)
    if (wish := skilled.wanted(known, request, issue)) is None:
        return free(), None
    slate = find(known.index, request, k=openings.CALENDARS)
    slate, lacking = skilled.skilled_first(known, request, slate, wish, (), openings.CALENDARS)
    if lacking is not None:
        return free(), lacking
    theirs = free(technicians=[c.technician_id for c in slate.candidates if c.technician_id in wish.ids])
    return (theirs, None) if theirs else (free(), {"skill": wish.skill, "keeps": catalog.get_skill(wish.skill).general})


def _of(booking: Booking) -> dict[str, Any]:
    place = candidates.place_of(booking)
    own = [booking.technician_id] if booking.technician_id is not None and booking.status in ("offered", "confirmed") else None
    return {"service": booking.service, "place": place, "technicians": own, "minutes": booking.minutes, "exclude": booking.id}


def _asker(turn: Turn) -> int | None:
    """The client who writes, once their channel proves it; an anonymous visitor has nothing held and no history."""
    return turn.context.person_id if turn.context.role == "client" and turn.context.verified else None


def _last(turn: Turn) -> int | None:
    client = turn.session.get(Client, who) if (who := _asker(turn)) is not None else None
    return client.last_technician_id if client is not None else None
