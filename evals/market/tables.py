"""Puts what happened into the files: what a marketplace would see on one side, what it never does on the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market import feedback, fraud, jobs, life, money, offers, people, visits
from evals.market.demand import hour_shares
from evals.market.files import NEVER, Files
from evals.market.scene import Scene, State
from evals.market.slates import Lists

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SOURCES = ("list", "named")


def people_and_days(scene: Scene, files: Files, expected: Floats) -> None:
    """Everything that is known, or true, before the first day."""
    _technicians(scene, files)
    _clients(scene, files)
    calendar, towns, trades = scene.calendar, scene.places.cities, scene.trades.services
    day = np.arange(calendar.days)
    dates = [str(calendar.start.fromordinal(calendar.start.toordinal() + int(d))) for d in day]
    files.add(
        "days", day=day, date=(day, dates), ramadan=calendar.ramadan, eid=calendar.eid, before_eid=calendar.before_eid, holiday=calendar.holiday,
        weekday=calendar.weekday, payday=calendar.payday, clock_shift_min=calendar.shift_min,
    )  # fmt: skip
    wet, town = np.nonzero(calendar.rain)
    files.add("rain", day=wet, city=(town, towns))
    places = scene.places
    named = np.arange(len(towns)), towns
    files.add("towns", city=named, road_factor=places.road_factor, price_level=places.price_level, speed_level=places.speed_level)
    city, service, at = (axis.ravel() for axis in np.indices(expected.shape))
    files.add("intensity", city=(city, towns), service=(service, trades), day=at, expected=expected.ravel())
    kind, hour = (axis.ravel() for axis in np.indices((3, 24)))
    files.add("hours", kind=(kind, ("normal", "friday", "ramadan")), hour=hour, share=hour_shares(scene.numbers).ravel())
    moves = scene.numbers.drifts
    codes = np.arange(len(moves))
    files.add(
        "drifts", path=(codes, [d.path for d in moves]), day=np.array([d.day for d in moves], int), factor=np.array([d.factor for d in moves], float),
        kind=(codes, [d.kind for d in moves]), why=(codes, [d.why for d in moves]),
    )  # fmt: skip
    cheats = scene.fraud
    files.add(
        "frauds",
        ring=cheats.ring,
        scheme=(cheats.scheme, fraud.SCHEMES),
        person=(cheats.is_client.astype(int), ("technician", "client")),
        person_id=cheats.person,
    )


def asked(scene: Scene, state: State, files: Files, request: Ints) -> None:
    calendar, every, clients = scene.calendar, scene.jobs, scene.clients
    client, at, start = state.client_of[request], scene.asked.minute[request], every.start[request]
    files.add(
        "requests", request_id=request, at=at, day=calendar.day(at), hour=calendar.wall_hour(at), client_id=client,
        city=(scene.asked.city[request], scene.places.cities), district=(clients.district[client], scene.places.districts),
        service=(scene.asked.service[request], scene.trades.services), node=(every.node[request], scene.trades.nodes),
        urgency=(every.urgency[request], jobs.URGENCIES), described=every.described[request], photo=every.photo[request],
        start_at=start, start_hour=calendar.wall_hour(start), usual_mad=every.usual_mad[request],
    )  # fmt: skip
    need = jobs.need(every.urgency[request], every.wants_quality[request], clients.business[client])
    files.add("job_truths", request_id=request, complexity=every.complexity[request], need=(need, jobs.NEEDS))


def lists(scene: Scene, files: Files, slate: Ints, shown: Lists, chances: Floats, position: Ints, chosen_at: Floats) -> None:
    table = scene.numbers("policy.offset")
    steps, shares = np.array(list(table), float), np.array(list(table.values()))
    propensity = np.where(shown.named, 1.0, shares[np.abs(steps[None, :] - shown.offset[:, None]).argmin(axis=1)])
    here = shown.technician >= 0
    files.add(
        "slates", slate_id=slate, request_id=shown.request, at=shown.at, source=(shown.named.astype(int), SOURCES), pool=shown.pool_size,
        shown=here.sum(axis=1),
        offset=shown.offset, offset_propensity=propensity, arm=(life.running_arm(scene, shown.client, shown.at), life.ARMS),
        chosen_position=position, chosen_at=chosen_at,
    )  # fmt: skip
    row, column = np.nonzero(here)
    files.add(
        "slate_items", slate_id=slate[row], position=column + 1, technician_id=shown.technician[here], propensity=shown.propensity[here],
        explored=shown.explored[here], km=shown.km[here], price_mad=shown.price[here], rating=shown.rating[here], reviews=shown.reviews[here],
        jobs_that_day=shown.jobs_that_day[here], speaks=shown.speaks[here], known=shown.known[here],
    )  # fmt: skip
    real = np.concatenate([np.ones((len(here), 1), bool), here], axis=1)
    row, column = np.nonzero(real)
    files.add("choice_truths", slate_id=slate[row], position=column, choice_probability=chances[real])


def pool(files: Files, slate: Ints, technician: Ints, seen: dict[str, Any]) -> None:
    """Those who were free and near and not shown, for counterfactual questions."""
    nothing = np.zeros(len(slate), int)
    never = {"propensity": nothing.astype(float), "explored": nothing.astype(bool)}
    files.add("pools", slate_id=slate, position=nothing, technician_id=technician, **never, **seen)


def asked_technicians(files: Files, made: dict[str, Any]) -> None:
    files.add(
        "offers", offer_id=made["offer"], request_id=made["request"], slate_id=made["slate"], technician_id=made["technician"],
        round=np.full(len(made["offer"]), made["round"]), sent_at=made["sent"], deadline_at=made["sent"] + offers.DEADLINE_MIN, km=made["km"],
        price_mad=made["price"],
        jobs_that_day=made["jobs"], known=made["known"], reply=(made["reply"], offers.REPLIES), replied_at=made["replied"],
        proposed_start_at=made["proposed"],
        agreed=made["agreed"],
    )  # fmt: skip
    files.add("offer_truths", offer_id=made["offer"], acceptance_probability=made["yes_in_time"], reply_in_time_probability=made["timely"])


def agreed(scene: Scene, files: Files, booked: dict[str, Any]) -> None:
    files.add(
        "bookings", booking_id=booked["booking"], request_id=booked["request"], offer_id=booked["offer"], client_id=booked["client"],
        technician_id=booked["technician"], node=(scene.jobs.node[booked["request"]], scene.trades.nodes), confirmed_at=booked["confirmed"],
        start_at=booked["start"], price_mad=booked["price"], credit_mad=booked["credit"], method=(booked["method"], money.METHODS),
    )  # fmt: skip
    scheme = np.where(scene.asked.scheme[booked["request"]] >= 0, scene.asked.scheme[booked["request"]], -1)
    fake = scheme >= 0
    files.add("fraud_bookings", booking_id=booked["booking"][fake], scheme=(scheme[fake], fraud.SCHEMES))


def visited(scene: Scene, files: Files, booked: dict[str, Any], visit: dict[str, Any], felt: dict[str, Any]) -> None:
    booking, technician = booked["booking"], booked["technician"]
    worked = visit["worked"]
    files.add(
        "visits", booking_id=booking, technician_id=technician, status=(visit["status"], visits.STATUSES), closed_at=visit["closed_at"],
        from_lat=visit["from_lat"],
        from_lon=visit["from_lon"], travel_km=visit["km"], left_at=visit["left_at"], arrived_at=visit["arrived_at"],
        done_at=np.where(worked, visit["done_at"], NEVER), on_site_min=visit["on_site"], late_min=visit["late"], final_mad=visit["final"],
        parts=visit["parts"],
    )  # fmt: skip
    files.add(
        "visit_truths", booking_id=booking, kept_probability=visit["kept"], success_probability=visit["success"],
        cost_median_ratio=visit["cost_median"],
        satisfaction=felt["satisfaction"], leaving_probability=felt["leaving"],
    )  # fmt: skip
    rated = felt["stars"] > 0
    files.add("ratings", booking_id=booking[rated], technician_id=technician[rated], at=felt["rated_at"][rated], stars=felt["stars"][rated])
    told = felt["complaint"] >= 0
    refund = felt["refund"][told]
    files.add(
        "complaints", booking_id=booking[told], at=felt["complained_at"][told], reason=(felt["complaint"][told], feedback.REASONS), refund_mad=refund,
        refunded_at=np.where(refund > 0, felt["complained_at"][told] + felt["refunded_after"][told], NEVER),
    )  # fmt: skip
    lines, faults = money.ledger(scene, booked, visit, felt)
    files.add(
        "ledger",
        booking_id=lines["booking"],
        at=lines["at"],
        kind=(lines["kind"], money.KINDS),
        account=(lines["account"], money.ACCOUNTS),
        centimes=lines["centimes"],
    )
    files.add("money_faults", booking_id=faults["booking"], fault=(faults["fault"], money.FAULTS), centimes=faults["centimes"])
    client, stolen = booked["client"], scene.fraud.stolen[booked["client"]] & worked & (booked["method"] != 0)
    abused = scene.fraud.abuses[client] & told
    missed = scene.fraud.ghost[technician] & (visit["status"] == visits.NO_SHOW)
    for scheme, where in ((fraud.GHOST, missed), (fraud.LEAKAGE, visit["leaks"]), (fraud.ABUSE, abused), (fraud.STOLEN, stolen)):
        files.add("fraud_bookings", booking_id=booking[where], scheme=(np.full(where.sum(), scheme), fraud.SCHEMES))


def _technicians(scene: Scene, files: Files) -> None:
    who, places, trades = scene.technicians, scene.places, scene.trades.services
    ids = np.arange(len(who))
    files.add(
        "technicians", technician_id=ids, joined_at=who.joined_day * 1440, city=(who.city, places.cities),
        district=(who.district, places.districts), lat=who.lat,
        lon=who.lon, service=(who.service, trades), second_service=(np.where(who.second < 0, len(trades), who.second), (*trades, "")),
        level=who.level,
        rate=who.rate, radius_km=who.radius_km, opens_hour=who.opens, closes_hour=who.closes, day_off=who.day_off, smartphone=who.smartphone,
        verified=who.verified, french=who.french, english=who.english, device=scene.fraud.technician_device, first_reviews=who.reviews,
        first_stars=who.stars,
    )  # fmt: skip
    files.add(
        "technician_traits", technician_id=ids, quality=who.quality, speed=who.speed, reliability=who.reliability, unpunctual=who.unpunctual,
        choosy=who.choosy,
        dearness=who.dearness, reply_median_min=who.reply_median_min, outside_load=who.outside_load, woman=who.woman, age_band=who.age_band,
    )  # fmt: skip


def _clients(scene: Scene, files: Files) -> None:
    who, places = scene.clients, scene.places
    ids = np.arange(len(who))
    files.add(
        "clients", client_id=ids, joined_at=who.joined_day * 1440, city=(who.city, places.cities), district=(who.district, places.districts),
        lat=who.lat, lon=who.lon,
        locale=(who.locale, people.LOCALES), channel=(who.channel, people.CHANNELS), business=who.business, device=scene.fraud.client_device,
        arm=(scene.arm, life.ARMS),
    )  # fmt: skip
    kinds = scene.numbers("life.kinds")
    factor = np.array([f for _, f in kinds.values()])
    files.add(
        "client_traits", client_id=ids, booking_rate=who.rate, price_weight=who.price_weight, quality_weight=who.quality_weight, loyalty=who.loyalty,
        patience=who.patience, leniency=who.leniency, absence=who.absence, kind=(who.kind, list(kinds)), offer_factor=factor[who.kind],
        woman=who.woman,
        age_band=who.age_band, income=who.income,
    )  # fmt: skip
