"""Runs a world day by day: people ask, choose and are answered in four blocks, then the day's visits are played and the night brings the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market import calendar as calendars
from evals.market import demand, feedback, fraud, geography, jobs, life, offers, people, slates, tables, visits
from evals.market.files import Files
from evals.market.parameters import Streams, fingerprint, numbers_of
from evals.market.scene import RING, Scene, State
from evals.market.trades import trades

Ints = NDArray[np.int64]
BLOCKS = (9, 12, 16, 24)  # hours of the simulation's clock that end a block: agendas are as new as the block


@dataclass(frozen=True)
class Size:
    """What is made: people, about how many bookings, from which local day, for how long. The same size, world and seed give the same bytes."""

    technicians: int = 2_000
    bookings: int = 20_000
    start: date = date(2026, 1, 1)
    days: int = 365

    def check(self) -> None:
        """Raises ValueError that says what to change."""
        if self.technicians < 50 or self.bookings < 200:
            raise ValueError("a market needs at least 50 technicians and 200 bookings")
        if not 14 <= self.days <= 1400:
            raise ValueError(f"{self.days} days: choose 14 to 1400")


def make_scene(world: str, seed: int, size: Size) -> tuple[Scene, NDArray[np.float64]]:
    """(what stands still, expected requests by town, service and day). Raises ValueError for an impossible size, world or year."""
    size.check()
    n, streams = numbers_of(world, size.days), Streams(seed)
    places = geography.make(n, streams("geography"))
    calendar = calendars.make(n, size.start, size.days, places.latitude, streams("weather"))
    offering = people.technicians(n, places, size.technicians, size.days, streams)
    asking = people.clients(n, places, max(500, round(size.bookings * n("scale.clients_per_booking"))), size.days, streams)
    cheats = fraud.make(n, offering, asking, size.days, streams)
    expected = demand.intensity(n, calendar, places, size.bookings * n("scale.requests_per_booking"), streams)
    asked = demand.draw(n, calendar, expected, cheats.plant(n, size.days, streams), offering, streams)
    order = np.argsort(asking.city, kind="stable")
    scene = Scene(
        numbers=n,
        streams=streams,
        calendar=calendar,
        places=places,
        trades=trades(),
        technicians=offering,
        clients=asking,
        near=people.nearest(places, offering, n("policy.pool")),
        asked=asked,
        jobs=jobs.draw(n, calendar, places, asked, streams),
        fraud=cheats,
        arm=life.arms(n, len(asking), streams),
        by_city=(order, np.searchsorted(asking.city[order], np.arange(len(places.cities) + 1))),
    )
    return scene, expected


def simulate(
    folder: Path, world: str = "W1", seed: int = 0, size: Size | None = None, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Makes a world under `folder` (observed/, oracle/, world.json) and returns what world.json holds. `progress(day, days)`: every night."""
    size = size or Size()
    scene, expected = make_scene(world, seed, size)
    (folder / "world.json").unlink(missing_ok=True)  # a world that stops half-way must not pass for a finished one
    state, files = State.first(scene), Files(folder, scene.calendar.epoch)
    tables.people_and_days(scene, files, expected)
    bounds = np.searchsorted(scene.asked.minute, np.arange(size.days + 1) * 1440)
    for day in range(size.days):
        _morning(scene, state, files, day)
        today = np.arange(bounds[day], bounds[day + 1])
        honest = scene.asked.client[today] < 0
        state.client_of[today] = scene.asked.client[today]
        state.client_of[today[honest]] = life.who_asks(scene, state, day, today[honest])
        tables.asked(scene, state, files, today)
        ends = np.searchsorted(scene.asked.minute[today], day * 1440 + np.array(BLOCKS) * 60)
        for first, last in zip((0, *ends[:-1]), ends, strict=True):
            if last > first:
                _block(scene, state, files, day, today[first:last])
        _evening(scene, state, files, day)
        if scene.calendar.month[day] != scene.calendar.month[min(day + 1, size.days - 1)]:
            files.flush()
        if progress:
            progress(day + 1, size.days)
    life.write_week(scene, state, files, (size.days - 1) // 7)
    files.close()
    return _describe(folder, scene, files, world, seed, size)


def _morning(scene: Scene, state: State, files: Files, day: int) -> None:
    """The night is over: new ratings show, yesterday's agenda is wiped, people come and go."""
    for technician, stars in state.ratings_on.pop(day - 1, []):
        np.add.at(state.stars, technician, stars)
        np.add.at(state.reviews, technician, 1)
    slot = (day - 1) % RING
    state.busy[:, slot], state.agreed[:, slot] = 0, 0
    life.newcomers(scene, state, day)
    if day % 7 == 0 and day:
        life.technicians_week(scene, state, files, day // 7 - 1, day)
    life.quiet_departures(scene, state, files, day)
    life.campaign(scene, state, files, day)


def _block(scene: Scene, state: State, files: Files, day: int, request: Ints) -> None:
    """A few hours' requests: lists, choices, offers, bookings."""
    shown = slates.show(scene, state, request)
    chances, position = slates.choose(scene, state, shown)
    slate = state.next_id("slate", len(request))
    chosen_at = shown.at + 1 + scene.streams("choices").exponential(6.0, len(request))
    tables.lists(scene, files, slate, shown, chances, position, chosen_at)
    _keep_pools(scene, state, files, slate, shown)
    made, booked, unserved = offers.ask(scene, state, shown, position, chosen_at, slate)
    for each in made:
        tables.asked_technicians(files, each)
    empty = np.flatnonzero(shown.technician[:, 0] < 0)
    without = shown.client[np.concatenate([unserved, empty])]
    lost = scene.streams("life").random(len(without)) < 1 / (1 + np.exp(-scene.numbers("life.leaves_unserved")))
    honest = ~scene.fraud.invented[without]
    life.clients_leave(scene, state, files, day, without[lost & honest], life.UNSERVED)
    if booked:
        _book(scene, state, files, booked)


def _book(scene: Scene, state: State, files: Files, booked: dict[str, Any]) -> None:
    n, client, count = scene.numbers, booked["client"], len(booked["client"])
    booked["booking"] = state.next_id("booking", count)
    method = scene.streams("money").choice(3, count, p=[n("money.cash"), n("money.card"), n("money.wallet")])
    booked["method"] = np.where(scene.fraud.stolen[client], 1, method)
    booked["credit"] = np.where(state.offer_until[client] >= booked["confirmed"], n("money.credit_mad"), 0)
    state.offer_until[client] = np.where(booked["credit"] > 0, -1, state.offer_until[client])
    tables.agreed(scene, files, booked)
    on = booked["start"] // 1440
    for day in np.unique(on):
        state.visits_on.setdefault(int(day), []).append({name: values[on == day] for name, values in booked.items()})


def _evening(scene: Scene, state: State, files: Files, day: int) -> None:
    """The day's visits, what people felt, and what it does to their lives."""
    waiting = state.visits_on.pop(day, [])
    if not waiting:
        return
    booked = {name: np.concatenate([w[name] for w in waiting]) for name in waiting[0]}
    visit = visits.play(scene, state, day, booked)
    felt = feedback.feel(scene, day, booked, visit)
    tables.visited(scene, files, booked, visit, felt)
    technician, client = booked["technician"], booked["client"]
    np.add.at(state.week_mad, technician, visit["final"] * (1 - scene.numbers("money.commission")))
    content = visit["worked"] & (felt["satisfaction"] > 0.5) & ~visit["fake"]
    state.last_good[client[content]] = technician[content]
    rated = np.flatnonzero(felt["stars"] > 0)
    rated_on = (felt["rated_at"][rated] // 1440).astype(int)
    for then in np.unique(rated_on):
        rows = rated[rated_on == then]
        state.ratings_on.setdefault(int(then), []).append((technician[rows], felt["stars"][rows]))
    life.clients_leave(scene, state, files, day, client[felt["leaves"]], life.VISIT)


def _keep_pools(scene: Scene, state: State, files: Files, slate: Ints, shown: slates.Lists) -> None:
    """For a random twentieth of the lists, also those who were free and not shown."""
    kept = (scene.streams("pools").random(len(slate)) < scene.numbers("policy.pool_kept")) & ~shown.named
    rows = np.flatnonzero(kept)
    unseen = (shown.pool[rows] >= 0) & ~(shown.pool[rows][:, :, None] == shown.technician[rows][:, None, :]).any(axis=2)
    which, column = np.nonzero(unseen)
    row = rows[which]
    technician = shown.pool[row, column]
    client, request = shown.client[row], shown.request[row]
    where = scene.technicians
    seen = {
        "km": scene.km(where.lat[technician], where.lon[technician], client),
        "price_mad": slates.quoted(scene, request, technician[:, None], shown.offset[row])[:, 0],
        "rating": state.shown_rating(scene, technician),
        "reviews": state.reviews[technician],
        "jobs_that_day": state.agreed[technician, scene.jobs.start[request] // 1440 % RING],
        "speaks": where.speaks(technician, scene.clients.locale[client]),
        "known": technician == state.last_good[client],
    }
    tables.pool(files, slate[row], technician, seen)


def _describe(folder: Path, scene: Scene, files: Files, world: str, seed: int, size: Size) -> dict[str, Any]:
    def day(number: int) -> str:
        return str(size.start + timedelta(number))

    first, after = life.experiment_days(scene)
    about = {
        "world": world,
        "seed": seed,
        "parameters": {"version": scene.numbers.version, "sha256": fingerprint()},
        "size": asdict(size) | {"start": str(size.start), "clients": len(scene.clients)},
        "drifts": [{"path": d.path, "date": day(d.day), "factor": d.factor, "kind": d.kind, "why": d.why} for d in scene.numbers.drifts],
        "adversaries_adapt_on": day(scene.fraud.adapts_on) if scene.numbers("fraud.adapts") else None,
        "experiment": {"first": day(first), "last": day(after - 1)},
        "rows": dict(sorted(files.rows.items())),
    }
    (folder / "world.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return about
