"""People who take back what they wrote, name the technician first, bargain over a price that was only told, or order two things in one breath."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.brain import asides, orders
from bot.brain.understanding.entities import extract
from domain.catalog import service_of
from domain.engagement.reply import locale_of
from prompts import replies
from tests.support.brain import MemoryTools, Talk, job

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LOCALES = ("ary-Latn", "ary-Arab", "fr", "ar", "en")
NO_JOB = {"report_problem": {"ok": False, "error": "no_booking"}}
PLACED = {"service": "plumbing", "city": "casablanca", "district": "ain chock"}
MARKS = ("la la", "sme7 lia", "non pardon", "je veux dire", "sorry I mean", "or rather", "لا لا", "سمح ليا", "عفوا أقصد")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("bghit plombi f maarif ghedda f 10, la la b3d ghedda f 11", {"date": "day_after_tomorrow", "time": "11:00", "district": "maarif"}),
        ("بغيت واحد للكليم، لا لا سمح ليا، الشوفو د الما هو اللي تعطل", {"service": "water_heater"}),
        (
            "plombier demain à Agdal Rabat, non pardon, après-demain à Hay Riad",
            {"date": "day_after_tomorrow", "city": "rabat", "district": "hay riad"},
        ),
        ("a plumber tomorrow at 10, sorry I mean Thursday at 3pm", {"date": "weekday:thu", "time": "15:00", "service": "plumbing"}),
        ("أريد سباكا غدا في أكدال الرباط، عفوا أقصد كهربائيا بعد غد", {"service": "electricity", "date": "day_after_tomorrow", "city": "rabat"}),
        ("plombi f agdal rabat, la la f maarif", {"district": "maarif"}),
        ("السبت ولا الحد.. ولا عرفتي شنو خليها الحد مع 11", {"date": "weekday:sun", "time": "11:00"}),
    ],
)
def test_what_is_said_instead_counts(text: str, meant: dict[str, Any]) -> None:
    found = extract(text, now=NOW)
    assert {name: found.get(name) for name in meant} == meant
    assert "city" in meant or "city" not in found


@given(
    st.sampled_from(MARKS),
    st.sampled_from(("plombi f maarif ghedda m3a 10", "بغيت تريسيان ف أكدال الرباط غدا مع 3", "un peintre à Agdal demain à 9h")),
)
def test_taking_back_with_nothing_said_instead_changes_nothing(mark: str, order: str) -> None:
    assert extract(f"{order}, {mark}", now=NOW) == extract(order, now=NOW) == extract(f"{mark}, {order}", now=NOW)


@pytest.mark.parametrize(
    ("text", "trade"),
    [
        ("الكليماتيزور كيقطر الما على الحيط حتى تنفخات الصباغة", "hvac"),
        ("la clim coule jusqu'à décoller la peinture", "hvac"),
        ("bghit sebbagh 7it lclim kaysil", "painting"),
        ("the air conditioner leaks until the paint swells", "hvac"),
    ],
)
def test_what_a_fault_has_done_is_not_the_trade(text: str, trade: str) -> None:
    found = service_of(text)
    assert found is not None and found[0] == trade


@pytest.mark.parametrize(
    "text",
    ["bghit plombi w f nefs lwe9t trisian", "بغيت بلومبي وف نفس الوقت شي تريسيان", "un plombier et en même temps un électricien",
     "a plumber and at the same time an electrician", "أريد سباكا وفي نفس الوقت كهربائيا"],
)  # fmt: skip
def test_two_jobs_at_the_same_time_are_two(text: str) -> None:
    assert orders.two_jobs(text) == ("plumbing", "electricity")


@pytest.mark.parametrize("text", ["واش حسن البلومبي خاوي هاد ليومين؟", "wach Hassan khawi had lyamat?"])
def test_who_is_asked_for_by_name_is_answered_with_his_hours(text: str) -> None:
    talk = Talk(MemoryTools(answers={"find_technicians": {"ok": True, "technicians": [{"id": 2, "name": "hassan"}]}}))
    assert extract(text)["technician"] == "hassan"
    reply = talk.say(text, intents=["book_service"], entities={**PLACED, "technician": "hassan"})
    assert reply["key"] == "booking.choose_slot_of" and any(name in reply["text"] for name in ("Hassan", "حسن"))
    assert talk.tools.log[-1][1]["technician_id"] == 2


def test_a_name_answers_the_list_of_hours_with_the_hours_of_that_person() -> None:
    talk = Talk()
    talk.say("plombi f ain chock l7ed sba7", intents=["book_service"], entities={**PLACED, "date": "weekday:sun", "time": "morning"})
    talk.tools.answers["find_technicians"] = {"ok": True, "technicians": [{"id": 2, "name": "hassan"}]}
    assert talk.say("hassan", intents=["inform"], entities={"technician": "hassan"})["key"] == "booking.choose_slot_of"
    talk.tools.answers["find_technicians"] = {"ok": False, "error": "no_technician"}
    assert talk.say("wla driss", intents=["inform"], entities={"technician": "driss"})["key"] == "booking.choose_slot"  # nobody is invented


@pytest.mark.parametrize(
    "text", ["wili bzaf 3lia, dirha b 200", "ويلي بزاف عليا", "c'est trop cher pour moi", "هذا مكلف جدا", "that's too expensive"]
)
def test_a_price_found_too_dear_is_no_complaint_about_a_job(text: str) -> None:
    talk = Talk(MemoryTools(answers=NO_JOB))
    talk.say("ch7al plombi f ain chock", intents=["ask_price"], entities=PLACED)
    assert talk.say(text, intents=["complain"], confidence=0.6, sentiment="negative")["key"] == "price.dear"
    assert not {"report_problem", "escalate_to_human"} & set(talk.called)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_question_is_no_yes_to_the_colleague_who_was_offered(locale: str) -> None:
    talk = Talk(MemoryTools(answers=NO_JOB), locale=locale)
    talk.say("...khayb", intents=["complain"])
    reply = talk.say("ch7al kay3mel plombi f maarif?", intents=["ask_price"], entities=PLACED)
    assert "escalate_to_human" not in talk.called and reply["awaiting"] == "confirm"
    talk.say("1", intents=["affirm"])
    assert talk.tools.escalations == ["dispute"]


def test_a_fault_told_by_who_has_no_job_with_us_is_an_order() -> None:
    talk = Talk(MemoryTools(answers=NO_JOB))
    reply = talk.say("lavabo kaysil w ma3ereftch 3lach", intents=["complain"], entities={"service": "plumbing"})
    assert reply["awaiting"] == "place" and not talk.tools.escalations
    talk = Talk(MemoryTools(answers=NO_JOB))
    reply = talk.say("lplombi dyalkom ma jach", intents=["complain"], entities={"service": "plumbing"})
    assert reply["key"] == "escalation.offer_human_no_job"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("bghit femme de menage, daroori tkoun mra machi rajel", "woman"),
        ("واش كاين شي بلومبي كيهضر الشلحة؟", "language"),
        ("un plombier qui parle amazigh svp", "language"),
        ("a woman please, for the cleaning", "woman"),
        ("أريد سباكا يتكلم الأمازيغية", "language"),
    ],
)
@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_is_promised_by_what_no_list_tells(text: str, wish: str, locale: str) -> None:
    reply = Talk(locale=locale).say(text, intents=["book_service"], entities=PLACED)
    assert reply["awaiting"] == "time"  # the booking goes on
    assert reply["text"].startswith(replies.render(f"booking.wish_{wish}", locale_of(reply["language"], reply["script"])))


def test_a_trade_with_a_woman_in_its_name_wishes_for_nobody() -> None:
    assert not any(asides.has("wants_woman", text) for text in ("bghit femme de ménage", "je cherche une femme de ménage", "خاصني مرا ديال الطياب"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("la ghedda 3ndha tbib, larbe3 hssen, m3a l3achra d sbah", "weekday:wed"),
        ("غدا عندي خدمة، الخميس أحسن", "weekday:thu"),
        ("demain je travaille, jeudi c'est mieux", "weekday:thu"),
        ("tomorrow I work, Friday is better", "weekday:fri"),
    ],
)
def test_the_day_that_is_called_better_is_the_one(text: str, day: str) -> None:
    assert extract(text, now=NOW)["date"] == day


@pytest.mark.parametrize("text", ["خاصنا شي واحد يهز لينا الفراش والثلاجة من سباتة لعين الشق", "bghit chi 7ed yhez lina l7wayej w frigo"])
def test_a_fridge_that_is_carried_is_a_move(text: str) -> None:
    found = service_of(text)
    assert found is not None and found[0] == "moving"


@pytest.mark.parametrize(
    "text",
    [
        "lay3tikom se7a, ila khassni chi 7aja n3ayt likom",
        "إلا خاصني شي حاجة نعيط ليكم",
        "si j'ai besoin je vous appelle",
        "if I need anything I'll call",
    ],
)
def test_who_would_call_some_day_calls_nobody_now(text: str) -> None:
    talk = Talk()
    assert talk.say(text, intents=["ask_human"], confidence=0.92)["key"].startswith("smalltalk.") and not talk.tools.escalations
    talk.say("bghit nhder m3a chi 7ed", intents=["ask_human"], confidence=0.92)
    assert talk.tools.escalations == ["asked"]


def test_what_somebody_else_asks_for_the_job_is_a_bid() -> None:
    talk = Talk()
    talk.say("ch7al plombi f ain chock", intents=["ask_price"], entities=PLACED)
    assert talk.say("khouya kaygoul lia ydirha b 100 dh", intents=["inform"], entities={"amount_mad": 100})["key"] == "price.dear"


@pytest.mark.parametrize("said", ["40 metre", "40 mètres", "40 متر", "40 meters"])
def test_metres_of_a_garden_are_no_pieces(said: str) -> None:
    talk = Talk()
    order = {"service": "gardening", "city": "casablanca", "district": "californie", "quantity": 40}
    talk.say(f"desherbage {said}", intents=["ask_price"], entities=order)
    assert talk.tools.log[-1][0] == "estimate_price" and talk.tools.log[-1][1].get("quantity") in (None, 1)


def test_a_visit_that_does_not_suit_is_moved_and_not_ordered_again() -> None:
    kept = {"technician": "ahmed", "service": "plumbing", "date": "tomorrow"}
    said = "ahmed li jay ghedda, walah ma n9der n7el lih lbab"
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    assert talk.say(said, intents=["book_service"], entities=kept)["key"] == "changes.ask_time"
    assert talk.say("l7ed", intents=["inform"], entities={"date": "2026-11-29", "time": "10:00"})["awaiting"] == "confirm"
    assert talk.called == ["list_bookings", "propose_reschedule"]
    assert Talk().say(said, intents=["book_service"], entities=kept)["key"].startswith("booking.")  # nothing is booked: it may well be an order
