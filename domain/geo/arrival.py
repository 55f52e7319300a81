"""When a technician arrives, learnt from past ways: quantiles of the lateness of a planned visit, and of the minutes left of a way begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalog import services
from domain.clock import to_local
from domain.geo.travel import DOOR_MINUTES, EARTH_KM, OPEN_ROAD_KMH, ROAD_FACTOR, TOWN_KM, TOWN_KMH
from domain.learning import registry
from domain.learning.asof import DAY, NEVER, Feature, FeatureSet, Past
from domain.learning.quality import BadTrainingData, Columns, Rows, check, require
from domain.learning.trees import Trees, save

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "arrival"
FILE = "trees.npz"
COVERAGE = 0.90
QUANTILES = ((1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2)
ROWS_AT_LEAST = 1000
TARGET = (-300.0, 900.0)  # minutes late, or log(way / usual way): beyond is a slip of the keyboard
PLANNED, UNDER_WAY = 0, 1  # not left yet; left, or seen on the way
TRIP = (-3.0, 3.0)  # log(way / usual way): beyond 20 times is another errand

#: Nothing here tells one client from another but where the way leads.
FEATURES = FeatureSet(
    NAME,
    1,
    (
        Feature("under_way", "0 not left yet, 1 left or seen on the way", "state", 0, 1, unit="yes or no"),
        Feature("since", "time since they left or were seen, over the usual minutes of the way", "state", 0, 100, unit="usual ways"),
        Feature("ahead", "minutes until the planned start", "state", -300, 20_000, unit="min"),
        Feature("usual", "usual minutes of the way: road factor, hour, door", "way", 1, 2_000, unit="min"),
        Feature("hour", "wall-clock hour of leaving", "time", 0, 23, unit="h"),
        Feature("weekday", "0 = Monday", "time", 0, 6, unit="day"),
        Feature("rain", "a wet day, where anybody knows", "time", 0, 1, empty=True, unit="yes or no"),
        Feature(
            "gap",
            "minutes from the planned end of the visit they are still at to this one; empty: free",
            "technician",
            -1_500,
            1_500,
            empty=True,
            unit="min",
        ),
        Feature("technician_visits", "arrivals of theirs", "technician", 0, source="visits", entity="technician_id", how="count", unit="visits"),
        Feature(
            "technician_late", "their minutes late, shrunk", "technician", -300, 900, source="late", entity="technician_id", weight=2.0, unit="min"
        ),
        Feature("city_trip", "the town's log(way / usual way), shrunk", "way", *TRIP, source="trip", entity="city", weight=20.0, unit="log ratio"),
    ),
)
#: What a training or an evaluation must hand over.
TABLES: Mapping[str, tuple[str, ...]] = {
    "bookings": ("booking_id", "request_id", "technician_id", "node", "confirmed_at", "start_at"),
    "visits": ("booking_id", "from_lat", "from_lon", "left_at", "arrived_at", "closed_at"),
    "requests": ("request_id", "client_id", "city"),
    "clients": ("client_id", "lat", "lon"),
    "days": ("day", "date"),
    "rain": ("day", "city"),
}


@dataclass(frozen=True)
class ArrivalModel:
    """For each state (PLANNED, UNDER_WAY) trees for low, likely, high of what a plain line leaves: minutes late, log(way / usual way).

    `margins` (2, 2): what conformal correction takes from every low and adds to every high; `widen` (2,): minutes by which told windows are
    wider, so that they hold COVERAGE although they are rounded.
    """

    trees: tuple[tuple[Trees, Trees, Trees], tuple[Trees, Trees, Trees]]
    margins: Floats
    widen: Floats
    version: str

    def minutes(self, inputs: Floats) -> Floats:
        """(n, features) -> (n, 3): low <= likely <= high minutes from now until arrival, never below 0."""
        found = np.zeros((len(inputs), 3))
        for state in (PLANNED, UNDER_WAY):
            where = inputs[:, column("under_way")] == state
            seen = visible(inputs[where], state)
            rest = np.column_stack([trees.predict(seen) for trees in self.trees[state]])
            rest = np.sort(rest, axis=1) + np.array([-self.margins[state, 0], 0.0, self.margins[state, 1]])
            found[where] = until_arrival(inputs[where], line(inputs[where], state)[:, None] + np.sort(rest, axis=1), state)
        return found

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {"margins": self.margins, "widen": self.widen}
        for state, three in enumerate(self.trees):
            for name, trees in zip(("low", "likely", "high"), three, strict=True):
                arrays |= trees.arrays(f"{state}.{name}")
        save(path, arrays)

    @classmethod
    def read(cls, path: Path, version: str) -> ArrivalModel:
        """Raises ModelRefused for a file that holds no such model."""
        with registry.stored(path, NAME) as stored:
            planned, way = ([Trees.read(stored, f"{state}.{name}") for name in ("low", "likely", "high")] for state in (PLANNED, UNDER_WAY))
            return cls(((planned[0], planned[1], planned[2]), (way[0], way[1], way[2])), stored["margins"], stored["widen"], version)


@lru_cache(maxsize=4)
def serving(folder: Path) -> ArrivalModel | None:
    """The model that passed the gate; None: the rule serves, and the log said why."""
    return registry.serving(folder, FEATURES, FILE, ArrivalModel.read)


# --- what model, training and examiner share: the meaning of the numbers -----------------------------------------------


def column(name: str) -> int:
    return FEATURES.names.index(name)


def line(inputs: Floats, state: int) -> Floats:
    """(n,): what is expected before any tree: the technician's own lateness, or the town's own roads."""
    return inputs[:, column("technician_late" if state == PLANNED else "city_trip")]


#: Trees of a way begun see no distance: then the window of somebody near is never wider than that of somebody far.
_HIDDEN = {PLANNED: ("since",), UNDER_WAY: ("ahead", "usual", "gap", "technician_visits", "technician_late")}


def visible(inputs: Floats, state: int) -> Floats:
    """The inputs with those at 0 that this state's trees may not look at."""
    seen = inputs.copy()
    seen[:, [column(name) for name in _HIDDEN[state]]] = 0.0
    return seen


def until_arrival(inputs: Floats, values: Floats, state: int) -> Floats:
    """(n, k) minutes late or log(way / usual way) -> minutes from now, at least 0."""
    if state == PLANNED:
        return np.asarray(np.maximum(0.0, inputs[:, [column("ahead")]] + values))
    usual = inputs[:, [column("usual")]]
    return np.asarray(np.maximum(0.0, usual * (np.exp(np.clip(values, *TRIP)) - inputs[:, [column("since")]])))


def usual_minutes(km: Floats, hour: Ints) -> Floats:
    """The likely minutes of domain.geo.travel for many ways: road km and wall-clock hours of leaving."""
    town = np.array([next(speed for hours, speed in TOWN_KMH.items() if each in hours) for each in range(24)])[hour]
    return np.asarray(DOOR_MINUTES + 60 * (np.minimum(km, TOWN_KM) / town + np.maximum(0.0, km - TOWN_KM) / OPEN_ROAD_KMH))


def road_km(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """domain.geo.distance_km for many ways."""
    a, b, c, d = (np.radians(np.asarray(each, float)) for each in (lat_a, lon_a, lat_b, lon_b))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h))) * ROAD_FACTOR)


# --- examples ----------------------------------------------------------------------------------------------------------


def rows(tables: Mapping[str, Columns]) -> Rows:
    """Up to four questions about every visit that was reached, each with what was known when it is asked; times in seconds.

    `extra["kind"]`: 0 long before, 1 around the hour and not left yet, 2 just left, 3 on the way. The moments hang on the booking's id alone.
    Target: minutes late (kinds 0, 1) or log(way / usual way). Raises BadTrainingData that lists missing tables and columns.
    """
    require(tables, TABLES)
    visits = _visits(tables)
    past = {
        "visits": Past(visits["technician_id"], visits["arrived"], np.ones(len(visits["arrived"]))),
        "late": Past(visits["technician_id"], visits["arrived"], visits["late"]),
        "trip": Past(visits["city"], visits["arrived"], visits["trip"]),
    }
    parts = [_asked(visits, past, kind, at) for kind, at in enumerate(_moments(visits))]
    return Rows.joined(parts)


def checked(found: Rows) -> Rows:
    """The rows, if they can teach. Raises BadTrainingData."""
    check(found, FEATURES, target=TARGET, rows_at_least=ROWS_AT_LEAST)
    return found


def one(
    *, under_way: bool, usual: float, since: float = 0.0, ahead: float = 0.0, hour: int = 12, weekday: int = 0, rain: float | None = None,
    gap: float | None = None, technician_visits: int = 0, technician_late: float = 0.0, city_trip: float = 0.0,
) -> Floats:  # fmt: skip
    """(1, features) of a visit that is asked about now; `usual` and `since` in minutes, the others as FEATURES says."""
    values: dict[str, float] = {
        "under_way": float(under_way), "since": max(0.0, since) / usual, "ahead": ahead, "usual": usual, "hour": hour, "weekday": weekday,
        "rain": np.nan if rain is None else rain, "gap": np.nan if gap is None else gap,
        "technician_visits": technician_visits, "technician_late": technician_late, "city_trip": city_trip,
    }  # fmt: skip
    return np.array([[values[name] for name in FEATURES.names]])


def _visits(tables: Mapping[str, Columns]) -> dict[str, NDArray[Any]]:
    """Every visit that was reached, by columns; minutes and seconds as their names say."""
    bookings, visits, requests, clients = (tables[name] for name in ("bookings", "visits", "requests", "clients"))
    reached = (visits["arrived_at"] != NEVER) & (visits["left_at"] != NEVER)
    booking = _at(bookings["booking_id"], visits["booking_id"])
    request = _at(requests["request_id"], bookings["request_id"][booking])
    client = _at(clients["client_id"], requests["client_id"][request])
    start, left, arrived = bookings["start_at"][booking].astype(np.int64), visits["left_at"], visits["arrived_at"]
    km = road_km(visits["from_lat"], visits["from_lon"], clients["lat"][client], clients["lon"][client])
    offset, city = _offset(start), requests["city"][request].astype(str)
    before = start - 20 * 60  # people are on the way about then; when they really left is not known beforehand
    hour = (before + offset) // 3600 % 24
    left_hour = (np.where(reached, left, start) + offset) // 3600 % 24
    known_km = np.where(reached, km, 0.0)
    planned_way, way = usual_minutes(known_km, hour), usual_minutes(known_km, left_hour)
    with np.errstate(invalid="ignore", divide="ignore"):
        trip = np.log(np.where(reached, arrived - left, 60) / 60 / way)
    found = {
        "booking_id": visits["booking_id"], "technician_id": bookings["technician_id"][booking], "request_id": bookings["request_id"][booking],
        "city": city, "start": start, "confirmed": bookings["confirmed_at"][booking].astype(np.int64), "left": left, "arrived": arrived,
        "lat": visits["from_lat"], "lon": visits["from_lon"], "hour": hour, "planned_hour": hour, "usual": planned_way,
        "weekday": ((start + offset) // DAY + 3) % 7,
        "left_hour": left_hour, "way": way, "km": km,
        "late": np.where(reached, arrived - start, 0) / 60, "trip": np.clip(trip, *TRIP), "rain": _rain(tables, start + offset, city),
    } | _before(bookings, visits, booking)  # fmt: skip
    return {name: np.asarray(values)[reached] for name, values in found.items()}


def _moments(visits: Mapping[str, NDArray[Any]]) -> tuple[Ints, Ints, Ints, Ints]:
    """When each of the four questions is asked (seconds; NEVER where it cannot be). Golden-section fractions: spread evenly, the same every time."""
    ids = visits["booking_id"].astype(np.float64)
    first, second = ids * 0.6180339887 % 1, ids * 0.7548776662 % 1
    start, left, arrived, confirmed = (visits[name] for name in ("start", "left", "arrived", "confirmed"))
    early = np.maximum(start - (45 + 135 * first).astype(np.int64) * 60, confirmed + 60)
    near = start + (35 * second - 20).astype(np.int64) * 60
    midway = left + (visits["way"] * (0.2 + first) * 60).astype(np.int64)
    return (
        np.where(early < left, early, NEVER),
        np.where((near < left) & (near > confirmed), near, NEVER),
        np.where(left < arrived, left, NEVER),
        np.where(midway < arrived, midway, NEVER),
    )


def _asked(visits: Mapping[str, NDArray[Any]], past: Mapping[str, Past], kind: int, moments: Ints) -> Rows:
    where = moments != NEVER
    seen, at = {name: values[where] for name, values in visits.items()}, moments[where]
    way = kind >= 2
    if way:  # the hour is known by now
        seen |= {"hour": seen["left_hour"], "usual": seen["way"]}
    held = (seen["before_confirmed"] < at) & (seen["before_closed"] >= at) & (abs(seen["gap"]) <= 720)
    given = {
        "under_way": np.full(len(at), float(way)),
        "since": (at - seen["left"]) / 60 / seen["usual"] if way else np.zeros(len(at)),
        "ahead": (seen["start"] - at) / 60,
        "gap": np.where(held, seen["gap"], np.nan),
        # a service asks no weather station: half of the examples do not know it either
        "rain": np.where(seen["booking_id"] % 2 == 0, seen["rain"], np.nan),
    } | {name: seen[name] for name in ("usual", "hour", "weekday", "technician_id", "city")}
    inputs, known = FEATURES.build(given, past, at)
    names = ("request_id", "technician_id", "city", "hour", "planned_hour", "lat", "lon", "start", "left", "km", "usual")
    extra = {name: seen[name] for name in names} | {"kind": np.full(len(at), kind)}
    return Rows(inputs, seen["trip" if way else "late"].astype(float), at, seen["arrived"].astype(np.int64), known, extra)


def _before(bookings: Columns, visits: Columns, booking: Ints) -> dict[str, NDArray[Any]]:
    """Of the technician's visit before this one: `gap` minutes from its planned end to this start, and between which seconds it is open."""
    who, start = bookings["technician_id"][booking], bookings["start_at"][booking].astype(np.int64)
    order = np.lexsort((start, who))
    last = np.full(len(order), -1)
    same = who[order][1:] == who[order][:-1]
    last[order[1:]] = np.where(same, order[:-1], -1)
    end = start / 60 + _usual_on_site(bookings["node"][booking].astype(str))
    return {
        "gap": np.where(last >= 0, start / 60 - end[last], np.nan),
        "before_confirmed": np.where(last >= 0, bookings["confirmed_at"][booking][last], np.iinfo(np.int64).max),
        "before_closed": np.where(last >= 0, visits["closed_at"][last], NEVER),
    }


def _usual_on_site(node: NDArray[Any]) -> Floats:
    names, code = np.unique(node, return_inverse=True)
    minutes = _site_minutes()
    return np.array([minutes.get(str(name), 60.0) for name in names])[code]


@cache
def _site_minutes() -> Mapping[str, float]:
    return {node.id: float(node.minutes[1]) for service in services().values() for node in (*service.nodes.values(), service.general)}


def _rain(tables: Mapping[str, Columns], local_seconds: Ints, city: NDArray[Any]) -> Floats:
    """1 on a wet day of the town, else 0."""
    days, wet = tables["days"], tables["rain"]
    number = {int(np.datetime64(str(text), "D").astype(np.int64)): int(day) for text, day in zip(days["date"], days["day"], strict=True)}
    named = {(int(day), str(town)) for day, town in zip(wet["day"], wet["city"], strict=True)}
    return np.array([float((number.get(int(day), -1), town) in named) for day, town in zip(local_seconds // DAY, city, strict=True)])


def _offset(seconds: Ints) -> Ints:
    """What a Moroccan clock shows beyond UTC, seconds; asked once a day."""
    days, code = np.unique(seconds // DAY, return_inverse=True)
    noon = [to_local(datetime.fromtimestamp(int(day) * DAY + DAY // 2, UTC)).utcoffset() for day in days]
    return np.array([int(each.total_seconds()) if each else 0 for each in noon], np.int64)[code]


def _at(ids: NDArray[Any], wanted: NDArray[Any]) -> Ints:
    """Where each wanted id stands."""
    order = np.argsort(ids, kind="stable")
    place = np.searchsorted(ids[order], wanted).clip(max=max(0, len(ids) - 1))
    found: Ints = order[place] if len(ids) else np.zeros(0, np.int64)
    if lost := int((ids[found] != wanted).sum()) if len(ids) else len(wanted):
        raise BadTrainingData((f"{lost} rows point to ids that are not there; export the tables of one moment together",))
    return found
