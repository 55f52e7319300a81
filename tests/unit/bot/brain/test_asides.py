"""What plain words settle beside our business: the way to a door, who answers, orders about how we work, and what two wishes in one message are."""

from __future__ import annotations

from typing import Any

import pytest

from bot.brain import asides, cues, orders
from bot.brain.model import EmbeddedModel
from bot.brain.understanding.base import Understanding
from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.entities import extract
from domain.catalog import service_of
from tests.support.brain import MemoryTools, Talk, Told, job

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


@pytest.mark.parametrize(
    "text",
    ["goul lplombi yjib m3ah sellum", "قولو للمعلم يجيب معاه الفاكتورة", "dites au technicien d'apporter une échelle", "goulo lih ma yjich 9bel 10"],
)
def test_a_word_for_who_comes_is_passed_on_and_changes_nothing(text: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    talk.say(text, intents=["cancel"], entities={"time": "10:00"} if "10" in text else {})
    assert talk.called == ["list_bookings", "note_for_visit"]


def test_any_moment_of_a_list_is_its_first() -> None:
    talk = Talk()
    talk.say("bghit plombi f maarif casa ghedda", intents=["check_availability"], entities={**EVERYTHING, "time": "morning"})
    assert talk.reply["awaiting"] == "choice"
    reply = talk.say("li kayn", intents=["affirm"])
    assert reply["awaiting"] == "confirm" and "9:00" in reply["text"]


def test_a_place_said_first_is_asked_what_for() -> None:
    assert Talk().say("f derb ghallef casa", intents=["inform"], entities={"district": "derb ghallef"})["key"] == "booking.ask_service"


def test_a_question_after_a_statement_is_read_as_a_question() -> None:
    class Biased(Told):
        """Reads a yes into everything that follows words of ours."""

        def understand(self, text: str, *, role: str = "client", context: str | None = None, now: Any = None) -> Understanding:
            if context is None or "wakha" in text:
                return super().understand(text, role=role, context=context, now=now)
            return Understanding("ary", "latn", ("affirm",), confidence=0.9)

    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    talk.told = Biased()
    talk.model = EmbeddedModel(talk.told)
    talk.notice(key="notices.booking_confirmed", text="Ahmed 9bel.")
    talk.say("w chkoun li jay 3ndi", intents=["track"])
    assert talk.called == ["track_technician"]


def test_whoever_died_is_mourned_before_business() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}))
    reply = talk.say("lwalida tweffat, lghiw lia lmaw3id", intents=["cancel"])
    assert reply["text"].startswith("Lah y3eddem") and reply["awaiting"] == "confirm"


def test_a_technician_who_has_finished_says_yes_to_nothing() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="arrived")}), role="technician", channel="sms")
    talk.say("safi kmelt", intents=["affirm"])
    assert talk.called == ["update_job"] and talk.tools.log[-1][1]["state"] == "done"


@pytest.mark.parametrize(
    "text", ["ma tsiftouch lplombi", "lghiw lia lmaw3id", "goul lplombi ma yjich", "ما تجيوش غدا", "ma yjich ga3 had lplombi, l9it wa7ed akhor"]
)
def test_who_shall_not_come_at_all_is_cancelled(text: str) -> None:
    assert "cancel" in cues.named(text)[0]


def test_who_shall_not_come_before_an_hour_is_not_cancelled() -> None:
    for text in ("goulo lih ma yjich 9bel 10", "ne venez pas avant 10h", "قولو ليه ما يجيش قبل العشرة"):
        assert "cancel" not in cues.named(text)[0]


def test_money_asked_back_after_waiting_is_no_question_where_it_is() -> None:
    wanted = cues.named("3 swaye3 w ana kantsenna, bghit flousi yrej3o")[0]
    assert "request_refund" in wanted and "refund_status" not in wanted
    assert "refund_status" in cues.named("fin wslo flousi")[0]


@pytest.mark.parametrize(
    ("text", "hazard"),
    [
        ("lbouta katfo7", "gas"),
        ("kanchem ri7a bhal lbid khamej", "gas"),
        ("راه البوطة كتصفر", "gas"),
        ("lbouta tsalat", None),
        ("bghit nbeddel lbouta", None),
        ("f7el lbab", None),
    ],
)
def test_gas_is_smelt_and_heard_in_more_words(text: str, hazard: str | None) -> None:
    assert find_hazard(text) == hazard


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("van dyalkom sadd lia lgarage", None),
        ("bghit van l r7il", "moving"),
        ("rendez-vous at four then", None),
        ("four dyali ma kayskhench", "appliance_repair"),
    ],
)
def test_a_van_or_a_four_in_passing_is_no_trade(text: str, service: str | None) -> None:
    assert (service_of(text) or (None,))[0] == service


@pytest.mark.parametrize("text", ["أوييلي هادشي بزاف، صافي الله يسهل", "wili wili hadchi bzaf, safi lah ysehel", "safi lah ysehel", "صافي الله يسهل"])
def test_who_finds_it_too_much_and_takes_leave_has_booked_nothing(text: str) -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    talk.say(text, intents=["affirm"])
    assert "confirm_proposal" not in talk.called


def test_a_yes_of_the_east_is_a_yes() -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    assert talk.say("wah", intents=["inform"])["key"] == "booking.sent"


def test_what_stands_beside_the_yes_is_kept_with_the_new_visit() -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    reply = talk.say("ah wakha, w rah code dyal lbab 4521", intents=["affirm"])
    assert talk.called == ["confirm_proposal", "list_bookings", "note_for_visit"]
    assert reply["key"] == "changes.noted" and "BR-1001" in reply["text"]


def test_a_finished_job_with_a_bare_amount_is_closed_with_it() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="arrived")}), role="technician", channel="sms")
    talk.say("salina BR-1, 300 kamla f yeddi", intents=["job_done"])
    assert talk.tools.log[-1][1]["amount_mad"] == 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("الصباح لا، نقدر نجي مع الثلاثة", {"time": "15:00"}),
        ("ghda f sbah m3a 9", {"time": "09:00", "date": "tomorrow"}),
        ("n3tih khamsa 3la khamsa", {"rating": 5}),
        ("سراق الزيت عمر ليا الكوزينة", {"service": "pest_control"}),
        ("بغيت عمر يجي", {"technician": "omar"}),
        ("chi nhar had simana", {}),
    ],
)
def test_words_that_only_look_like_an_hour_a_name_or_a_day(text: str, expected: dict[str, Any]) -> None:
    assert extract(text) == expected


@pytest.mark.parametrize(
    "text", ["zan9et lwouroud 12, etage 3", "زنقة الورود 12، الطابق 3", "12 rue des fleurs, appt 3", "12 flower street, floor 3"]
)
def test_a_street_told_amid_a_proposal_goes_with_the_visit(text: str) -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    reply = talk.say(text, intents=["correct"])
    assert reply["awaiting"] == "confirm" and talk.tools.log[-1][1]["address"] == text


def test_a_street_beside_the_yes_is_kept_with_the_new_visit() -> None:
    talk = Talk()
    talk.say("bghit plombi ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    talk.say("ok pour lui, 45 rue oued ziz", intents=["affirm"])
    assert talk.called == ["confirm_proposal", "list_bookings", "note_for_visit"]


@pytest.mark.parametrize(
    "text", ["ah smhli ghlett f nnemra", "سمح ليا غلطت فالنمرة", "oups pardon mauvais numéro", "عذرا، أخطأت في الرقم", "sorry wrong number"]
)
def test_who_wrote_to_the_wrong_number_is_asked_nothing(text: str) -> None:
    talk = Talk(MemoryTools())
    reply = talk.say(text, intents=["correct"])
    assert (reply["key"], reply["awaiting"], talk.called) == ("smalltalk.wrong_number", None, [])
