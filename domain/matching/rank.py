"""Ranks the technicians who can do a job and says why: the rule that serves until a learnt ranking beats it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Protocol

import numpy as np

from domain.matching.index import Bools, Floats, Index, Ints

MODEL_VERSION = "rule-1"
#: A client near nobody is offered people up to this far, and told so.
CLIENT_RADIUS_KM = 25.0
WIDEST_KM = 60.0
ROAD_FACTOR = 1.3  # as domain.geo.travel

#: Parts of the score; each part is 0..1. Being in the same district is worth more than any difference in stars: people ask for a neighbour.
WEIGHTS = {"near": 0.35, "quality": 0.30, "price": 0.10, "experience": 0.10, "last": 0.20, "district": 0.20}
PRIOR_RATING, PRIOR_JOBS = 4.4, 25.0  # a 5.0 of ten jobs is worth less than a 4.9 of five hundred (Bayesian mean)
_NEAR_KM, _TOP_RATING, _MANY_JOBS, _GOOD_PRICE = 4.0, 4.7, 150, 0.92

#: Reason codes in the order they are told; words are in prompts/replies.
REASONS = ("your_last", "same_district", "near", "top_rated", "experienced", "good_price", "free_now")
#: Of a learnt order: a reason is told when it moves the log of the score by this much (3 %) from the average candidate's.
MOVES_AT_LEAST = 0.03


@dataclass(frozen=True)
class Request:
    """A job that looks for somebody. `district` None or `exact` False: only the city is known, so everyone in it is within reach.

    `start` (UTC): they must be at work then; None: any time. `last_technician_id`: who came to this client last.
    `urgency` (normal high emergency) and `big` (a job of several times a small one's price) are for a learnt order; the rule does not read them.
    """

    service: str
    city: str
    lat: float
    lon: float
    now: datetime
    district: str | None = None
    exact: bool = True
    start: datetime | None = None
    last_technician_id: int | None = None
    urgency: str = "normal"
    big: bool = False


class Order(Protocol):
    """What may rank instead of the rule: `domain.matching.ranker.Ranking`. `rows` and `km` are all candidates; `shown` places among them."""

    version: str

    def scores(self, request: Request, rows: Ints, km: Floats) -> Floats: ...

    def reasons(self, request: Request, rows: Ints, km: Floats, shown: Ints) -> list[dict[str, float]]:
        """For each shown one: reason code -> how much it raised the score (below 0: lowered it)."""
        ...


@dataclass(frozen=True)
class Candidate:
    """`score`: the rule's 0..1.25, or the probability of a learnt order; `distance_km` by road from home; `reasons` in telling order."""

    technician_id: int
    score: float
    distance_km: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Slate:
    """Best first. `widened_km`: nobody was within their usual reach, these are up to this far; it must be said.

    `in_reach`: how many do this work around here at all; more than 0 with no candidates: all are busy or off then.
    `nearest_km`: the nearest of that trade anywhere; None when nobody has it.
    """

    candidates: tuple[Candidate, ...]
    widened_km: int | None
    in_reach: int
    nearest_km: int | None
    model_version: str = MODEL_VERSION


def find(
    index: Index,
    request: Request,
    *,
    away: Collection[int] = (),
    only: Collection[int] | None = None,
    k: int = 3,
    widen: bool = False,
    order: Order | None = None,
) -> Slate:
    """The `k` best technicians for a job. `away`: ids that cannot take it (busy then, unavailable, asked before); `only`: restrict to these ids.

    `widen`: the client agreed to people from further away. Without it that happens only where nobody at all is in reach.
    `order` ranks instead of the rule; who may be shown at all is the same.
    """
    rows = index.in_trade(request.service)
    if only is not None:
        rows = rows[np.isin(index.ids[rows], np.fromiter(only, dtype=np.int64))]
    km = index.distance_km(rows, request.lat, request.lon, ROAD_FACTOR)
    home = index.same_city(rows, request.city)
    within = (km <= np.minimum(index.radius[rows], CLIENT_RADIUS_KM)) | (home & (not request.exact))
    nearest = ceil(float(km.min())) if len(rows) else None
    ready = np.ones(len(rows), dtype=np.bool_) if not away else ~np.isin(index.ids[rows], np.fromiter(away, dtype=np.int64))
    if request.start is not None:
        ready &= index.at_work(rows, request.start)
    chosen, widened = within & ready, False
    if widen or not within.any():
        wider = home | (km <= WIDEST_KM)
        chosen, within, widened = wider & ready, wider, True
    picked = np.flatnonzero(chosen)
    candidates = _ranked(index, request, rows[picked], km[picked], k, order)
    farthest = ceil(max(c.distance_km for c in candidates)) if widened and candidates else None
    return Slate(candidates, farthest, int(within.sum()), nearest, order.version if order is not None else MODEL_VERSION)


def shrunk_rating(rating: Floats, jobs: Floats) -> Floats:
    """Mean of the given rating over its jobs and a usual rating over a few: little evidence pulls towards the usual."""
    return np.asarray((rating * jobs + PRIOR_RATING * PRIOR_JOBS) / (jobs + PRIOR_JOBS))


def _ranked(index: Index, request: Request, rows: Ints, km: Floats, k: int, order: Order | None) -> tuple[Candidate, ...]:
    if not len(rows):
        return ()
    usual_rate = float(np.median(index.rate[rows]))
    score = rule(index, request, rows, km) if order is None else order.scores(request, rows, km)
    cut = max(0, len(rows) - k)
    keep = np.flatnonzero(score >= np.partition(score, cut)[cut])  # the best k, and whoever ties with the last of them
    shown = keep[np.lexsort((index.ids[rows][keep], -score[keep]))][:k]
    holds = _facts(index, request, rows[shown], km[shown], usual_rate)
    why = order.reasons(request, rows, km, shown) if order is not None else None
    return tuple(
        Candidate(int(index.ids[rows[i]]), round(float(score[i]), 4), round(float(km[i]), 1), _told(holds[place], why[place] if why else None))
        for place, i in enumerate(shown)
    )


def rule(index: Index, request: Request, rows: Ints, km: Floats) -> Floats:
    """The hand-weighted score (n,) 0..1.25 of candidates `km` away by road."""
    usual_rate = float(np.median(index.rate[rows]))
    # a city's centre says nothing of how near somebody is to this client
    near = np.exp(-km / 8.0) if request.exact else np.full(len(rows), 0.5)
    return np.asarray(
        WEIGHTS["near"] * near
        + WEIGHTS["quality"] * np.clip((shrunk_rating(index.rating[rows], index.jobs[rows]) - 3.5) / 1.5, 0, 1)
        + WEIGHTS["price"] * np.clip(1.0 - index.rate[rows] / (2 * max(usual_rate, 1.0)), 0, 1)
        + WEIGHTS["experience"] * np.clip(np.log1p(index.jobs[rows]) / np.log(1001.0), 0, 1)
        + WEIGHTS["last"] * _last(index, request, rows)
        + WEIGHTS["district"] * index.same_district(rows, request.city, request.district)
    )


def _last(index: Index, request: Request, rows: Ints) -> Bools:
    return np.asarray(index.ids[rows] == (request.last_technician_id if request.last_technician_id is not None else -1))


def _facts(index: Index, request: Request, rows: Ints, km: Floats, usual_rate: float) -> list[dict[str, bool]]:
    """For each technician: reason code -> whether it is true of them, whoever ranks."""
    rating, jobs = shrunk_rating(index.rating[rows], index.jobs[rows]), index.jobs[rows]
    neighbour = index.same_district(rows, request.city, request.district)
    columns = {
        "your_last": _last(index, request, rows),
        "same_district": neighbour,
        "near": request.exact & (km <= _NEAR_KM) & ~neighbour,
        "top_rated": rating >= _TOP_RATING,
        "experienced": jobs >= _MANY_JOBS,
        "good_price": index.rate[rows] <= _GOOD_PRICE * usual_rate,
        "free_now": index.at_work(rows, request.now) & (request.start is None),
    }
    return [{code: bool(column[place]) for code, column in columns.items()} for place in range(len(rows))]


def _told(holds: Mapping[str, bool], why: Mapping[str, float] | None) -> tuple[str, ...]:
    """Reason codes: what is true, in the order of REASONS; of a learnt order only what raised the score, the strongest first."""
    true = [code for code in REASONS if holds[code]]
    if why is None:
        return tuple(true)
    moved = {code: why.get("near" if code == "same_district" else code, 0.0) for code in true}
    return tuple(sorted((code for code in true if moved[code] >= MOVES_AT_LEAST), key=lambda code: -moved[code]))
