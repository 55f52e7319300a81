"""What people add once something is asked or settled: the wrong day, an hour that does not suit, a question amid a price, a next job, a fear."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bot.brain import answers, cues
from bot.brain.understanding.entities import extract
from bot.brain.understanding.entities.span import span_of_days
from bot.brain.understanding.entities.time import clock_times
from domain.clock import CASABLANCA
from tests.support.brain import MemoryTools, Talk, asked_about_a_job, job

LOCALES = ("ary-Latn", "ary-Arab", "fr", "ar", "en")
MONDAY = datetime(2026, 11, 23, 20, 30, tzinfo=CASABLANCA)
EVERYTHING = {"service": "plumbing", "city": "casablanca", "district": "maarif", "date": "tomorrow", "time": "10:00"}


def ordered(talk: Talk) -> None:
    talk.say("bghit plombier ghedda m3a 10 f maarif casa", intents=["book_service"], entities=EVERYTHING)
    assert talk.say("wakha", intents=["affirm"])["key"] == "booking.sent"


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("ary-Latn", "sme7 lia ghlett, nhar jem3a machi ghedda"),
        ("ary-Arab", "سمح ليا غلطت، نهار الجمعة ماشي غدا"),
        ("fr", "ah dsl je me suis trompé c'est vendredi pas demain"),
        ("ar", "عفوا أخطأت، أقصد يوم الجمعة لا غدا"),
        ("en", "oh sorry, I meant friday not tomorrow"),
    ],
)
def test_another_day_said_right_after_an_order_moves_what_was_ordered(locale: str, text: str) -> None:
    talk = Talk(locale=locale)
    ordered(talk)
    reply = talk.say(text, intents=["correct"], entities={"date": "weekday:fri"})
    assert reply["key"] == "changes.ask_hour" or "propose_reschedule" in talk.called
    assert len(talk.tools.bookings) == 1


def with_cancellation(locale: str) -> Talk:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), locale=locale)
    assert talk.say("annuler", intents=["cancel"])["awaiting"] == "confirm"
    return talk


KEPT = {
    "ary-Latn": "50 dh 3la walo? la safi khellih yji",
    "ary-Arab": "50 درهم على والو؟ صافي خليه يجي",
    "fr": "50 dh pour rien ?? alors qu'il vienne, ma femme sera là",
    "ar": "50 درهما؟ دعوه يأتي إذن",
    "en": "50 for nothing?? then let him come",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_who_lets_him_come_after_the_fee_keeps_the_visit(locale: str) -> None:
    talk = with_cancellation(locale)
    talk.say(KEPT[locale], intents=["cancel"], entities={"amount_mad": 50})
    assert "decline_proposal" in talk.called and "confirm_proposal" not in talk.called


@pytest.mark.parametrize(
    ("locale", "text", "done"),
    [("ar", "طيب ألغوه", True), ("fr", "allez annulez", True), ("en", "ok cancel it", True), ("fr", "annuler c'est gratuit ?", False)],
)
def test_the_order_repeated_is_a_yes_to_it_also_where_it_is_read_as_one(locale: str, text: str, done: bool) -> None:
    talk = with_cancellation(locale)
    talk.say(text, intents=["affirm"])
    assert ("confirm_proposal" in talk.called) is done


def test_when_the_money_comes_is_told_while_it_is_only_proposed() -> None:
    talk = with_cancellation("fr")
    reply = talk.say("et je reçois l'argent quand ?", intents=["refund_status"])
    assert "refund_status" not in talk.called and "search_knowledge" in talk.called and reply["awaiting"] == "confirm"


def asked_a_price() -> Talk:
    return asked_about_a_job("price_change", "Ahmed propose 340 DH. D'accord ?", status="arrived", locale="fr", amount_mad=340)


@pytest.mark.parametrize(
    ("text", "intent", "called"),
    [
        ("c'était 320 à la base non ? pourquoi ça augmente", "deny", set()),
        ("c'est plus cher pourquoi ?", "ask_faq", set()),
        ("bon allez d'accord, qu'il le change", "affirm", {"confirm_proposal"}),
        ("non c'est trop", "deny", {"decline_proposal"}),
        ("trop cher", "deny", {"decline_proposal"}),
    ],
)
def test_a_question_refuses_no_price_and_a_yes_behind_an_opener_agrees(text: str, intent: str, called: set[str]) -> None:
    talk = asked_a_price()
    talk.say(text, intents=[intent])
    assert {"confirm_proposal", "decline_proposal"} & set(talk.called) == called


def test_praise_of_an_hour_that_is_proposed_agrees_and_rates_nobody() -> None:
    talk = asked_about_a_job("counter_offer", "ahmed y9der m3a 17:00. wakha?", status="offered", start="2026-11-24T17:00")
    talk.say("hania 5 mzyana", intents=["rate"])
    assert "confirm_proposal" in talk.called and "rate_booking" not in talk.called


MANAGER = {
    "ary-Latn": "lmas2oul dyalkom gal lia -50%, bghit sebbagh",
    "ary-Arab": "المسؤول ديالكم قال ليا ناقص 50، بغيت صباغ",
    "fr": "votre responsable m'a accordé -50%, je veux un peintre",
    "ar": "المدير وعدني بخصم 50، أريد دهانا",
    "en": "your manager promised me 50% off, I need a painter",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_manager_who_is_quoted_is_not_called(locale: str) -> None:
    assert "ask_human" not in cues.named(MANAGER[locale])[0] and cues.quotes_us(MANAGER[locale])


def test_a_manager_who_is_wanted_is_called() -> None:
    assert "ask_human" in cues.named("je veux parler à votre responsable")[0]


def test_money_back_and_somebody_else_tomorrow_are_both_done() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", paid_mad=180)}), locale="fr")
    told = {"date": "tomorrow", "time": "10:00", "service": "plumbing", "city": "casablanca", "district": "maarif"}
    text = "il est jamais venu, remboursez moi et envoyez moi un autre demain à 10h"
    assert talk.say(text, intents=["complain", "request_refund"], entities=told)["awaiting"] == "confirm"
    reply = talk.say("oui", intents=["affirm"])
    assert len(talk.tools.refunds) == 1 and reply["awaiting"] == "confirm"
    name, args = next((n, a) for n, a in reversed(talk.tools.log) if n == "propose_booking")
    assert args["start"] == "2026-11-24T10:00" and args.get("technician_id") != 1, name


def test_amid_sparks_a_word_of_another_trade_changes_nothing_and_a_fear_is_answered() -> None:
    talk = Talk(locale="fr")
    talk.say("le tableau fait des étincelles", intents=["book_service"], entities={"service": "electricity"}, danger=True)
    reply = talk.say(
        "maarif casa mais mon fils est sous la douche, c'est dangereux ?",
        intents=["ask_price"], entities={"city": "casablanca", "district": "maarif", "service": "plumbing"}, confidence=0.3,
    )  # fmt: skip
    assert "disjoncteur" in reply["text"]
    assert {a["service"] for n, a in talk.tools.log if n in ("find_slots", "propose_booking")} == {"electricity"}


# --- technicians ---------------------------------------------------------------------------------------------------------


def at_work(*jobs: dict[str, Any]) -> Talk:
    return Talk(MemoryTools({j["ref"]: j for j in jobs}), role="technician", channel="sms")


@pytest.mark.parametrize(
    ("text", "intent", "answered"),
    [
        ("m3a 10 3ndi klyan akhor, n9der nji m3a 5", "propose_time", ("other_time", "2026-11-24T17:00")),
        ("à 10h j'ai un autre client, 14h30 possible", "propose_time", ("other_time", "2026-11-24T14:30")),
        ("مع العشرة عندي كليان، نقدر نجي مع الخمسة", "propose_time", ("other_time", "2026-11-24T17:00")),
        ("m3a 10 3ndi klyan akhor", "propose_time", None),
        ("awdi nji ghedda f 10", "inform", ("accept", None)),
    ],
)
def test_the_offered_hour_named_as_taken_is_never_agreed_to(text: str, intent: str, answered: tuple[str, str | None] | None) -> None:
    talk = at_work(job("BR-7", status="offered"))
    talk.notice(text="khedma 10:00", awaiting="confirm", key="technician.job_offer", extra={"offer_id": 1})
    talk.say(text, intents=[intent], entities={"time": "10:00"})
    given = [(a["answer"], a.get("start")) for n, a in talk.tools.log if n == "answer_offer"]
    assert given == ([answered] if answered else [])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("غدا وبعد غدا ما تصيفطو ليا حتى خدمة", 24, 25),
        ("ghedda w b3d ghedda ma kaynch", 24, 25),
        ("demain et après-demain je suis pas là", 24, 25),
        ("not tomorrow and the day after tomorrow", 24, 25),
        ("nhar jm3a w sebt ma nkhdemch", 27, 28),
    ],
)
def test_two_days_that_follow_each_other_are_one_absence(text: str, first: int, last: int) -> None:
    assert span_of_days(text, MONDAY) == (date(2026, 11, first), date(2026, 11, last))


@pytest.mark.parametrize("text", ["lundi et mercredi", "غير غدا، بعد غدا نكون لاباس", "ghedda m3a 10 w sebt m3a 9"])
def test_two_days_apart_are_no_span(text: str) -> None:
    assert span_of_days(text, MONDAY) is None


GOES_ON = {
    "ary-Latn": "salit dyal maarif b 250, daba ghadi l tanya",
    "ary-Arab": "ساليت ديال المعاريف ب 250، دابا غادي للثانية",
    "fr": "maarif terminé 250 dh, je pars chez la 2eme",
    "ar": "انتهيت من الأولى، 250 درهما، سأذهب إلى الثانية",
    "en": "done in maarif, 250. heading to the next one",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_who_is_done_and_goes_on_to_the_next_reports_both(locale: str) -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1", status="arrived")}), locale=locale, role="technician", channel="sms")
    talk.say(GOES_ON[locale], intents=["job_done"], entities={"amount_mad": 250})
    assert [a["state"] for n, a in talk.tools.log if n == "update_job"] == ["done", "en_route"]


def test_a_job_that_was_just_taken_is_given_back_and_nobody_is_switched_off() -> None:
    talk = at_work(job("BR-7", status="offered"))
    talk.notice(text="offre", awaiting="confirm", key="technician.job_offer", extra={"offer_id": 1})
    talk.say("ok je prends", intents=["accept_job"])
    talk.say("ah non vendredi j'ai rdv, je peux pas finalement", intents=["set_unavailable"], entities={"date": "weekday:fri"})
    assert "answer_offer" in talk.called and "set_availability" not in talk.called


def test_an_offer_that_is_asked_about_says_what_it_pays() -> None:
    talk = at_work(job("BR-7", status="offered", price_mad=280))
    assert "280" in talk.say("ch7al fiha?", intents=["ask_job_details"])["text"]


def test_a_long_message_may_change_the_language_though_it_names_an_option() -> None:
    talk = Talk(locale="en")
    talk.say("cockroaches, casablanca maarif, tomorrow morning", intents=["book_service"], entities={**EVERYTHING, "time": "morning"})
    talk.locale = "ary-Latn"
    reply = talk.say("smeh lia kanrta7 ktar b darija, m3a 9 d sbah mezyan", intents=["correct"], entities={"time": "09:00"})
    assert reply["language"] == "ary"


@pytest.mark.parametrize(("text", "leans"), [("bon d'accord", True), ("ben non", False), ("طيب لا", False), ("bon", None), ("so what", None)])
def test_an_opener_says_nothing_by_itself(text: str, leans: bool | None) -> None:
    assert answers.leaning(text) is leans


def test_every_hour_that_is_named_is_found() -> None:
    assert clock_times("jm3a m3a 3 l3chiya 3ndi klyan, n9der m3a 5") == ("15:00", "17:00")
    assert clock_times("") == ()


def told_of(talk: Talk, tool: str, name: str) -> list[Any]:
    return [args.get(name) for called, args in talk.tools.log if called == tool]


def test_the_hour_asked_for_is_given_up_for_the_offered_one() -> None:
    talk = at_work(job("BR-7", status="offered"))
    talk.say("n9der nji m3a 5", intents=["propose_time"], entities={"time": "17:00"})
    talk.say("la safi khelliha kif kanet, nji f 10", intents=["deny"], entities={"time": "10:00"})
    assert told_of(talk, "answer_offer", "answer") == ["other_time", "accept"] and told_of(talk, "answer_offer", "ref")[-1] == "BR-7"


@pytest.mark.parametrize(
    "text", ["je prends congé du 1er au 5 décembre", "ghadi nakhod konji ghedda", "سآخذ إجازة غدا", "taking time off tomorrow", "ناخد كونجي غدا"]
)
def test_a_leave_makes_nobody_available(text: str) -> None:
    talk = at_work(job("BR-7"))
    talk.say(text, intents=["accept_job"], entities={"date": "tomorrow"})
    assert told_of(talk, "set_availability", "available") == [False]


@pytest.mark.parametrize(
    ("text", "role", "amount"),
    [
        ("salit, khdit 240 dh w zadni 50 dh pourboire", "technician", 240),
        ("ساليت خديت 240 درهم و 50 درهم بقشيش", "technician", 240),
        ("done, 240 dh plus 50 dh tip", "technician", 240),
        ("au lieu de 350 dh c'est 400 dh", "technician", 400),
        ("320 dh qlil, ndirha b 500 dh", "technician", 500),
        ("الثمن 320 قليل، نديرها ب 500 درهم", "technician", 500),
        ("50 dh de pourboire", "technician", None),
    ],
)
def test_a_tip_and_the_price_of_before_are_not_the_amount(text: str, role: str, amount: int | None) -> None:
    assert extract(text, role=role).get("amount_mad") == amount


def test_a_new_price_is_not_agreed_to_by_the_technician() -> None:
    talk = at_work(job("BR-1", status="arrived"))
    talk.say("khass nbeddel joint, 340 dh", intents=["inform"], entities={"amount_mad": 340})
    assert talk.say("الكليان كيقول واخا", intents=["affirm"])["key"] == "technician_flow.price_waits"


def test_who_leaves_a_closed_door_or_is_sent_away_reaches_a_person() -> None:
    talk = at_work(job("BR-1", status="arrived"))
    talk.say("makayn ta wa7ed", intents=["client_absent"])
    talk.say("tsennit noss sa3a, ghadi nmchi f7ali", intents=["running_late"])
    assert talk.tools.escalations == ["other"]
    sent_away = at_work(job("BR-1", status="arrived"))
    sent_away.say("la cliente annule à la porte", intents=["inform"])
    assert sent_away.tools.escalations == ["other"] and "answer_offer" not in sent_away.called


def test_an_offer_hears_of_the_hours_one_is_free_and_of_both_at_once() -> None:
    talk = at_work(job("BR-7", status="offered"))
    assert talk.say("je suis dispo que l'après-midi", intents=["set_available"], entities={"time": "afternoon"})["awaiting"] == "time"
    assert "set_availability" not in talk.called
    both = at_work(job("BR-7", status="offered"), job("BR-8", status="offered", start="2026-11-25T16:00"))
    both.say("oui pour les deux", intents=["ask_job_details"])
    assert sorted(told_of(both, "answer_offer", "ref")) == ["BR-7", "BR-8"]


def test_the_job_of_a_day_that_cannot_be_done_is_given_back() -> None:
    talk = at_work(job("BR-7", start="2026-11-28T08:00"), job("BR-8"))
    talk.say("mankdrch ndir dyal sebt", intents=["set_unavailable"], entities={"date": "weekday:sat"})
    assert told_of(talk, "answer_offer", "ref") == ["BR-7"] and "set_availability" not in talk.called


# --- said on the way to a yes ----------------------------------------------------------------------------------------------

NOTES = {
    "ary-Latn": "m3a 9, w goul lih yjib m3ah sellem",
    "ary-Arab": "مع 9، وقول ليه يجيب معاه السلوم",
    "fr": "9h, et dites lui d'apporter une échelle",
    "ar": "في التاسعة، وأخبروه أن يحضر سلما",
    "en": "9am, and tell him to bring a ladder",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_word_for_the_visit_amid_a_booking_is_kept_until_the_yes_and_passed_on_once(locale: str) -> None:
    talk = Talk(locale=locale)
    talk.say("order", intents=["book_service"], entities={**EVERYTHING, "time": "morning"})
    assert talk.say(NOTES[locale], intents=["inform"], entities={"time": "09:00"})["awaiting"] == "confirm"
    assert not told_of(talk, "note_for_visit", "note")
    talk.say("1", intents=["affirm"])
    assert told_of(talk, "note_for_visit", "note") == [NOTES[locale]]
    talk.say("merci", intents=["thank"])
    assert len(told_of(talk, "note_for_visit", "note")) == 1


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("ary-Latn", "bedlo l nhar li mora, nefs lwe9t"),
        ("ary-Arab", "ديروها النهار لي من بعد، نفس الوقت"),
        ("fr", "plutôt le lendemain, même heure"),
        ("ar", "أفضل اليوم الموالي في نفس الوقت"),
        ("en", "make it the day after, same time"),
    ],
)
def test_the_day_after_is_counted_from_the_visit(locale: str, text: str) -> None:
    booked = Talk(MemoryTools({"BR-1": job("BR-1")}), locale=locale)
    booked.say(text, intents=["reschedule"])
    assert told_of(booked, "propose_reschedule", "start") == ["2026-11-25T10:00"]
    proposed = Talk(locale=locale)
    proposed.say("order", intents=["book_service"], entities=EVERYTHING)
    proposed.say(text, intents=["reschedule"])
    assert told_of(proposed, "propose_booking", "start") == ["2026-11-24T10:00", "2026-11-25T10:00"]


def test_who_stays_at_their_hour_amid_a_move_keeps_it() -> None:
    talk = Talk(MemoryTools({"BR-1": job("BR-1")}), locale="fr")
    talk.say("je peux décaler mon rdv ?", intents=["reschedule"])
    assert talk.say("non attends c'est bon je reste à 10h", intents=["deny"], entities={"time": "10:00"})["key"] == "changes.left_as_is"


def test_what_is_asked_behind_an_ok_is_answered() -> None:
    talk = Talk()
    talk.say("order", intents=["book_service"], entities=EVERYTHING)
    talk.told.tell("w chkoun kayjib sel3a?", {"intents": ["ask_faq"]}, "ary-Latn")
    talk.say("ok w chkoun kayjib sel3a?", intents=["affirm"])
    assert "search_knowledge" in talk.called and "confirm_proposal" not in talk.called


def test_work_done_again_for_nothing_is_for_a_person_to_promise() -> None:
    tools = MemoryTools({"BR-1": job("BR-1", status="done")}, answers={"report_problem": {"ok": True, "ref": "BR-1", "escalated": False}})
    talk = Talk(tools, locale="fr")
    assert talk.say("c'est mal fait", intents=["complain"])["key"] == "escalation.offer_human"
    talk.say("renvoyez le même gratuitement", intents=["rebook"])
    assert "escalate_to_human" in talk.called and "propose_booking" not in talk.called
