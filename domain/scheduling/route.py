"""A technician's day: in which order to visit so that the least time goes on the road and every promised window is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

EXACT_UP_TO = 7  # stops: 5,040 orders, some milliseconds
MANY = 10**6  # minutes: no window ends later
Way = Callable[["Stop", "Stop"], int]


@dataclass(frozen=True)
class Stop:
    """One visit in minutes of the day: it may begin in [opens, closes] and takes `minutes`. Being early means waiting."""

    ref: str
    lat: float
    lon: float
    opens: int
    closes: int
    minutes: int


@dataclass(frozen=True)
class Route:
    """`order`: refs; `starts`: when each begins; `travel`: minutes on the road; `kept`: no window is broken."""

    order: tuple[str, ...]
    starts: tuple[int, ...]
    travel: int
    kept: bool


def route(home: Stop, stops: Sequence[Stop], way: Way) -> Route:
    """The order with the least travel in which every window is kept; the order of opening times where none is found.

    `home`: where the day begins, at its `opens` + `minutes`; `way`: whole minutes between two stops. Small days exactly, longer ones by
    OR-tools where it is installed (`bricol[routes]`), else by moving one stop at a time. Never more travel than a kept order of opening times.
    """
    usual = sorted(stops, key=lambda stop: (stop.opens, stop.closes, stop.ref))
    asked = drive(home, usual, way)
    if len(usual) < 2:
        return asked
    found = _exact(home, usual, way) if len(usual) <= EXACT_UP_TO else _long(home, usual, way)
    return min((asked, *found), key=lambda each: (not each.kept, each.travel if each.kept else 0))


def drive(home: Stop, stops: Sequence[Stop], way: Way) -> Route:
    """The day in this very order."""
    at, now, travel, starts, kept = home, home.opens + home.minutes, 0, [], True
    for stop in stops:
        road = way(at, stop)
        begin = max(stop.opens, now + road)
        kept = kept and begin <= stop.closes
        at, now, travel = stop, begin + stop.minutes, travel + road
        starts.append(begin)
    return Route(tuple(stop.ref for stop in stops), tuple(starts), travel, kept)


def _exact(home: Stop, stops: Sequence[Stop], way: Way) -> list[Route]:
    kept = [made for order in permutations(stops) if (made := drive(home, order, way)).kept]
    return [min(kept, key=lambda each: each.travel)] if kept else []


def _long(home: Stop, stops: Sequence[Stop], way: Way) -> list[Route]:
    try:
        order = _solved(home, stops, way)
    except ImportError:
        order = _moved(home, stops, way)
    return [drive(home, order, way)] if order is not None else []


def _moved(home: Stop, stops: Sequence[Stop], way: Way) -> list[Stop]:
    """From the order of opening times, one stop to a better place at a time, until no move helps."""
    order, best = list(stops), drive(home, stops, way)
    better = True
    while better:
        better = False
        for start in range(len(order)):
            for to in range(len(order)):
                rest = [*order[:start], *order[start + 1 :]]
                tried = [*rest[:to], order[start], *rest[to:]]
                made = drive(home, tried, way)
                if (not made.kept, made.travel) < (not best.kept, best.travel):
                    order, best, better = tried, made, True
    return order


def _solved(home: Stop, stops: Sequence[Stop], way: Way) -> list[Stop] | None:
    """By OR-tools: cheapest insertion, then its own improvements; None where it keeps no order. Raises ImportError without it."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    places = [home, *stops]
    manager = pywrapcp.RoutingIndexManager(len(places), 1, 0)
    model = pywrapcp.RoutingModel(manager)

    def travel(start: int, end: int) -> int:
        a, b = manager.IndexToNode(start), manager.IndexToNode(end)
        return 0 if b == 0 else way(places[a], places[b])  # the way home is their own

    def passing(start: int, end: int) -> int:
        return travel(start, end) + places[manager.IndexToNode(start)].minutes

    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitCallback(travel))
    model.AddDimension(model.RegisterTransitCallback(passing), MANY, MANY, False, "time")
    time = model.GetDimensionOrDie("time")
    time.CumulVar(model.Start(0)).SetRange(home.opens, home.opens)
    for number, stop in enumerate(stops, 1):
        time.CumulVar(manager.NodeToIndex(number)).SetRange(stop.opens, stop.closes)
    how = pywrapcp.DefaultRoutingSearchParameters()
    how.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    found = model.SolveWithParameters(how)
    if found is None:
        return None
    order, index = [], found.Value(model.NextVar(model.Start(0)))
    while not model.IsEnd(index):
        order.append(places[manager.IndexToNode(index)])
        index = found.Value(model.NextVar(index))
    return order
