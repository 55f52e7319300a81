"""Examines the arrival model: its quantiles and told windows beside four simple rules and the truth, on the visits of the last months."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from domain.geo.arrival import (
    COVERAGE,
    FEATURES,
    FILE,
    PLANNED,
    QUANTILES,
    TABLES,
    UNDER_WAY,
    ArrivalModel,
    column,
    line,
    one,
    rows,
    until_arrival,
    visible,
)  # fmt: skip
from domain.geo.travel import DOOR_MINUTES
from domain.geo.window import HIGH_RISK, PROMISE, late_risk, told
from domain.learning import registry
from domain.learning.quality import Rows
from evals.market import laws
from evals.market.files import read
from evals.market.oracle import Oracle
from evals.market_models.audience import groups
from evals.market_models.examined import Examined, Examiner, Explained, Judged, facts_of, p95_ms
from evals.market_models.explained import taken_apart

Floats = NDArray[np.float64]
Point = Callable[[Rows], Floats]
WEATHER = ("wet day", "dry day", "nobody knows")
KINDS = ("long before", "around the hour", "just left", "on the way")
ENOUGH = 30  # arrivals before a town's hour is believed
FIXED_KMH = 30.0
SPREAD = (np.arange(41) + 0.5) / 41  # equally likely shares of when somebody leaves
RISKED = 4_000  # questions whose risk is judged; one at a time, as served


def load(folder: Path) -> ArrivalModel:
    """A freshly trained model, measured or not. Raises ModelRefused for other features or a damaged file."""
    entry = registry.verified(folder, FEATURES)
    return ArrivalModel.read(folder / FILE, entry.version)


def examine(world: Path, model: Path, until: int) -> Examined:
    """Judges on every question asked after `until` (seconds) about a visit that was reached. Losses are minutes."""
    every = rows({name: read(world, name, list(names)) for name, names in TABLES.items()})
    past, later = every.part(every.outcome_at < until), every.part(every.decided_at >= until)
    came = (later.outcome_at - later.decided_at) / 60
    fitted = load(model)
    ways = simple(past, later) | {"model": fitted.minutes(later.inputs)}
    dry = later.inputs.copy()
    dry[:, FEATURES.names.index("rain")] = np.nan
    ways["model, no weather told"] = fitted.minutes(dry)
    ways["oracle"] = truth(Oracle(world), later)
    widen = {who: np.zeros(2) for who in ways} | {who: fitted.widen for who in ways if who.startswith("model")}
    losses = {who: pinball(minutes, came) for who, minutes in ways.items()}
    start, end = windows(ways["model"], later, fitted.widen)
    request = later.extra["request_id"].astype(np.int64)
    rain = later.inputs[:, column("rain")]
    slices = {
        "when it is asked": np.array(KINDS, object)[later.extra["kind"]],
        "weather": np.select([rain > 0, rain == 0], WEATHER[:2], WEATHER[2]),
    } | groups(world, request, later.inputs[:, column("technician_visits")])
    return Examined(
        losses={who: float(of.mean()) for who, of in losses.items()},
        figures={who: figures(minutes, came, later, widen[who]) for who, minutes in ways.items()},
        rows=len(later),
        judged=Judged(
            "minutes",
            ways["model"][:, 1],
            came,
            losses,
            slices,
            start - asked_at(later),
            end - asked_at(later),
            COVERAGE,
            unit=request,
            quantiles=ways,
            levels=QUANTILES,
            explained=taken_apart_by_state(fitted, later, past),
            data=facts_of(world, past, later),
        ),
    )


def pinball(minutes: Floats, came: Floats) -> Floats:
    """(n,): mean over the three quantiles; lower is better, proper."""
    missed = came[:, None] - minutes
    return np.asarray(np.maximum(np.array(QUANTILES) * missed, (np.array(QUANTILES) - 1) * missed).mean(axis=1))


def taken_apart_by_state(model: ArrivalModel, later: Rows, past: Rows) -> dict[str, Explained]:
    """What moves the likely answer: minutes late while nobody has left, else log(way / usual way); its plain line is the line's input alone."""
    found = {}
    for state, name, unit in ((PLANNED, "while nobody has left", "minutes late"), (UNDER_WAY, "on the way", "log of the way over the usual one")):

        def attribution(inputs: Floats, usual: Floats, state: int = state) -> Floats:
            moves = model.trees[state][1].attribution(visible(inputs, state), visible(usual, state))
            moves[:, column("technician_late" if state == PLANNED else "city_trip")] += line(inputs, state) - line(usual, state).mean()
            return moves

        mine, theirs = (rows.part(rows.inputs[:, column("under_way")] == state) for rows in (later, past))
        if len(mine) and len(theirs):
            found[name] = taken_apart(FEATURES, attribution, mine, theirs, unit)
    return found


def simple(past: Rows, later: Rows) -> dict[str, Floats]:
    """(n, 3) minutes until arrival of what needs no model, with the spread that the past had around it at the same kind of moment."""
    points: dict[str, Point] = {"30 km/h": _fixed_speed, "town x hour": _town_hour(past), "technician's past": _own_past}
    found = {"rule": _rule(later)}
    for name, point in points.items():
        mine, now = point(past), point(later)
        rest = (past.outcome_at - past.decided_at) / 60 - mine
        relative = rest / np.maximum(1.0, mine)
        minutes = np.zeros((len(later), 3))
        for kind in range(len(KINDS)):
            then, here = past.extra["kind"] == kind, later.extra["kind"] == kind
            if not then.any():
                continue
            spread = np.quantile((relative if kind >= 2 else rest)[then], QUANTILES)
            around = np.maximum(1.0, now[here, None]) * spread if kind >= 2 else spread[None, :]
            minutes[here] = np.maximum(0.0, now[here, None] + around)
        found[name] = minutes
    return found


def _left_over(found: Rows, way: Floats) -> Floats:
    """Minutes until the planned start, or left of a way of `way` minutes."""
    under_way = found.inputs[:, FEATURES.names.index("under_way")] == UNDER_WAY
    gone = (found.decided_at - found.extra["left"]) / 60
    return np.where(under_way, np.maximum(0.0, way - gone), found.inputs[:, FEATURES.names.index("ahead")])


def _rule(found: Rows) -> Floats:
    """What serves without a model: the promised half hour, and domain.geo.travel_minutes of a way begun."""
    under_way = found.inputs[:, FEATURES.names.index("under_way")] == UNDER_WAY
    ahead, usual = found.inputs[:, [FEATURES.names.index("ahead")]], found.extra["usual"][:, None]
    half = PROMISE.total_seconds() / 60
    gone = ((found.decided_at - found.extra["left"]) / 60)[:, None]
    way = np.maximum(0.0, usual * np.array([0.75, 1.0, 1.6]) - gone)
    return np.where(under_way[:, None], way, np.maximum(0.0, ahead + np.array([0.0, half / 2, half])))


def _fixed_speed(found: Rows) -> Floats:
    return _left_over(found, DOOR_MINUTES + 60 * found.extra["km"] / FIXED_KMH)


def _town_hour(past: Rows) -> Point:
    """Mean lateness and mean log(way / usual way) by town and hour, where enough is known."""
    cells: dict[tuple[str, int, int], list[float]] = {}
    state = past.inputs[:, FEATURES.names.index("under_way")].astype(int)
    for city, hour, way, value in zip(past.extra["city"], past.extra["hour"], state, past.target, strict=True):
        cells.setdefault((city, int(hour), int(way)), []).append(float(value))
    means = {cell: float(np.mean(values)) for cell, values in cells.items() if len(values) >= ENOUGH}
    usual = [float(past.target[state == way].mean()) for way in (0, 1)]

    def point(found: Rows) -> Floats:
        way = found.inputs[:, FEATURES.names.index("under_way")].astype(int)
        of = zip(found.extra["city"], found.extra["hour"], way, strict=True)
        value = np.array([means.get((city, int(hour), int(w)), usual[int(w)]) for city, hour, w in of])
        return _either(found, value)

    return point


def _own_past(found: Rows) -> Floats:
    late, trip = (found.inputs[:, FEATURES.names.index(name)] for name in ("technician_late", "city_trip"))
    return _either(found, np.where(found.inputs[:, FEATURES.names.index("under_way")] == UNDER_WAY, trip, late))


def _either(found: Rows, value: Floats) -> Floats:
    """Minutes late or log(way / usual way), by the row's state, as minutes until arrival."""
    way = found.inputs[:, FEATURES.names.index("under_way")] == UNDER_WAY
    going, planned = (until_arrival(found.inputs, value[:, None], state)[:, 0] for state in (UNDER_WAY, PLANNED))
    return np.where(way, going, planned)


def truth(oracle: Oracle, later: Rows) -> Floats:
    """(n, 3) true quantiles of minutes until arrival, given that they have not arrived (not left) by now. Knows no job that overruns before."""
    low, high = np.zeros(len(later)), np.full(len(later), 600.0)
    below = _arrived_by(oracle, later)
    found = []
    for share in QUANTILES:
        bottom, top = low.copy(), high.copy()
        for _ in range(22):
            middle = (bottom + top) / 2
            under = below(middle) < share
            bottom, top = np.where(under, middle, bottom), np.where(under, top, middle)
        found.append((bottom + top) / 2)
    return np.column_stack(found)


def _arrived_by(oracle: Oracle, later: Rows) -> Callable[[Floats], Floats]:
    """minutes from now (n) -> P(arrived by then)."""
    request, who = later.extra["request_id"].astype(np.int64), later.extra["technician_id"].astype(np.int64)
    lat, lon = (later.extra[name].astype(float) for name in ("lat", "lon"))
    planned_hour = later.extra["planned_hour"].astype(np.int64)
    trip = oracle.travel(request, lat, lon, hour=planned_hour)
    under_way = later.inputs[:, FEATURES.names.index("under_way")] == UNDER_WAY
    gone = (later.decided_at - later.extra["left"]) / 60
    ahead = (later.extra["start"] - later.decided_at) / 60
    median = np.exp(trip.mean[..., 0])
    slack, sd = laws.leave_mean(oracle.numbers, unpunctual=oracle.technicians["unpunctual"][who]), oracle.numbers("visit.leave_sd")
    # leaving at start - median + slack + sd z, and not left yet: z is a normal cut off from below
    cut = ndtr((median - ahead - slack) / sd)
    leaves = [ahead - median + slack + sd * ndtri(np.minimum(cut + (1 - cut) * share, 1 - 1e-12)) for share in SPREAD]
    still = np.maximum(1e-12, 1 - trip.cdf(np.maximum(1e-9, gone)))

    def below(minutes: Floats) -> Floats:
        planned = np.mean([np.where(minutes > leave, trip.cdf(np.maximum(1e-9, minutes - leave)), 0.0) for leave in leaves], axis=0)
        way = (trip.cdf(np.maximum(1e-9, gone + minutes)) - (1 - still)) / still
        return np.where(under_way, way, planned)

    return below


def figures(minutes: Floats, came: Floats, later: Rows, widen: Floats) -> dict[str, float]:
    """`told`: share of arrivals in the windows as said (rounded), then by state; `width`, minutes; `raw`: share between the quantiles themselves.

    `mae`: error of the likely minute; `risk_brier`: of P(later than promised); `warned`: share told of it, `warned_late`: of these, those who were.
    """
    way = later.inputs[:, FEATURES.names.index("under_way")].astype(int)
    asked, (start, end) = asked_at(later), windows(minutes, later, widen)
    held = (asked + came >= start) & (asked + came <= end)
    some = np.arange(len(later)) % max(1, len(later) // RISKED) == 0
    until = ((later.extra["start"] - later.decided_at) / 60 + PROMISE.total_seconds() / 60)[some]
    risk = np.array([late_risk(three, limit) for three, limit in zip(minutes[some], until, strict=True)])
    late = came[some] > until
    return {
        "told": float(held.mean()),
        "planned": float(held[way == 0].mean()),
        "under_way": float(held[way == 1].mean()),
        "width": float((end - start).mean()),
        "raw": float(((came >= minutes[:, 0]) & (came <= minutes[:, 2])).mean()),
        "mae": float(np.abs(came - minutes[:, 1]).mean()),
        "risk_brier": float(((risk - late) ** 2).mean()),
        "warned": float((risk >= HIGH_RISK).mean()),
        "warned_late": float(late[risk >= HIGH_RISK].mean()) if (risk >= HIGH_RISK).any() else float("nan"),
    }


def windows(minutes: Floats, later: Rows, widen: Floats) -> tuple[Floats, Floats]:
    """((n,), (n,)): start and end of the window as it is said, rounded, `widen` (2,) minutes wider by state; minutes of the day, UTC."""
    way = later.inputs[:, FEATURES.names.index("under_way")].astype(int)
    wide = np.maximum(0.0, minutes + np.array([-1.0, 0.0, 1.0]) * widen[way][:, None])
    start, end = told(asked_at(later), wide, way).T
    return start, end


def asked_at(later: Rows) -> Floats:
    """Minutes of the day, UTC."""
    return np.asarray(later.decided_at % 86_400 / 60)


def latency(folder: Path) -> float:
    """p95 of one answer, ms."""
    model, inputs = load(folder), one(under_way=True, usual=20.0)
    return p95_ms(lambda: model.minutes(inputs))


def _holds(name: str, *, who: str = "model") -> Callable[[Mapping[str, Mapping[str, float]]], bool]:
    return lambda mean: COVERAGE - 0.02 <= mean[who][name] <= COVERAGE + 0.02


EXAMINER = Examiner(
    "arrival",
    ("rule", "30 km/h", "town x hour", "technician's past"),
    examine,
    {
        "told windows hold 88..92 %": _holds("told"),
        "told windows of planned visits hold 88..92 %": _holds("planned"),
        "told windows of ways begun hold 88..92 %": _holds("under_way"),
        "told windows hold 88..92 % without weather": _holds("told", who="model, no weather told"),
    },
    latency,
    tables=TABLES,
    hidden=(
        "technician_traits.unpunctual",
        "towns.road_factor",
        "towns.speed_level",
        "client_traits.income",
    ),
)
