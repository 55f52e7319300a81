"""Which times can still be promised: free starts of the best technicians, merged, soonest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import catalog
from domain.clock import to_local, to_utc
from domain.geo import Place
from domain.matching.features import BIG_JOB
from domain.matching.rank import Request, find
from domain.scheduling.hours import working_hours
from domain.scheduling.slots import clashes, day_window, free_slots
from domain.store import agenda, ranking, roster
from domain.store.tables import Technician
from tools import quotes
from tools.context import Market
from tools.views import local, mad

#: How many technicians' calendars are opened, and how far ahead when nobody says a day.
CALENDARS, DAYS_AHEAD = 8, 7


def slots(
    session: Session,
    market: Market,
    *,
    service: str,
    place: Place,
    now: datetime,
    near: datetime | None = None,
    window: tuple[datetime, datetime] | None = None,
    technicians: Sequence[int] | None = None,
    away: Sequence[int] = (),
    minutes: int = 60,
    urgency: str = "normal",
    exclude: int | None = None,
    client_id: int | None = None,
    k: int = 5,
) -> list[dict[str, Any]]:
    """At most `k` free starts as [{start, technician_id, technician, price_mad}], soonest first, one technician (the best) per start.

    `near` (UTC): the starts closest to it are kept. `window`: UTC [from, to); default a week from now. `technicians`: only these.
    `client_id`: whose wish it is; times held for them count as free.
    """
    if technicians is None:
        request = described(request_for(service, place, now), None, urgency)
        gone = roster.not_working(session) | set(away)
        order = ranking.order(session, market.learnt.match, now)
        slate = find(roster.index(session), request, away=gone, k=CALENDARS, order=order)
        technicians = [c.technician_id for c in slate.candidates]
    rows = {t.id: t for t in session.scalars(select(Technician).where(Technician.id.in_(list(technicians))))}
    begin, end = window or ((near or now) - timedelta(hours=4), (near or now) + timedelta(days=DAYS_AHEAD))
    begin = max(begin, now)
    busy = agenda.busy_in(session, (begin, end), list(technicians), now=now, client_id=client_id, exclude=exclude)
    best: dict[datetime, Technician] = {}
    for who in technicians:  # best first: whoever is asked first keeps a start
        row = rows.get(who)
        if row is None:
            continue
        hours, taken = working_hours(row.hours, row.days), busy.get(who, [])
        back = row.unavailable_until is None or near is None or row.unavailable_until <= near
        if near is not None and back and hours.allows(near) and begin <= near < end and clashes(near, minutes, taken) is None:
            best.setdefault(near, row)
        free = free_slots(hours, taken, (begin, end), now, minutes, urgency=urgency, not_before=row.unavailable_until)
        for at in islice(free, 60 if near is not None else k):
            best.setdefault(at, row)
    starts = sorted(best, key=lambda at: (abs(at - near), at)) if near is not None else sorted(best)
    return [slot(market, best[at], at, now, service, urgency) for at in sorted(starts[:k])]


def slot(market: Market, technician: Technician, start: datetime, now: datetime, service: str, urgency: str = "normal") -> dict[str, Any]:
    price = quotes.price(market, technician, service, start=start, now=now, urgency=urgency)
    return {"start": local(start), "technician_id": technician.id, "technician": technician.name, "price_mad": mad(price.likely_mad)}


def request_for(service: str, place: Place, now: datetime, *, start: datetime | None = None, last: int | None = None) -> Request:
    """A place as matching wants it: a known district or a pin is exact, a city's centre is not."""
    exact = place.district is not None and place.precision_m < 6000
    return Request(service, place.city, place.lat, place.lon, now, place.district, exact, start, last)


def described(request: Request, issue: str | None, urgency: str) -> Request:
    """With what a learnt order reads beside the place: how urgent, and whether the client's words tell of a big job."""
    big = issue is not None and catalog.node_for(request.service, issue).price_factor >= BIG_JOB
    return replace(request, urgency=urgency, big=big)


def span(day: str | None, part: str | None, now: datetime) -> tuple[datetime, datetime] | None:
    """The UTC window of a local day and a part of it; a part alone is today's, or tomorrow's once it is over."""
    if day is None and part is None:
        return None
    today = to_local(now).date()
    on = datetime.strptime(day, "%Y-%m-%d").date() if day else today  # noqa: DTZ007
    found = day_window(on, part)
    if day is None and to_utc(found[1]) <= now:
        found = day_window(today + timedelta(days=1), part)
    return found
