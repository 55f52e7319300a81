"""Asks the chosen technician by SMS, then the next of the list, until one says yes, the client gives up or the hour is too near."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from domain.rules import MarketRules
from evals.market import laws
from evals.market.files import NEVER
from evals.market.scene import RING, Scene, State, agenda_mask
from evals.market.slates import Lists

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
REPLIES = ("accept", "decline", "other_time", "silent", "taken")
ACCEPT, DECLINE, OTHER_TIME, SILENT, TAKEN = range(5)
ANSWERED = np.array([True, True, True, False, False])  # of REPLIES
DEADLINE_MIN = MarketRules().offer_answer_minutes
ROUNDS = MarketRules().offers_at_most


def ask(scene: Scene, state: State, lists: Lists, position: Ints, at: Floats, slate_id: Ints) -> tuple[list[dict[str, Any]], dict[str, Any], Ints]:
    """(offers of each round, agreed bookings, rows that nobody took); `at`: minute of each client's choice; rows with position 0 are left out."""
    rows = np.flatnonzero(position > 0)
    rest = np.argsort(np.where(np.arange(1, lists.technician.shape[1] + 1)[None, :] == position[rows][:, None], 0, 1), axis=1, kind="stable")
    order = np.take_along_axis(np.arange(lists.technician.shape[1])[None, :].repeat(len(rows), 0), rest, 1)
    rng, clock, waiting = scene.streams("offers"), at[rows].astype(float), np.ones(len(rows), bool)
    offers: list[dict[str, Any]] = []
    agreed: list[dict[str, Any]] = []
    for number in range(min(ROUNDS, order.shape[1])):
        place = order[:, number]
        asked = waiting & (lists.technician[rows, place] >= 0) & (clock < scene.jobs.start[lists.request[rows]] - 15)
        who = np.flatnonzero(asked)
        if not len(who):
            break
        made, booked = _round(scene, state, lists, rows[who], place[who], clock[who], number, slate_id, rng)
        offers.append(made)
        agreed.append(booked)
        taken = made["reply"] == TAKEN
        clock[who] = made["known_at"]
        patience = scene.clients.patience[lists.client[rows[who]]]
        stays = taken | (rng.random(len(who)) < expit(scene.numbers("accept.next_round") + patience))
        waiting[who] = ~made["agreed"] & stays
        waiting[~asked] = False
    found = {name: np.concatenate([b[name] for b in agreed]) for name in agreed[0]} if agreed else {}
    served = np.isin(rows, found["row"]) if found else np.zeros(len(rows), bool)
    return offers, found, rows[~served]


def accepts(scene: Scene, state: State, lists: Lists, row: Ints, place: Ints) -> Floats:
    """P(yes | answers in time) as things stand, for one place of each row's list."""
    request, technician, price = lists.request[row], lists.technician[row, place], lists.price[row, place]
    start, calendar = scene.jobs.start[request], scene.calendar
    day = calendar.day(start)
    return laws.acceptance(
        scene.numbers,
        day=calendar.day(lists.at[row]),
        hour=calendar.wall_hour(start),
        friday=calendar.weekday[day] == 4,
        ramadan=calendar.ramadan[day],
        rain=calendar.rain[day, scene.asked.city[request]],
        km=lists.km[row, place],
        price_mad=price,
        price_over_own=price / (scene.jobs.usual_mad[request] * scene.technicians.rate[technician]),
        level=scene.technicians.level[technician],
        described=scene.jobs.described[request],
        jobs_that_day=state.agreed[technician, start // 1440 % RING],
        short_notice=start < lists.at[row] + 120,
        known=lists.known[row, place],
        choosy=scene.technicians.choosy[technician],
        fatigue=state.fatigue[technician],
    )


def _round(
    scene: Scene, state: State, lists: Lists, row: Ints, place: Ints, sent: Floats, number: int, slate_id: Ints, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    n, count = scene.numbers, len(row)
    request, technician = lists.request[row], lists.technician[row, place]
    start = scene.jobs.start[request]
    fake = (scene.asked.scheme[request] >= 0) | scene.fraud.ghost[technician]
    yes = np.where(fake, 0.99, accepts(scene, state, lists, row, place))
    hour = scene.calendar.wall_hour(sent.astype(np.int64))
    median = laws.reply_log_median(n, asked_hour=hour, reply_median_min=np.where(fake, 2.0, scene.technicians.reply_median_min[technician]))
    timely = laws.in_time(n, median, np.full(count, float(DEADLINE_MIN)))
    delay = np.exp(median + n("people.reply_sigma") * rng.standard_normal(count))
    drawn = rng.random(count)
    proposes = yes + (1 - yes) * n("accept.proposes")
    reply = np.where(drawn < yes, ACCEPT, np.where(drawn < proposes, OTHER_TIME, DECLINE))
    reply = np.where(delay > DEADLINE_MIN, SILENT, reply)
    # another hour of the same day, unless it is an emergency or the day is over
    later = start + 60 * rng.integers(1, 4, count)
    same_day = (later // 1440 == start // 1440) & (later % 1440 < 21 * 60) & (scene.jobs.urgency[request] > 0)
    reply = np.where((reply == OTHER_TIME) & ~same_day, DECLINE, reply)
    client_agrees = rng.random(count) < expit(n("accept.client_agrees") + scene.clients.patience[lists.client[row]])
    begin = np.where(reply == OTHER_TIME, later, start)
    jobs = state.agreed[technician, start // 1440 % RING]
    wants = (reply == ACCEPT) | ((reply == OTHER_TIME) & client_agrees)
    got = _take(scene, state, technician, request, begin, sent + delay, wants)
    agreed = wants & got
    reply = np.where((reply == ACCEPT) & ~got, TAKEN, reply)
    answered = ANSWERED[reply]
    known_at = sent + np.where(reply == TAKEN, 1, np.where(answered, delay, DEADLINE_MIN))
    offer = state.next_id("offer", count)
    made = {
        "offer": offer, "row": row, "request": request, "slate": slate_id[row], "technician": technician, "round": number + 1, "sent": sent,
        "km": lists.km[row, place], "price": lists.price[row, place], "jobs": jobs, "known": lists.known[row, place], "reply": reply,
        "known_at": known_at,
        "replied": np.where(answered, known_at, NEVER), "proposed": np.where(reply == OTHER_TIME, later, NEVER), "agreed": agreed,
        "yes_in_time": yes * timely, "timely": timely,
    }  # fmt: skip
    booked = {"row": row[agreed], "offer": offer[agreed], "request": request[agreed], "technician": technician[agreed], "start": begin[agreed]}
    return made, booked | {"confirmed": known_at[agreed], "price": made["price"][agreed], "client": lists.client[row[agreed]]}


def _take(scene: Scene, state: State, technician: Ints, request: Ints, begin: Ints, answered: Floats, wants: Bools) -> Bools:
    """Writes the visits into the agendas, the earliest answer first where two clients want one hour of one person; which of `wants` got it."""
    mask, slot = agenda_mask(begin, scene.trades.minutes[scene.jobs.node[request]]), begin // 1440 % RING
    got, left = np.zeros(len(technician), bool), np.flatnonzero(wants)
    left = left[np.argsort(answered[left], kind="stable")]
    while len(left):
        _, first = np.unique(technician[left], return_index=True)
        now = left[first]
        free = (state.busy[technician[now], slot[now]] & mask[now]) == 0
        mine = now[free]
        state.busy[technician[mine], slot[mine]] |= mask[mine]
        state.agreed[technician[mine], slot[mine]] += 1
        got[mine] = True
        left = np.delete(left, first)
    return got
