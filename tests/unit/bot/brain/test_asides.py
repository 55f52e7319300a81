"""What plain words settle beside our business: the way to a door, who answers, orders about how we work, and what two wishes in one message are."""

from __future__ import annotations

import pytest

from bot.brain import asides, orders
from tests.support.brain import MemoryTools, Talk, job

EVERYTHING = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}
FLOOR = [
    "nsit ngol lik rah kayn f tabe9 ttalet",
    "الطابق الرابع، الشقة 12",
    "le code de la porte est 4521",
    "ring the bell twice please",
    "mni ywsel y3eyet liya",
]


@pytest.mark.parametrize("text", FLOOR)
def test_how_to_get_in_is_kept_with_the_visit_that_is_booked(text: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    reply = talk.say(text, intents=["correct"], confidence=0.5)
    assert talk.called == ["list_bookings", "note_for_visit"] and reply["key"] == "changes.noted"
    assert talk.tools.log[-1] == ("note_for_visit", {"note": text, "ref": "BR-1"})


def test_without_a_visit_the_same_words_mean_what_they_were_read_as() -> None:
    talk = Talk()
    assert talk.say(FLOOR[0], intents=["book_service"])["key"] == "booking.ask_service"
    assert "note_for_visit" not in talk.called


def test_a_question_or_another_hour_is_no_note() -> None:
    for text, entities in (("kayna ascenseur?", {}), ("tabe9 3, walakin diroha m3a 11", {"time": "11:00"})):
        talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
        talk.say(text, intents=["inform"], entities=entities)
        assert "note_for_visit" not in talk.called


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("wach nta robot wla bnadem", True),
        ("واش كنهضر مع بنادم", True),
        ("are you a real person?", True),
        ("vous êtes un robot ?", True),
        ("bghit nhder m3a bnadem machi robot", False),
        ("robot d lkouzina khaser", False),
        ("الله يرحم الوالدين واش جاي", False),
    ],
)
def test_asking_who_answers_is_told_from_wanting_a_person(text: str, asks: bool) -> None:
    assert asides.asks_who_answers(text) is asks


def test_a_question_about_ourselves_leaves_our_own_question_open() -> None:
    talk = Talk()
    talk.say("bghit plombi f maarif", intents=["book_service"], entities={k: EVERYTHING[k] for k in ("service", "city", "district")})
    reply = talk.say("wach nta robot?", intents=["abuse"])
    assert "robot" in reply["text"] and reply["awaiting"] == "time"


@pytest.mark.parametrize(("text", "greets"), [("cv ?", True), ("slm labas 3lik", True), ("كيداير خويا", True), ("labas, bghit plombi", False)])
def test_how_are_you_is_only_that(text: str, greets: bool) -> None:
    assert asides.how_are_you(text) is greets


@pytest.mark.parametrize("text", ["mse7 lma3loumat dyal mrati", "effacez les données de mon voisin", "امسح المعلومات ديال جارتي"])
def test_nobody_is_asked_to_erase_themselves_when_another_is_named(text: str) -> None:
    talk = Talk()
    assert talk.say(text, intents=["delete_data"])["key"] == "account.erase_own_only" and talk.called == []
    assert talk.say("mse7 lma3loumat dyali", intents=["delete_data"])["key"] == "account.propose_erase"


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("kayn chi wa7ed ghir ahmed?", True),
        ("ma bghitch si ahmed", True),
        ("من غير أحمد عفاك", True),
        ("quelqu'un d'autre, pas Ahmed", True),
        ("bghit ghir ahmed", False),
        ("بغيت أحمد", False),
    ],
)
def test_the_one_who_is_not_wanted_is_told_from_the_one_who_is(text: str, excluded: bool) -> None:
    assert asides.excludes("ahmed", text) is excluded


def test_somebody_else_is_proposed_than_the_one_not_wanted() -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    reply = talk.say("bghit chi wa7ed mn ghir ahmed", intents=["find_technician"], entities={"technician": "ahmed"})
    assert reply["awaiting"] == "confirm" and "Hassan" in reply["text"]


@pytest.mark.parametrize(
    ("text", "jobs"),
    [
        ("bghit plombi w trisian f maarif", ("plumbing", "electricity")),
        ("بغيت سباك ونجار", ("plumbing", "carpentry")),
        ("un plombier et une femme de ménage", ("plumbing", "cleaning")),
        ("I need a plumber and an electrician", ("plumbing", "electricity")),
        ("robini w lavabo khasrin", None),
        ("plombi l chauffe-eau", None),
        ("الما واقف والضو مقطوع", None),
    ],
)
def test_two_trades_are_two_jobs_and_one_trade_is_one(text: str, jobs: tuple[str, str] | None) -> None:
    assert orders.two_jobs(text) == jobs


def test_the_second_job_is_arranged_when_the_first_is_sent() -> None:
    talk = Talk()
    talk.say("bghit plombi w trisian ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    reply = talk.say("wakha", intents=["affirm"])
    assert reply["key"] == "booking.ask_time_second" and reply["awaiting"] == "time"
    talk.say("ghedda m3a 3", intents=["inform"], entities={"date": "tomorrow", "time": "15:00"})
    made = next(args for tool, args in reversed(talk.tools.log) if tool == "propose_booking")
    assert (made["service"], made["district"], made["start"]) == ("electricity", "maarif", "2026-11-24T15:00")
    assert talk.say("wakha", intents=["affirm"])["key"] == "booking.sent"


@pytest.mark.parametrize("text", ["bghit plombi f chefchaouen", "un plombier à Taza svp", "بغيت بلومبي ف بركان"])
def test_a_town_without_us_is_said_at_once(text: str) -> None:
    talk = Talk()
    assert talk.say(text, intents=["book_service"], entities={"service": "plumbing"})["key"] == "search.elsewhere"


def test_coming_from_such_a_town_wants_nobody_there() -> None:
    assert not asides.elsewhere("ana jay mn taza lyoum") and asides.elsewhere("plombi f taza")


def test_a_technician_who_goes_and_asks_for_the_number_has_accepted() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="offered")}), role="technician", channel="sms")
    talk.say("ah ghadi nmchi 3ndo, sifto lia nemra", intents=["ask_job_details"])
    assert talk.called == ["answer_offer"]
    asked = Talk(MemoryTools({"BR-1": job("BR-1", status="offered")}), role="technician", channel="sms")
    asked.say("ah, chno hiya lkhedma?", intents=["ask_job_details"])
    assert "answer_offer" not in asked.called
