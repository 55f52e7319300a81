"""Who comes: chooses a technician for a start, checks that a start can be promised, and finds what is possible instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from domain import catalog
from domain.clock import to_utc
from domain.errors import DomainError
from domain.geo import Place, locate
from domain.matching.rank import find
from domain.scheduling.dispatch import next_to_ask
from domain.scheduling.hours import working_hours
from domain.scheduling.slots import check_start
from domain.store import agenda, ranking, roster
from domain.store.promises import DoubleBooked
from domain.store.sql import locked
from domain.store.tables import Booking, Client, Proposal, Technician
from tools import chances, quotes
from tools.context import Market
from tools.openings import described, request_for, slots
from tools.skilled import skilled_first, wanted
from tools.turn import Turn
from tools.views import local

_START = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


@dataclass(frozen=True)
class Choice:
    technician: Technician
    offer: quotes.Offered
    minutes: int
    node: str | None
    lacking: dict[str, Any] | None = None  # the special skill that nobody free then has: {skill, keeps}
    no_response: float | None = None  # chance that nobody at all says yes; None where no trained model serves


def read_start(text: str) -> datetime:
    """ "2026-11-24T10:00" on a Moroccan clock to UTC. Raises `bad_arguments`."""
    try:
        if not _START.fullmatch(text):
            raise ValueError
        return to_utc(datetime.fromisoformat(text))
    except ValueError:
        raise DomainError("bad_arguments", fields=[{"field": "start", "cure": 'write it as "YYYY-MM-DDTHH:MM", local time'}]) from None


def check_moment(market: Market, start: datetime, now: datetime) -> None:
    """Raises `in_the_past` or `too_far_ahead`."""
    check_start(start, now, market.rules)


def choose(
    session: Session,
    market: Market,
    *,
    service: str,
    place: Place,
    start: datetime,
    now: datetime,
    technician_id: int | None = None,
    issue: str | None = None,
    urgency: str = "normal",
    quantity: int = 1,
    client: Client | None = None,
) -> Choice:
    """The technician the client chose, else the best one free at `start`. Raises no_technician, slot_taken or outside_hours (alternatives)."""
    fault = catalog.node_for(service, issue)
    minutes, node = 15 * -(-fault.minutes[1] // 15), fault.id  # the usual time, in quarters of an hour
    last, client_id = (client.last_technician_id, client.id) if client is not None else (None, None)
    known, away = roster.read(session), _silent(session, start)
    index = known.index
    only = {technician_id} if technician_id is not None else None
    anyone = find(index, request_for(service, place, now, last=last), only=only, away=away, k=1)
    if not anyone.candidates:
        raise DomainError("no_technician", service=service, city=place.city, nearest_km=anyone.nearest_km)
    busy = agenda.busy_at(session, start, minutes, now=now, client_id=client_id)
    order = ranking.order(session, market.learnt.match, now)
    request = described(request_for(service, place, now, start=start, last=last), issue, urgency)
    slate = find(index, request, only=only, away=away | busy, k=chances.width(market), order=order)
    if not slate.candidates:
        at_work = find(index, request, only=only, away=away, k=1).candidates
        found = slots(
            session,
            market,
            service=service,
            place=place,
            now=now,
            near=start,
            technicians=[technician_id] if technician_id is not None else None,
            minutes=minutes,
            urgency=urgency,
            client_id=client_id,
            k=3,
        )
        raise DomainError("slot_taken" if at_work else "outside_hours", alternatives=found)
    wish = wanted(known, request_for(service, place, now), issue) if technician_id is None else None
    slate, lacking = skilled_first(known, request, slate, wish, away | busy, chances.width(market))
    people = slate.candidates
    if wish is not None and lacking is None:
        people = tuple(c for c in people if c.technician_id in wish.ids)
    if only is not None and market.learnt.accept is not None:  # whom the client chose, then whoever would be asked after a no
        people += find(index, request, away=away | busy | only, k=chances.WIDE).candidates
    plan = chances.plan(session, market, people, chances.Job(service, start, now, issue, urgency, last=last), first=technician_id)
    technician = session.get_one(Technician, plan.order[0])
    offer = quotes.offered(market, technician, service, at=now, issue=issue, urgency=urgency, quantity=quantity, start=start, now=now)
    return Choice(technician, offer, minutes, node, lacking, plan.no_response)


def still_free(
    session: Session,
    market: Market,
    technician_id: int,
    *,
    service: str,
    place: Place,
    start: datetime,
    minutes: int,
    now: datetime,
    client_id: int,
) -> Technician:
    """The technician of a proposal, locked, if they can still be asked for `start`. Raises slot_taken (alternatives)."""
    technician = locked(session, Technician, technician_id)
    gone = technician is None or technician_id in _silent(session, start) or not working_hours(technician.hours, technician.days).allows(start)
    if technician is None or gone or technician_id in agenda.busy_at(session, start, minutes, now=now, client_id=client_id):
        found = slots(session, market, service=service, place=place, now=now, near=start, minutes=minutes, client_id=client_id, k=3)
        raise DomainError("slot_taken", alternatives=found)
    return technician


def check_free(session: Session, market: Market, booking: Booking, start: datetime, now: datetime) -> None:
    """Whether a booking's own technician can come at another start. Raises slot_taken or outside_hours, with alternatives."""
    technician = booking.technician
    if technician is None:
        return
    locked(session, Technician, technician.id)
    works = working_hours(technician.hours, technician.days).allows(start) and technician.id not in _silent(session, start)
    busy = agenda.busy_at(session, start, booking.minutes, now=now, client_id=booking.client_id, exclude=booking.id)
    if works and technician.id not in busy:
        return
    found = slots(
        session,
        market,
        service=booking.service,
        place=place_of(booking),
        now=now,
        near=start,
        technicians=[technician.id],
        minutes=booking.minutes,
        exclude=booking.id,
        client_id=booking.client_id,
        k=3,
    )
    raise DomainError("slot_taken" if works else "outside_hours", alternatives=found)


def hold(turn: Turn, proposed: dict[str, Any], technician_id: int, start: datetime, minutes: int, *, exclude: int | None = None) -> dict[str, Any]:
    """The answer of `propose` with `held_until` (local): the technician's time is kept that long for the client who was asked.

    Of two who ask at the same moment the later gets DoubleBooked, looks again and sees what is left.
    """
    locked(turn.session, Technician, technician_id)
    if technician_id in agenda.busy_at(turn.session, start, minutes, now=turn.now, client_id=turn.client_id, exclude=exclude):
        raise DoubleBooked(local(start))
    proposal = turn.session.get_one(Proposal, proposed["proposal_id"])
    until = agenda.hold(turn.session, proposal, turn.client_id, technician_id, start, minutes, turn.now)
    return {**proposed, "held_until": local(until)}


def clashing_job(session: Session, technician_id: int, start: datetime, minutes: int, *, exclude: int | None = None) -> Booking | None:
    return agenda.promised_clash(session, technician_id, start, minutes, exclude=exclude)


def next_technician(session: Session, market: Market, booking: Booking, now: datetime, *, exclude: Collection[int]) -> Technician | None:
    """The best technician for a booking who was not asked yet and can come then; None when nobody is left or enough were asked."""
    last = booking.client.last_technician_id if booking.client is not None else None
    request = request_for(booking.service, place_of(booking), now, start=booking.start, last=last)
    busy = agenda.busy_at(session, booking.start, booking.minutes, now=now, client_id=booking.client_id, exclude=booking.id)
    away = _silent(session, booking.start) | busy | set(exclude)
    request = described(request, booking.issue, booking.urgency)
    slate = find(roster.index(session), request, away=away, k=chances.width(market), order=ranking.order(session, market.learnt.match, now))
    job = chances.Job(booking.service, booking.start, now, booking.issue, booking.urgency, booking.price_mad, len(exclude), last)
    best = next_to_ask(chances.plan(session, market, slate.candidates, job).order, exclude, market.rules)
    return session.get_one(Technician, best) if best is not None else None


def alternatives(session: Session, market: Market, booking: Booking, now: datetime, k: int = 3) -> list[dict[str, Any]]:
    """Other starts for a booking nobody could take, from whoever does the work; widened when nobody is near. Never the start that was refused."""
    found = slots(
        session,
        market,
        service=booking.service,
        place=place_of(booking),
        now=now,
        near=booking.start + timedelta(minutes=1),
        minutes=booking.minutes,
        exclude=booking.id,
        client_id=booking.client_id,
        k=k + 2,
    )
    return [s for s in found if s["start"] not in (booking.start_local, local(booking.start + timedelta(minutes=1)))][:k]


def place_of(booking: Booking) -> Place:
    return locate(booking.city, booking.district, booking.lat, booking.lon)


def point(said: dict[str, Any]) -> tuple[float, float]:
    """Coordinates of a stored proposal: its pin, else its district's centre."""
    place = locate(said["city"], said["district"], said.get("lat"), said.get("lon"))
    return place.lat, place.lon


def _silent(session: Session, moment: datetime) -> set[int]:
    return roster.not_working(session, moment)
