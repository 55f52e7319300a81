"""Plays one day's visits: who cancels, who comes and how late, whether it gets fixed, how long it takes and what it costs in the end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market import laws
from evals.market.files import NEVER
from evals.market.geography import median_minutes
from evals.market.scene import Scene, State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
STATUSES = ("done", "not_fixed", "no_show", "client_absent", "cancelled_by_client", "cancelled_by_technician")
DONE, NOT_FIXED, NO_SHOW, ABSENT, BY_CLIENT, BY_TECHNICIAN = range(6)
COMES = np.array([True, True, False, True, False, False])  # of STATUSES
WORKS = np.array([True, True, False, False, False, False])
CANCELLED = np.array([False, False, False, False, True, True])
WAIT_MIN = 10  # a technician rings, waits and leaves
TOO_LATE_MIN = 120  # whoever would be later than this calls and cancels
EARLY_MIN = 15  # nobody lets a technician in earlier


def play(scene: Scene, state: State, day: int, booked: dict[str, Any]) -> dict[str, Any]:
    """All about the visits planned for `day`: status, times (minutes, NEVER), minutes, money and the true chances. Moves technicians' state."""
    n, rng, calendar = scene.numbers, scene.streams("visits"), scene.calendar
    request, technician, client, start = booked["request"], booked["technician"], booked["client"], booked["start"]
    count, hour = len(request), calendar.wall_hour(booked["start"])
    offering, fraud = scene.technicians, scene.fraud
    complexity, node = scene.jobs.complexity[request], scene.jobs.node[request]
    rain = calendar.rain[day, scene.asked.city[request]]
    fake = scene.asked.scheme[request] >= 0
    chance = {
        "client_cancels": laws.client_cancels(n, lead_hours=np.maximum(0, start - booked["confirmed"]) / 60),
        "technician_cancels": laws.technician_cancels(n, reliability=offering.reliability[technician]),
        "no_show": laws.no_show(n, reliability=offering.reliability[technician], fatigue=state.fatigue[technician]),
        "absent": laws.absent(n, absence=scene.clients.absence[client]),
    }
    chance["no_show"] = np.where(fraud.ghost[technician], n("fraud.ghost_no_show"), chance["no_show"])
    success = laws.success(
        n,
        day=np.full(count, day),
        hour=hour,
        quality=offering.quality[technician],
        level=offering.level[technician],
        complexity=complexity,
        second_trade=offering.service[technician] != scene.asked.service[request],
        fatigue=state.fatigue[technician],
        outside=scene.trades.outside[node],
        rain=rain,
    )
    kept = np.prod([1 - c for c in chance.values()], axis=0)
    leaks = fraud.leaks[technician] & ~fake & (rng.random(count) < n("fraud.leak"))
    drawn = rng.random((4, count))
    status = np.full(count, DONE)
    # the last word is the first in time: who cancelled cannot be absent
    outcomes = (ABSENT, "absent"), (NO_SHOW, "no_show"), (BY_TECHNICIAN, "technician_cancels"), (BY_CLIENT, "client_cancels")
    for (outcome, name), draw in zip(outcomes, drawn, strict=True):
        status = np.where((draw < chance[name]) & ~fake, outcome, status)
    status = np.where(leaks, BY_CLIENT, status)
    fixed = (rng.random(count) < success) | fake
    status = np.where((status == DONE) & ~fixed, NOT_FIXED, status)
    times = _drive(scene, state, day, status, request, technician, client, start, fake, rng)
    status = times.pop("status")
    cancelled = CANCELLED[status]
    when = booked["confirmed"] + np.where(leaks, 0.2, rng.random(count)) * np.maximum(1, start - booked["confirmed"])
    when = np.where(times.pop("called_off"), start, when)
    closed = np.where(cancelled, when, np.where(status == NO_SHOW, start + 60, times["done_at"]))
    mixture = laws.cost(n, complexity=complexity, dearness=offering.dearness[technician], in_the_wall=scene.trades.in_the_wall[node])
    final = np.round(booked["price"] * np.where(fake, 1.0, mixture.draw(rng)) / 5) * 5
    final = np.where(status == DONE, np.maximum(5, final), np.where(status == NOT_FIXED, n("cost.call_out"), 0.0))
    worked = WORKS[status]
    return times | {
        "status": status,
        "closed_at": closed,
        "final": final,
        "worked": worked,
        "parts": np.where(status == DONE, rng.binomial(np.maximum(scene.trades.parts[node], 0), 0.5), 0),
        "kept": np.where(fake, 1.0, kept),
        "success": np.where(fake, 1.0, success),
        "cost_median": mixture.quantile(0.5),
        "leaks": leaks,
        "fake": fake,
    }


def _drive(
    scene: Scene, state: State, day: int, status: Ints, request: Ints, technician: Ints, client: Ints, start: Ints, fake: Bools,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    """Each technician's way through the day, one visit after the other: nobody leaves before the last job is done."""
    n, calendar, offering, count = scene.numbers, scene.calendar, scene.technicians, len(request)
    node = scene.jobs.node[request]
    log_median, sigma = laws.minutes_on_site(
        n,
        usual_min=scene.trades.minutes[node],
        log_spread=scene.trades.log_spread[node],
        complexity=scene.jobs.complexity[request],
        speed=offering.speed[technician],
    )
    work = np.clip(np.exp(log_median + sigma * rng.standard_normal(count)), 5, n("visit.longest_min")) * np.where(status == NOT_FIXED, 0.7, 1.0)
    work = np.where(fake, rng.uniform(5, 15, count), work)
    slack = laws.leave_mean(n, unpunctual=offering.unpunctual[technician]) + n("visit.leave_sd") * rng.standard_normal(count)
    speed = scene.places.speed_level[scene.asked.city[request]]
    rain, ramadan = calendar.rain[day, scene.asked.city[request]], np.full(count, calendar.ramadan[day])
    found: dict[str, Any] = {name: np.full(count, np.nan) for name in ("from_lat", "from_lon", "km", "on_site", "late")}
    found |= {name: np.full(count, float(NEVER)) for name in ("left_at", "arrived_at", "done_at")}
    found |= {"called_off": np.zeros(count, bool), "status": status.copy()}
    goes = np.flatnonzero(COMES[status])
    goes = goes[np.lexsort((start[goes], technician[goes]))]
    _, first, inverse = np.unique(technician[goes], return_index=True, return_inverse=True)
    turn = np.arange(len(goes)) - first[inverse]
    for number in range(turn.max(initial=-1) + 1):
        now = goes[turn == number]
        who = technician[now]
        fresh = state.at_day[who] != day
        lat = np.where(fresh, offering.lat[who], state.at_lat[who])
        lon = np.where(fresh, offering.lon[who], state.at_lon[who])
        km = scene.km(lat, lon, client[now])
        median = median_minutes(n, km, calendar.wall_hour(start[now] - 20), speed[now], rain[now], ramadan[now])
        left = np.maximum(state.free_at[who], start[now] - median + slack[now])
        too_late = left + median > start[now] + TOO_LATE_MIN
        off = now[too_late]
        found["status"][off], found["called_off"][off] = BY_TECHNICIAN, True
        now, who, km, left, median, lat, lon = (a[~too_late] for a in (now, who, km, left, median, lat, lon))
        arrived = left + laws.travel(n, median).draw(rng)
        begins = np.maximum(arrived, start[now] - EARLY_MIN)
        nobody = status[now] == ABSENT
        done = np.where(nobody, arrived + WAIT_MIN, begins + work[now])
        for name, values in (("from_lat", lat), ("from_lon", lon), ("km", km), ("left_at", left), ("arrived_at", arrived), ("done_at", done)):
            found[name][now] = values
        found["late"][now] = arrived - start[now]
        found["on_site"][now] = np.where(nobody, 0.0, work[now])
        state.free_at[who], state.at_day[who] = done, day
        state.at_lat[who], state.at_lon[who] = scene.clients.lat[client[now]], scene.clients.lon[client[now]]
        state.week_hours[who] += (done - left) / 60
    return found
