"""With the arrival model a tracked client is told a window and its risk, out of what was told on the way; without it, what the rule says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from domain.clock import to_local
from domain.geo.arrival import FEATURES
from domain.store.tables import BookingEvent
from tests.support.brain import MemoryTools, Talk, job
from tests.unit.domain.geo.test_window import model
from tests.unit.tools.conftest import Bricol
from tools.context import Learnt


class Listening:
    """The constant model, that keeps what it was asked."""

    def __init__(self) -> None:
        self.inner, self.widen = model(), np.zeros(2)
        self.asked: list[dict[str, float]] = []

    def minutes(self, inputs: np.ndarray) -> np.ndarray:
        self.asked.append(dict(zip(FEATURES.names, inputs[0], strict=True)))
        return self.inner.minutes(inputs)


def with_model(bricol: Bricol) -> tuple[Bricol, Any]:
    ears: Any = Listening()
    return Bricol(replace(bricol.market, learnt=Learnt(arrival=ears)), bricol.clock), ears


def minute(text: str) -> int:
    return int(text[11:13]) * 60 + int(text[14:16])


def test_without_the_model_nothing_is_said_that_the_rule_does_not_say(bricol: Bricol) -> None:
    bricol.give_booking()
    told = bricol.client().ok("track_technician")
    assert told["window"] == {"from": "2026-11-24T10:00", "to": "2026-11-24T10:30"} and told["late_risk"] is None


def test_a_begun_way_is_told_as_a_window_that_closes_in_on_a_position(bricol: Bricol) -> None:
    house, ears = with_model(bricol)
    house.give_booking(district="sidi bernoussi")
    house.at("2026-11-24T09:31")
    ahmed = house.technician("ahmed")
    ahmed.next_turn().ok("update_job", state="en_route")
    first = house.client().ok("track_technician")
    now = minute(to_local(house.clock.now()).strftime("%Y-%m-%dT%H:%M"))
    assert now <= minute(first["window"]["from"]) < minute(first["window"]["to"]) and first["minutes"] >= 5
    house.clock.advance(minutes=10)
    ahmed.next_turn().ok("update_job", state="position", lat=33.605, lon=-7.52)  # most of the way there
    then = house.client().ok("track_technician")
    near, far = ears.asked[-1], ears.asked[0]
    assert near["since"] == 0 and near["usual"] < far["usual"] and near["under_way"] == 1
    assert minute(then["window"]["to"]) - minute(then["window"]["from"]) < minute(first["window"]["to"]) - minute(first["window"]["from"])
    slip = ahmed.next_turn().call("update_job", state="position", lat=48.85, lon=2.35)  # of the phone
    assert slip["error"] == "bad_position"
    assert house.client().ok("track_technician")["window"] == then["window"]
    assert "position" not in " ".join(house.client().heard_keys())


def test_lateness_of_before_and_a_late_word_are_heard(bricol: Bricol) -> None:
    house, ears = with_model(bricol)
    house.give_booking("BR-9", status="closed", start="2026-11-23T08:00")
    with house.market.db.transaction() as session:
        done = house.booking("BR-9")
        session.add(BookingEvent(booking_id=done.id, event="arrived", actor="technician", at=done.start + timedelta(minutes=30)))
    house.give_booking()
    house.at("2026-11-24T09:40")
    house.technician("ahmed").next_turn().ok("update_job", state="late", minutes=45)
    told = house.client().ok("track_technician")
    assert ears.asked[-1]["technician_visits"] == 1 and ears.asked[-1]["technician_late"] == pytest.approx(30 / 3)
    assert ears.asked[-1]["ahead"] == 65 and told["state"] == "late" and told["late_risk"] > 0.5


@pytest.mark.parametrize(("status", "at"), [("confirmed", "2026-11-24T10:20"), ("en_route", "2026-11-24T11:30")])
def test_of_a_silence_nobody_was_taught_about_the_rule_speaks(bricol: Bricol, status: str, at: str) -> None:
    house, ears = with_model(bricol)
    house.give_booking()
    house.at("2026-11-24T09:50")
    if status == "en_route":
        house.technician("ahmed").next_turn().ok("update_job", state="en_route")
    house.at(at)
    told = house.client().ok("track_technician")
    assert told["late_risk"] is None and ears.asked == []


def test_a_position_without_a_place_is_refused_and_one_of_nobodys_job_too(bricol: Bricol) -> None:
    assert bricol.technician("ahmed").error("update_job", state="position", lat=33.6, lon=-7.5) == "no_booking"
    bricol.give_booking()
    assert bricol.technician("ahmed").error("update_job", state="position") == "bad_arguments"


def test_a_day_of_three_visits_comes_with_its_order(bricol: Bricol) -> None:
    for number, hour in enumerate(("15:00", "09:00", "12:00")):
        bricol.give_booking(f"BR-{number}1", start=f"2026-11-24T{hour}")
    told = bricol.technician("ahmed").ok("my_jobs", day="2026-11-24")
    assert told["route"]["order"] == ["BR-11", "BR-21", "BR-01"] and told["route"]["kept"]
    assert "route" not in bricol.technician("ahmed").ok("my_jobs")


WORDS = {
    "ary-Latn": ("fin wsel", "f tri9 lik, gha ywsel t9riban f 22 d9i9a, bin 10:10 w 10:40"),
    "ary-Arab": ("فين وصل", "فالطريق ليك، غا يوصل تقريبا ف 22 دقيقة، بين 10:10 و 10:40"),
    "fr": ("il est où", "arrivée dans 22 minutes environ, entre 10h10 et 10h40"),
    "ar": ("أين التقني", "ويصل بعد 22 دقيقة تقريبا، بين 10:10 و10:40"),
    "en": ("where is he", "about 22 minutes from now, between 10:10 and 10:40"),
}


@pytest.mark.parametrize("locale", WORDS)
@pytest.mark.parametrize("risk", [0.1, 0.8])
def test_a_window_is_told_in_five_languages_and_a_likely_delay_with_it(locale: str, risk: float) -> None:
    bookings = {"BR-1": job("BR-1", status="en_route")}
    window = {"from": "2026-11-23T10:10", "to": "2026-11-23T10:40"}
    answer = {"ok": True, "booking": bookings["BR-1"], "state": "en_route", "minutes": 22, "window": window, "late_risk": risk}
    talk = Talk(MemoryTools(bookings, answers={"track_technician": answer}), locale=locale)
    said, expected = WORDS[locale]
    text = talk.say(said, intents=["track"])["text"]
    late = {"ary-Latn": "yt3ettel", "ary-Arab": "يتعطل", "fr": "retard", "ar": "يتأخر", "en": "later"}[locale]
    assert expected in text and (late in text) == (risk > 0.5)


def test_a_shared_place_is_no_riddle_for_a_technician_on_the_way() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="en_route")}), role="technician")
    reply = talk.say("", parts=[{"kind": "location", "text": "", "payload": {"lat": 33.585, "lon": -7.632}, "at": None}])
    assert dict(talk.tools.log)["update_job"] == {"state": "position", "lat": 33.585, "lon": -7.632}
    assert reply["key"] == "technician_flow.position"
