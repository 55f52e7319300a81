"""Whoever may choose hears a price, a time and a reason of each, in their language; and what is kept for them, what hurry costs, how late it gets."""

from __future__ import annotations

from typing import Any

import pytest

from domain.matching.reasons import CODES
from prompts import replies, wording
from tests.support.brain import NOW, MemoryTools, Talk, job

PLACE = {"service": "plumbing", "city": "casablanca", "district": "maarif"}
VISIT = {**PLACE, "date": "tomorrow", "time": "10:00"}
LOCALES = ("ary-Latn", "ary-Arab", "fr", "ar", "en")


def said(*words: str) -> dict[str, str]:
    return dict(zip(LOCALES, words, strict=True))


WHO = said("chkoun kayn f maarif?", "شكون كاين فالمعاريف؟", "qui est disponible à maarif ?", "من المتاح في المعاريف؟", "who is there in maarif?")
ORDER = said(
    "bghit plombi ghedda m3a 10 f maarif",
    "بغيت بلومبي غدا مع 10 فالمعاريف",
    "je veux un plombier demain à 10h à maarif",
    "أريد سباكا غدا على العاشرة في المعاريف",
    "I want a plumber tomorrow at 10 in maarif",
)
THINK = said("nfekker chwiya", "غادي نفكر شوية", "je vais réfléchir", "سأفكر في الأمر", "let me think")
WHERE = said("fin wsel?", "فين وصل؟", "il est où ?", "أين وصل التقني؟", "where is he?")
TOMORROW = said("chno 3endi ghedda?", "شنو عندي غدا؟", "qu'est-ce que j'ai demain ?", "ما هي مواعيدي غدا؟", "what do I have tomorrow?")
YES = said("ah", "آه", "oui", "نعم", "yes")
AHMED = {"id": 1, "name": "ahmed", "rating": 4.9, "jobs": 512, "district": "maarif", "distance_km": 0.0, "price_mad": 300}
HASSAN = {"id": 2, "name": "hassan", "rating": 4.6, "jobs": 200, "district": "ain chock", "distance_km": 3.4, "price_mad": 250}
SAID = {"id": 3, "name": "said", "rating": 4.5, "jobs": 0, "district": "oulfa", "distance_km": 6.2, "price_mad": 280}
THREE: list[dict[str, Any]] = [
    {**AHMED, "next_slot": "2026-11-23T11:00", "reasons": list(CODES)},
    {**HASSAN, "next_slot": "2026-11-24T09:00", "reasons": ["near", "cheapest", "soonest"]},
    {**SAID, "next_slot": None, "reasons": ["new_here"]},
]


def market(**more: Any) -> MemoryTools:
    found = {"ok": True, "technicians": THREE, "city": "casablanca", "district": "maarif", "skill": "plumbing.copper_pipe", **more}
    return MemoryTools(answers={"find_technicians": found})


def reasons_in(line: str, locale: str) -> list[str]:
    known = {"km": wording.format_km(3.4, locale), "skill": wording.skill_name("plumbing.copper_pipe", locale)}
    worded = {replies.render(f"reasons.{code}", locale, jobs=jobs, **known) for code in CODES for jobs in (512, 200, 0)}
    return [reason for reason in worded if reason in line]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("channel", "most"), [("whatsapp", 2), ("sms", 1)])
def test_each_of_three_has_a_price_a_time_and_a_reason_and_no_more_reasons_than_one_reads(locale: str, channel: str, most: int) -> None:
    talk = Talk(market(), locale=locale, channel=channel)
    reply = talk.say(WHO[locale], intents=["find_technician"], entities=PLACE)
    lines = reply["text"].split("\n")[1:4]
    assert reply["awaiting"] == "choice" and [line[:2] for line in lines] == ["1.", "2.", "3."]
    for line, one in zip(lines, THREE, strict=True):
        assert str(one["price_mad"]) in line and wording.person_name(one["name"], locale) in line
        assert 1 <= len(reasons_in(line, locale)) <= most, line
    hours = [wording.format_time(one["next_slot"], locale) if one["next_slot"] else None for one in THREE]
    assert all(hour in line for hour, line in zip(hours, lines, strict=True) if hour)
    assert "4.9/5" in lines[0] and "/5" not in lines[2]  # nobody has stars without a job


@pytest.mark.parametrize("locale", LOCALES)
def test_who_comes_from_far_is_offered_as_such_and_never_just_sent(locale: str) -> None:
    talk = Talk(market(widened_km=31), locale=locale)
    reply = talk.say(WHO[locale], intents=["find_technician"], entities=PLACE)
    assert reply["key"] == "search.found_far" and wording.format_km(6.2, locale) in reply["text"]
    talk = Talk(market(widened_km=31), locale=locale)
    reply = talk.say(ORDER[locale], intents=["book_service"], entities=VISIT)
    assert reply["awaiting"] == "confirm" and replies.render("booking.from_far", locale, km="{}").split("{}")[1] in reply["text"]


class Keeps(MemoryTools):
    """Proposals that are kept until ten past and cost more for hurry, as the real tools give them."""

    def _propose(self, kind: str, summary: dict[str, Any]) -> dict[str, Any]:
        more = {"price_mad": 390, "price_min_mad": 330, "price_max_mad": 550, "uplift_pct": 30, "without_hurry_mad": 300}
        return {**super()._propose(kind, {**summary, **more}), "held_until": "2026-11-23T10:10"}


@pytest.mark.parametrize("locale", LOCALES)
def test_hurry_is_told_with_its_range_and_the_price_without_it_before_anybody_agrees(locale: str) -> None:
    reply = Talk(Keeps(), locale=locale).say(ORDER[locale], intents=["book_service"], entities=VISIT)
    assert reply["awaiting"] == "confirm" and all(amount in reply["text"] for amount in ("390", "330", "550", "30", "300"))


@pytest.mark.parametrize("locale", LOCALES)
def test_who_hesitates_hears_once_until_when_the_hour_is_kept_and_may_still_say_yes(locale: str) -> None:
    talk, until = Talk(Keeps(), locale=locale), wording.format_time("2026-11-23T10:10", locale)
    assert until not in talk.say(ORDER[locale], intents=["book_service"], entities=VISIT)["text"]
    reply = talk.say(THINK[locale], intents=["deny"])
    assert reply["key"] == "booking.take_your_time" and until in reply["text"] and "decline_proposal" not in talk.called
    reply = talk.say("hmm", intents=["inform"])
    assert reply["key"] != "booking.propose_again" or until not in reply["text"]
    talk.say(YES[locale], intents=["affirm"])
    assert "confirm_proposal" in talk.called


@pytest.mark.parametrize("locale", LOCALES)
def test_who_asks_something_else_hears_with_the_question_that_the_hour_is_kept(locale: str) -> None:
    talk, until = Talk(Keeps(), locale=locale), wording.format_time("2026-11-23T10:10", locale)
    talk.say(ORDER[locale], intents=["book_service"], entities=VISIT)
    again = [talk.say(ORDER[locale], intents=["book_service"], entities=VISIT)["text"] for _ in range(2)]
    assert until in again[0] and until not in again[1]


def test_a_hold_that_is_over_is_not_promised() -> None:
    talk = Talk(Keeps(), now="2026-11-23T10:20+01:00")
    talk.say(ORDER["ary-Latn"], intents=["book_service"], entities=VISIT)
    assert "10:10" not in talk.say(THINK["ary-Latn"], intents=["deny"])["text"]


TRACKED = {  # state, start, window -> key, and what else is said
    "planned": ("planned", "2026-11-23T11:00", ("11:00", "11:30"), "track.confirmed_window", None),
    "not left yet, still in time": ("planned", "2026-11-23T09:45", ("10:00", "10:15"), "track.confirmed_window", None),
    "not left, and the time is over": ("planned", "2026-11-23T09:15", ("09:45", "09:45"), "track.overdue", None),
    "late by their own word": ("late", "2026-11-23T09:45", ("10:05", "10:35"), "track.late_window", None),
    "late even by that word": ("late", "2026-11-23T08:45", ("09:05", "09:35"), "track.overdue", None),
    "on the way in time": ("en_route", "2026-11-23T10:00", ("10:10", "10:25"), "track.en_route_window", False),
    "on the way too late": ("en_route", "2026-11-23T09:00", ("10:10", "10:25"), "track.en_route_window", True),
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("case", TRACKED)
def test_who_waits_is_told_a_window_and_honestly_how_late_it_is(case: str, locale: str) -> None:
    state, start, (begins, ends), key, late = TRACKED[case]
    booking = job("BR-1", start=start, status="en_route" if state == "en_route" else "confirmed")
    window = {"from": f"2026-11-23T{begins}", "to": f"2026-11-23T{ends}"}
    answer = {"ok": True, "booking": booking, "state": state, "minutes": 12, "window": window, "late_risk": None}
    talk = Talk(MemoryTools({"BR-1": booking}, answers={"track_technician": answer}), locale=locale, now="2026-11-23T10:00+01:00")
    reply = talk.say(WHERE[locale], intents=["track"])
    assert reply["key"] == key
    span = wording.format_window(window["from"], window["to"], locale)
    assert (span in reply["text"]) == (key != "track.overdue")
    if late is not None:
        sorry = replies.render("track.later_than_agreed", locale, hour=wording.format_time(start, locale))
        assert (sorry in reply["text"]) == late


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kept", [True, False])
def test_a_full_day_is_read_in_the_order_of_its_route_with_its_time_on_the_road(locale: str, kept: bool) -> None:
    jobs = [job(f"BR-{n}", start=f"2026-11-24T{9 + 2 * n:02d}:00", district=place) for n, place in enumerate(("maarif", "anfa", "oulfa"))]
    answer = {"ok": True, "jobs": jobs, "offers": [], "route": {"order": ["BR-1", "BR-0", "BR-2"], "travel_minutes": 95, "kept": kept}}
    talk = Talk(MemoryTools(answers={"my_jobs": answer}), role="technician", locale=locale, channel="sms")
    text = talk.say(TOMORROW[locale], intents=["ask_job_details"], entities={"date": "tomorrow"})["text"]
    assert [text.index(f"BR-{n}") for n in (1, 0, 2)] == sorted(text.index(f"BR-{n}") for n in range(3))
    day = wording.format_day("2026-11-24T12:00", locale, wording.local_moment(NOW))
    assert wording.format_minutes(95, locale) in text and text.lower().count(day.lower()) == 1
    assert (replies.render("technician_flow.way_tight", locale, minutes=wording.format_minutes(95, locale)) in text) != kept
