"""Which technicians a client sees, in which order and with what probability (the logging policy), and which one they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market import laws
from evals.market.jobs import need
from evals.market.life import running_arm
from evals.market.scene import RING, Scene, State, agenda_mask

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lists:
    """What a block of requests was shown: (n,) per request, (n, K) per place in the list; `technician` -1 fills up short lists."""

    request: Ints
    client: Ints
    at: Ints
    named: Bools
    offset: Floats
    range_quote: Bools
    technician: Ints
    propensity: Floats
    explored: Bools
    km: Floats
    price: Floats
    rating: Floats
    reviews: Ints
    jobs_that_day: Ints
    speaks: Bools
    known: Bools
    pool: Ints
    pool_size: Ints


def policy(scores: Floats, free: Bools, epsilon: float) -> Floats:
    """(n, pool): probability of the next place: the best free one, but with `epsilon` any free one. Rows add 1, or 0 where none is free."""
    count = free.sum(axis=1, keepdims=True)
    best = np.zeros(free.shape, bool)
    best[np.arange(len(free)), np.where(free, scores, -np.inf).argmax(axis=1)] = True
    found: Floats = np.where(count > 0, (1 - epsilon) * (best & free) + epsilon * free / np.maximum(count, 1), 0.0)
    return found


def draw_places(scores: Floats, free: Bools, places: int, epsilon: float, rng: np.random.Generator) -> tuple[Ints, Floats, Bools]:
    """(n, places) columns of the pool drawn by `policy` one by one, -1 when none is left; their probabilities given those above; whether explored."""
    left, rows = free.copy(), np.arange(len(free))
    picks, chances, explored = np.full((len(free), places), -1), np.zeros((len(free), places)), np.zeros((len(free), places), bool)
    for place in range(places):
        chance = policy(scores, left, epsilon)
        heights = np.cumsum(chance, axis=1)
        column = (rng.random(len(free))[:, None] * heights[:, -1:] >= heights).sum(axis=1).clip(max=free.shape[1] - 1)
        any_left = left.any(axis=1)
        picks[any_left, place] = column[any_left]
        chances[:, place] = np.where(any_left, chance[rows, column], 0.0)
        explored[:, place] = any_left & (np.where(left, scores, -np.inf).argmax(axis=1) != column)
        left[rows, column] = False
    return picks, chances, explored


def show(scene: Scene, state: State, request: Ints) -> Lists:
    """The lists that the logging policy makes for these requests, as things stand now."""
    n, rng, count = scene.numbers, scene.streams("slates"), len(request)
    client, start = state.client_of[request], scene.jobs.start[request]
    near = scene.near[scene.clients.district[client], scene.asked.service[request]]
    fake = scene.asked.named[request]
    last = state.last_good[client]
    trade = scene.asked.service[request]
    can = (scene.technicians.service[last] == trade) | (scene.technicians.second[last] == trade)
    can &= _seen(scene, state, request, client, last[:, None], start)["free"][:, 0]
    again = can & (rng.random(count) < np.minimum(0.9, n("choice.rebook") * scene.clients.loyalty[client]))
    named = (fake >= 0) | again
    near = np.where(named[:, None], -1, near)
    near[:, 0] = np.where(fake >= 0, fake, np.where(again, last, near[:, 0]))
    seen = _seen(scene, state, request, client, near, start)
    steps, shares = np.array(list(n("policy.offset")), float), np.array(list(n("policy.offset").values()))
    offset = np.where(named, 0.0, steps[rng.choice(len(steps), count, p=shares)])
    price = quoted(scene, request, near, offset)
    score = (
        n("policy.rating") * seen["rating"]
        + n("policy.reviews") * np.log1p(seen["reviews"])
        - n("policy.km") * seen["km"]
        - n("policy.price") * np.log(price / scene.jobs.usual_mad[request][:, None])
    )
    picks, chances, explored = draw_places(score, seen["free"], n("policy.shown"), n("policy.epsilon"), rng)
    rows, none = np.arange(count)[:, None], picks < 0

    def shown(values: NDArray[Any], empty: Any) -> NDArray[Any]:
        return np.where(none, empty, values[rows, picks])

    technician = shown(near, -1)
    return Lists(
        request=request,
        client=client,
        at=scene.asked.minute[request],
        named=named,
        offset=offset,
        range_quote=running_arm(scene, client, scene.asked.minute[request]) == 2,
        technician=technician,
        propensity=chances,
        explored=explored,
        km=shown(seen["km"], np.nan),
        price=shown(price, np.nan),
        rating=shown(seen["rating"], np.nan),
        reviews=shown(seen["reviews"], 0),
        jobs_that_day=shown(seen["jobs"], 0),
        speaks=scene.technicians.speaks(technician, scene.clients.locale[client][:, None]) & ~none,
        known=(technician == last[:, None]) & ~none,
        pool=np.where(seen["free"], near, -1),
        pool_size=seen["free"].sum(axis=1),
    )


def quoted(scene: Scene, request: Ints, technician: Ints, offset: Floats) -> Floats:
    """(n, k): the likely price each technician would quote, in multiples of 5 MAD (10 from 500)."""
    usual = scene.jobs.usual_mad[request] * (1 + scene.jobs.hurry[request]) * (1 + offset)
    exact = usual[:, None] * scene.technicians.rate[technician]
    step = np.where(exact < 500, 5.0, 10.0)
    found: Floats = np.maximum(step, np.round(exact / step) * step)
    return found


def ratio(scene: Scene, request: Ints, price: Floats) -> Floats:
    """Quoted price over the usual one of this job and hurry: what the client compares."""
    found: Floats = price / (scene.jobs.usual_mad[request] * (1 + scene.jobs.hurry[request]))[:, None]
    return found


def choose(scene: Scene, state: State, lists: Lists) -> tuple[Floats, Ints]:
    """((n, K + 1) true probabilities with "none" first, (n,) position taken, 0 = none). Who asks for their accomplice takes them."""
    n, day = scene.numbers, scene.calendar.day(lists.at)
    kind = need(scene.jobs.urgency[lists.request], scene.jobs.wants_quality[lists.request], scene.clients.business[lists.client])
    clients = scene.clients
    utility = laws.choice_utility(
        n,
        day=day[:, None],
        hour=scene.calendar.wall_hour(scene.jobs.start[lists.request])[:, None],
        need=kind[:, None],
        price_ratio=ratio(scene, lists.request, lists.price),
        rating=lists.rating,
        reviews=lists.reviews,
        km=lists.km,
        position=np.arange(1, lists.technician.shape[1] + 1)[None, :],
        verified=scene.technicians.verified[lists.technician],
        speaks=lists.speaks,
        known=lists.known,
        price_weight=clients.price_weight[lists.client][:, None],
        quality_weight=clients.quality_weight[lists.client][:, None],
        loyalty=clients.loyalty[lists.client][:, None],
    )
    outside = laws.outside_utility(n, day=day, need=kind, patience=clients.patience[lists.client], range_quote=lists.range_quote)
    outside = np.where(scene.asked.scheme[lists.request] >= 0, -20.0, outside)
    chances = laws.choice_probabilities(utility, outside, lists.technician >= 0)
    heights = np.cumsum(chances, axis=1)
    drawn = scene.streams("choices").random(len(chances))
    return chances, (drawn[:, None] * heights[:, -1:] >= heights).sum(axis=1)


def _seen(scene: Scene, state: State, request: Ints, client: Ints, near: Ints, start: Ints) -> dict[str, NDArray[Any]]:
    """What is known of each technician of the pool for this visit: km, rating, reviews, jobs that day, and whether free and willing to travel."""
    technicians, calendar = scene.technicians, scene.calendar
    slot = start // 1440 % RING
    hour, weekday = calendar.wall_hour(start), calendar.weekday[calendar.day(start)]
    mask = agenda_mask(start, scene.trades.minutes[scene.jobs.node[request]])
    km = scene.km(technicians.lat[near], technicians.lon[near], client[:, None])
    at_work = (technicians.opens[near] <= hour[:, None]) & (hour[:, None] < technicians.closes[near])
    at_work &= technicians.day_off[near] != weekday[:, None]
    urgent = (scene.jobs.urgency[request] == 0)[:, None]
    free = (near >= 0) & state.active[near] & (at_work | urgent) & (km <= technicians.radius_km[near])
    free &= (state.busy[near, slot[:, None]] & mask[:, None]) == 0
    jobs = state.agreed[near, slot[:, None]]
    return {"km": km, "rating": state.shown_rating(scene, near), "reviews": state.reviews[near], "jobs": jobs, "free": free}
