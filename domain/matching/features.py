"""What is known of a technician and a job when a list is made: the inputs of the learnt ranking, for training, measuring and serving alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.catalog import services
from domain.learning.asof import NEVER, Feature, FeatureSet, Past
from domain.learning.quality import BadTrainingData, Columns, Rows, check, require
from domain.pricing.cost_model import hurry_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAME = "match"
ROWS_AT_LEAST = 1_000
EVENING = (19, 7)  # from, until: wall-clock hours of the visit
BIG_JOB = 1.5  # times a small job's price: such a client looks at quality before price
WHO = "technician_id"
#: Visits whose end was the technician's doing, and those that ended well. What the client called off says nothing of either.
THEIRS = ("done", "not_fixed", "no_show", "cancelled_by_technician")
TRIED = ("done", "not_fixed")

#: Nothing here tells one client from another but the technician who came to them last: no district, language, script, mood or phone.
FEATURES = FeatureSet(
    NAME,
    1,
    (
        Feature("emergency", "asked as an emergency", "job", 0, 1, unit="yes or no"),
        Feature("big", "a job of several times the small one's price", "job", 0, 1, unit="yes or no"),
        Feature("evening", "the visit is from 19:00 or before 07:00", "job", 0, 1, unit="yes or no"),
        Feature("described", "how hard the client's words make it, sd units", "job", -8, 8, empty=True, unit="sd"),
        Feature("km", "road from their home to the client's", "pair", 0, 200, unit="km"),
        Feature("price", "log of their price over the job's usual one", "pair", -3, 3, unit="log ratio"),
        Feature("price_emergency", "the same in an emergency, else 0", "pair", -3, 3, unit="log ratio"),
        Feature("price_big", "the same for a big job, else 0", "pair", -3, 3, unit="log ratio"),
        Feature("known", "came to this client last, and did it well", "pair", 0, 1, unit="yes or no"),
        Feature("speaks", "serves in the client's language", "pair", 0, 1, empty=True, unit="yes or no"),
        Feature("rating", "stars as shown", "technician", 1, 5, unit="stars"),
        Feature("reviews", "log of 1 + how many are behind them, as shown", "technician", 0, 15, unit="log(1 + n)"),
        Feature("level", "1..5, from papers and interview", "technician", 1, 5, empty=True, unit="levels"),
        Feature("verified", "papers seen", "technician", 0, 1, empty=True, unit="yes or no"),
        Feature("second_trade", "this is not their main trade", "technician", 0, 1, unit="yes or no"),
        Feature("jobs_that_day", "visits agreed for that day", "technician", 0, 30, unit="visits"),
        Feature(
            "fixes", "share of tried visits done at once, shrunk", "technician", 0, 1, source="fixed", entity=WHO, prior=0.87, weight=12, unit="share"
        ),
        Feature("keeps", "share of visits they came to, shrunk", "technician", 0, 1, source="kept", entity=WHO, prior=0.94, weight=15, unit="share"),
        Feature(
            "accepts", "share of offers with a yes in time, shrunk", "technician", 0, 1, source="yes", entity=WHO, prior=0.6, weight=8, unit="share"
        ),
        Feature(
            "reply", "mean log minutes to an answer, shrunk", "technician", -3, 10, source="reply", entity=WHO, prior=1.7, weight=4, unit="log min"
        ),
        Feature(
            "lately",
            "mean stars of the last 90 days, shrunk",
            "technician",
            1,
            5,
            source="stars",
            entity=WHO,
            days=90,
            prior=4.3,
            weight=5,
            unit="stars",
        ),
        Feature("popular", "bookings in the last 30 days", "technician", 0, source="booked", entity=WHO, how="count", days=30, unit="bookings"),
    ),
)
#: Parts of an input set that are the same for every candidate of one list.
OF_THE_JOB = tuple(feature.name for feature in FEATURES.features if feature.family == "job")
#: What our own tables do not hold today; the ranking takes it as usual.
NOT_KEPT = ("described", "speaks", "level", "verified")

#: What a training or an evaluation must hand over.
TABLES: Mapping[str, tuple[str, ...]] = {
    "technicians": ("technician_id", "service", "level", "verified"),
    "requests": ("request_id", "service", "node", "urgency", "described", "start_at", "at", "start_hour", "usual_mad"),
    "slates": ("slate_id", "request_id", "at", "source", "chosen_position", "chosen_at"),
    "slate_items": ("slate_id", "position", "technician_id", "km", "price_mad", "rating", "reviews", "jobs_that_day", "speaks", "known"),
    "offers": ("offer_id", "slate_id", "technician_id", "sent_at", "deadline_at", "reply", "replied_at"),
    "bookings": ("booking_id", "offer_id", "technician_id", "confirmed_at"),
    "visits": ("booking_id", "technician_id", "status", "closed_at"),
    "ratings": ("technician_id", "at", "stars"),
}


def rows(tables: Mapping[str, Columns], until: int | None = None) -> Rows:
    """Every place of every list, with what was known when it was shown; ids of `tables` as in TABLES, times in seconds.

    The target says two things: 1 where the client took them; plus 2 where a visit came of it that failed by the technician, 4 where one was done.
    A visit that ended from `until` on is not told. `extra`: slate_id, position, listed (not asked for by name).
    Raises BadTrainingData that lists missing tables and columns.
    """
    require(tables, TABLES)
    items, slates = tables["slate_items"], tables["slates"]
    shown = place(slates["slate_id"], items["slate_id"])
    inputs, seen = inputs_of(tables, items)
    chosen = (items["position"] == slates["chosen_position"][shown]) & (items["position"] > 0)
    target = chosen.astype(float) + _came(tables, items, until)
    extra = {"slate_id": items["slate_id"].astype(np.int64), "position": items["position"].astype(np.int64)}
    extra["listed"] = slates["source"][shown] == "list"
    decided, over = slates["at"][shown].astype(np.int64), slates["chosen_at"][shown].astype(np.int64)
    return Rows(inputs, target, decided, np.maximum(decided, np.where(over == NEVER, decided, over)), seen, extra)


def checked(found: Rows) -> Rows:
    """The rows, if they can teach. Raises BadTrainingData."""
    check(found, FEATURES, target=(0, 5), rows_at_least=ROWS_AT_LEAST)
    return found


def inputs_of(tables: Mapping[str, Columns], items: Columns) -> tuple[Floats, Ints]:
    """((n, features), seen_at) of candidates: rows shaped as slate_items, shown or only looked at."""
    slates, requests, technicians = tables["slates"], tables["requests"], tables["technicians"]
    shown = place(slates["slate_id"], items["slate_id"])
    asked = place(requests["request_id"], slates["request_id"][shown])
    who = place(technicians["technician_id"], items["technician_id"])
    emergency = requests["urgency"][asked] == "emergency"
    big = price_factor(requests["node"])[asked] >= BIG_JOB
    usual = requests["usual_mad"][asked].astype(float) * (1 + hurry(requests)[asked])
    with np.errstate(invalid="ignore", divide="ignore"):
        price = np.log(items["price_mad"].astype(float) / usual)
    hour = requests["start_hour"][asked]
    given = {
        "emergency": emergency,
        "big": big,
        "evening": (hour >= EVENING[0]) | (hour < EVENING[1]),
        "described": requests["described"][asked],
        "km": items["km"],
        "price": price,
        "price_emergency": np.where(emergency, price, 0.0),
        "price_big": np.where(big, price, 0.0),
        "known": items["known"],
        "speaks": items["speaks"],
        "rating": items["rating"],
        "reviews": np.log1p(items["reviews"].astype(float)),
        "level": technicians["level"][who],
        "verified": technicians["verified"][who],
        "second_trade": technicians["service"][who] != requests["service"][asked],
        "jobs_that_day": items["jobs_that_day"],
        "technician_id": items["technician_id"],
    }
    return FEATURES.build(given, pasts(tables), slates["at"][shown].astype(np.int64))


def pasts(tables: Mapping[str, Columns]) -> dict[str, Past]:
    """What became known of technicians, and when."""
    visits, offers, ratings, bookings = (tables[name] for name in ("visits", "offers", "ratings", "bookings"))
    theirs, tried = np.isin(visits["status"], THEIRS), np.isin(visits["status"], TRIED)
    asked = offers["reply"] != "taken"  # who was booked elsewhere meanwhile was not asked in earnest
    silent = offers["replied_at"] == NEVER
    known = np.where(silent, offers["deadline_at"], offers["replied_at"]).astype(np.int64)
    spoke = asked & ~silent
    minutes = np.log(np.maximum(0.2, (offers["replied_at"][spoke] - offers["sent_at"][spoke]) / 60))
    return {
        "fixed": Past(visits[WHO][tried], visits["closed_at"][tried], visits["status"][tried] == "done"),
        "kept": Past(visits[WHO][theirs], visits["closed_at"][theirs], np.isin(visits["status"][theirs], TRIED)),
        "yes": Past(offers[WHO][asked], known[asked], offers["reply"][asked] == "accept"),
        "reply": Past(offers[WHO][spoke], known[spoke], minutes),
        "stars": Past(ratings[WHO], ratings["at"], ratings["stars"]),
        "booked": Past(bookings[WHO], bookings["confirmed_at"], np.ones(len(bookings[WHO]))),
    }


def price_factor(node: NDArray[Any]) -> Floats:
    """What the catalogue says of each job's price over a small one's. Raises KeyError for a node that it does not know."""
    names, code = np.unique(node.astype(str), return_inverse=True)
    known = {each.id: float(each.price_factor) for service in services().values() for each in (*service.nodes.values(), service.general)}
    return np.array([known[str(name)] for name in names])[code]


def hurry(requests: Columns) -> Floats:
    """The share that the rule's uplift adds (domain.pricing.estimate)."""
    return hurry_of(requests["urgency"], requests["start_at"] - requests["at"])


def place(ids: NDArray[Any], wanted: NDArray[Any]) -> Ints:
    """Where each wanted id stands. Raises BadTrainingData for one that is not there."""
    order = np.argsort(ids, kind="stable")
    found: Ints = order[np.searchsorted(ids[order], wanted).clip(max=max(0, len(ids) - 1))] if len(ids) else np.zeros(0, np.int64)
    if lost := int((ids[found] != wanted).sum()) if len(ids) else len(wanted):
        raise BadTrainingData((f"{lost} rows point to ids that are not there; export the tables of one moment together",))
    return found


def _came(tables: Mapping[str, Columns], items: Columns, until: int | None) -> Floats:
    """(n,): 2 where a visit came of this place and failed by the technician, 4 where one was done, else 0."""
    offers, bookings, visits = tables["offers"], tables["bookings"], tables["visits"]
    told = np.isin(visits["status"], THEIRS) & ((until is None) | (visits["closed_at"] < (until or 0)))
    offer = place(offers["offer_id"], bookings["offer_id"][place(bookings["booking_id"], visits["booking_id"][told])])
    span = int(max(items[WHO].max(initial=0), offers[WHO].max(initial=0))) + 1
    key = items["slate_id"].astype(np.int64) * span + items[WHO]
    of = offers["slate_id"][offer].astype(np.int64) * span + offers[WHO][offer]
    order = np.argsort(key, kind="stable")
    at = np.searchsorted(key[order], of).clip(max=max(0, len(key) - 1))
    there = key[order[at]] == of if len(key) else np.zeros(0, bool)  # one who joined a list after it was shown has no place in it
    found = np.zeros(len(key))
    found[order[at[there]]] = np.where(visits["status"][told][there] == "done", 4.0, 2.0)
    return found
