"""How people come, stay and go: who asks on a given day, what an offer does to them, and the week that makes a technician leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.market import laws

if TYPE_CHECKING:
    from evals.market.files import Files
    from evals.market.parameters import Numbers, Streams
    from evals.market.scene import Scene, State

Ints = NDArray[np.int64]
CAUSES = ("visit", "unserved", "life", "week")
VISIT, UNSERVED, LIFE, WEEK = range(4)
ARMS = ("", "fixed", "range")


def experiment_days(scene: Scene) -> tuple[int, int]:
    """First day of the experiment on quotes and the first after it."""
    return round(scene.numbers("experiment.from") * scene.calendar.days), round(scene.numbers("experiment.to") * scene.calendar.days)


def arms(numbers: Numbers, count: int, streams: Streams) -> Ints:
    """Each client's arm, 1 or 2 of ARMS, for good."""
    return 1 + (streams("arms").random(count) < numbers("experiment.arms.range")).astype(np.int64)


def running_arm(scene: Scene, client: Ints, minute: Ints) -> Ints:
    """The arm (of ARMS) that acts on a client at a minute; 0 outside the experiment."""
    first, after = experiment_days(scene)
    day = minute // 1440
    return np.where((day >= first) & (day < after), scene.arm[client], 0)


def who_asks(scene: Scene, state: State, day: int, request: Ints) -> Ints:
    """A living client of each request's town, by booking rate and what an open offer does to it.

    A town whose clients have all left takes its newcomers early, and in the end people back: small worlds need it, large ones never do.
    """
    clients, rng = scene.clients, scene.streams("asking")
    factors = np.array([factor for _, factor in scene.numbers("life.kinds").values()])
    boost = np.where(state.offer_until >= day * 1440, factors[clients.kind], 1.0)
    here = clients.joined_day <= day
    weight = state.alive * (clients.rate * boost * here + 1e-9 * (~here & ~scene.fraud.invented))
    order, bounds = scene.by_city
    heights = np.concatenate([[0.0], np.cumsum(weight[order])])
    low, high = heights[bounds[:-1]], heights[bounds[1:]]
    city = scene.asked.city[request]
    empty = high[city] <= low[city]
    at = low[city] + rng.random(len(request)) * (high[city] - low[city])
    place = np.searchsorted(heights, at, side="right") - 1
    anybody = bounds[:-1][city] + (rng.random(len(request)) * (bounds[1:] - bounds[:-1])[city]).astype(int)
    chosen = np.where(empty, anybody, np.clip(place, bounds[:-1][city], bounds[1:][city] - 1))
    return order[np.clip(chosen, 0, len(order) - 1)]


def clients_leave(scene: Scene, state: State, files: Files, day: int, client: Ints, cause: int) -> None:
    """They never ask again. Who has left already is left out."""
    gone = np.unique(client[state.alive[client]])
    state.alive[gone] = False
    _departs(files, "client", gone, day, cause)


def quiet_departures(scene: Scene, state: State, files: Files, day: int) -> None:
    """The daily hazard that has nothing to do with us: people move or find a cousin who does it."""
    drawn = scene.streams("life").random(len(scene.clients)) < scene.numbers("life.client_hazard")
    clients_leave(scene, state, files, day, np.flatnonzero(drawn & ~scene.fraud.invented), LIFE)


def technicians_week(scene: Scene, state: State, files: Files, week: int, day: int) -> None:
    """Ends a week: new fatigue from hours worked and other work; the tired and the badly paid leave more often."""
    n, active = scene.numbers, np.flatnonzero(state.active)
    hazard = write_week(scene, state, files, week)
    gone = active[scene.streams("life").random(len(active)) < hazard]
    state.active[gone] = False
    _departs(files, "technician", gone, day, WEEK)
    keeps = n("life.fatigue_keeps")
    rest = scene.technicians.outside_load + state.week_hours / n("life.fatigue_full_hours")
    state.fatigue = keeps * state.fatigue + (1 - keeps) * rest
    state.week_hours[:], state.week_mad[:] = 0, 0


def write_week(scene: Scene, state: State, files: Files, week: int) -> NDArray[np.float64]:
    """Each active technician's state during the week that ends (or stops) now, and their hazard of leaving in it, which is returned."""
    active = np.flatnonzero(state.active)
    hazard = laws.technician_leaves(scene.numbers, fatigue=state.fatigue[active], weekly_mad=state.week_mad[active])
    files.add("technician_weeks", week=np.full(len(active), week), technician_id=active, fatigue=state.fatigue[active], leaving_hazard=hazard)
    return hazard


def newcomers(scene: Scene, state: State, day: int) -> None:
    """Technicians whose first day it is."""
    if day:
        state.active[scene.technicians.joined_day == day] = True


def campaign(scene: Scene, state: State, files: Files, day: int) -> None:
    """Every four weeks a randomised credit offer to a tenth of the living clients, half of them held back."""
    n, rng = scene.numbers, scene.streams("campaigns")
    if day % n("life.campaign_days") != n("life.campaign_days") // 2:
        return
    known = np.flatnonzero(state.alive & (scene.clients.joined_day <= day) & ~scene.fraud.invented)
    drawn = known[rng.random(len(known)) < n("life.campaign_share")]
    treated = rng.random(len(drawn)) < n("life.campaign_treated")
    at = day * 1440 + 10 * 60
    until = at + n("life.campaign_lasts") * 1440
    state.offer_until[drawn[treated]] = until
    share = np.full(len(drawn), n("life.campaign_treated"))
    files.add("campaigns", client_id=drawn, at=np.full(len(drawn), at), treated=treated, propensity=share, expires_at=np.full(len(drawn), until))


def _departs(files: Files, person: str, gone: Ints, day: int, cause: int) -> None:
    count = len(gone)
    names: Any = ("client", "technician")
    who = np.full(count, names.index(person)), names
    files.add("departures", person=who, person_id=gone, day=np.full(count, day), cause=(np.full(count, cause), CAUSES))
