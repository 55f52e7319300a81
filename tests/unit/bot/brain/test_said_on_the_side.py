"""What people write beside our question: who of a list is meant, what is not our work, a second question in the same breath."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.brain import answers, cues, hear, orders
from bot.brain.answers import problem
from bot.brain.hear import Heard
from bot.brain.route import plan
from bot.brain.state import Proposal, State
from bot.brain.transcript import Exchange
from bot.brain.understanding.base import Understanding
from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.entities import extract
from domain.catalog import service_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Africa/Casablanca"))
PEOPLE = (
    {"id": 1, "name": "ahmed", "price_mad": 270, "rating": 4.9, "distance_km": 1.0},
    {"id": 2, "name": "kamal", "price_mad": 225, "rating": 4.5, "distance_km": 1.6},
    {"id": 3, "name": "brik", "price_mad": 270, "rating": 4.1, "distance_km": 0.2},
)
LIST = State(
    flow="booking",
    awaiting="choice",
    offered=PEOPLE,
    options=tuple({"title": str(one["name"]), "payload": f"tech:{one['id']}|{one['name']}"} for one in PEOPLE),
)


class Reads:
    """An understander that knows what each text means, and takes the rest for information."""

    def __init__(self, **meant: str) -> None:
        self.meant = meant

    def understand(self, text: str, *, role: str = "client", context: str | None = None, now: datetime | None = None) -> Understanding:
        main = next((intent for intent, words in self.meant.items() if text.strip(" ?؟") == words), self.meant.get("whole", "inform"))
        return Understanding("en", "latn", (main,), confidence=0.9, scores={main: 0.9})


def heard(text: str, state: State, **meant: str) -> Heard:
    said = Exchange(text, ({"kind": "text", "text": text},))
    return hear.hear(state, said, Reads(**meant), "client", NOW)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("je prends le moins cher alors", 2), ("the cheapest please", 2), ("bghit arkhes wa7ed", 2), ("لي رخيص", 2), ("أريد الأقل سعرا", 2),
        ("le mieux noté", 1), ("the best rated one", 1), ("a7sen wa7ed", 1), ("الأحسن", 1), ("صاحب أفضل تقييم", 1),
        ("le plus proche", 3), ("the nearest", 3), ("li 9rib", 3), ("القريب", 3), ("الأقرب من فضلكم", 3),
    ],
)  # fmt: skip
def test_who_of_a_list_is_the_first_in_something_is_chosen_by_that(text: str, number: int) -> None:
    said = heard(text, LIST)
    assert said.payload.startswith(f"tech:{number}|") and "cheaper" not in said.wishes


@pytest.mark.parametrize(
    "text", ["c'est qui le moins cher ?", "chkoun a7sen wa7ed", "moins cher svp", "wach kayn arkhes mn hado", "who is the best?"]
)
def test_asking_who_it_is_or_wanting_less_chooses_nobody(text: str) -> None:
    assert heard(text, LIST).payload == ""


def test_a_yes_to_a_list_of_one_takes_them_and_to_a_longer_list_nobody() -> None:
    one = State(flow="booking", awaiting="choice", offered=PEOPLE, options=LIST.options[1:2])
    assert heard("oui", one).payload.startswith("tech:2|")
    assert heard("oui", LIST).payload == ""


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("how much is it and do they take card?", "do they take card"),
        ("c'est combien et on peut payer par carte ?", "on peut payer par carte"),
        ("ch7al taman w wach nkhelles b carte?", "wach nkhelles b carte"),
        ("شحال الثمن وواش كاين الضمان؟", "واش كاين الضمان"),
        ("كم السعر وهل تقبلون البطاقة البنكية؟", "هل تقبلون البطاقة البنكية"),
    ],
)
def test_a_second_question_joined_to_the_first_is_heard_too(text: str, last: str) -> None:
    said = heard(text, State(), ask_payment=last, whole="ask_price")
    assert said.intents == ("ask_price", "ask_payment") and [q.strip(" ?؟") for q in said.questions["ask_payment"]] == [last]
    assert heard(text, State(), whole="ask_price").questions == {}


@pytest.mark.parametrize("text", ["je cherche un garagiste", "i need a nurse", "bghit tbib", "بغيت شي ميكانيسيان", "أحتاج إلى طبيب في البيت"])
def test_work_of_nobody_of_ours_is_declined_and_our_own_is_not(text: str) -> None:
    wants = Understanding("fr", "latn", ("book_service",), confidence=0.9)
    assert plan(State(), Heard(text, wants)).flows == ("out_of_scope",)
    assert plan(State(), Heard(text, wants, {"service": "plumbing"})).flows == ("booking",)
    assert plan(State(flow="cancel", awaiting="reason"), Heard(text, wants)).flows != ("out_of_scope",)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("effacez mes données svp", "delete_data"), ("please remove my data", "delete_data"), ("mse7 lma3loumat dyali", "delete_data"),
        ("مسحو المعلومات ديالي", "delete_data"), ("أرجو محو كل ما تحتفظون به عني", "delete_data"),
        ("qui a mon numero chez vous ?", "ask_faq"), ("who has my number?", "ask_faq"), ("chkoun 3endo nemrti", "ask_faq"),
        ("شكون عندو نمرتي", "ask_faq"), ("من لديه رقم هاتفي عندكم؟", "ask_faq"),
    ],
)  # fmt: skip
def test_what_is_known_of_a_person_is_asked_after_or_erased(text: str, intent: str) -> None:
    assert cues.named(text)[0] == {intent}


@pytest.mark.parametrize(
    "text",
    [
        "I want to unsubscribe from everything", "désabonnez-moi svp", "je veux plus recevoir de pub", "ma bghitch les pubs f whatsapp",
        "ما بغيتش الإشهارات", "أريد إلغاء الاشتراك",
    ],
)  # fmt: skip
def test_who_wants_no_advertising_is_heard_whatever_was_read(text: str) -> None:
    read = Understanding("fr", "latn", ("book_service",), confidence=0.9, scores={"book_service": 0.9})
    assert cues.corrected(read, text).main == "opt_out" and cues.corrected(read, "arretez de m'envoyer des techniciens nuls").main != "opt_out"


def test_what_may_happen_is_asked_behind_an_ok_and_a_day_supposed_is_a_wish() -> None:
    agreed = Understanding("fr", "latn", ("affirm",), confidence=0.9, scores={"affirm": 0.9})
    for text in (
        "ok et si je suis pas satisfaite ?",
        "ok what if it breaks again?",
        "wakha w ila ma 3jbatnich?",
        "واخا وإلا ما عجباتنيش؟",
        "حسنا وماذا لو تعطل من جديد؟",
    ):
        assert cues.corrected(agreed, text).main == "ask_faq"
    on_friday = Understanding("fr", "latn", ("affirm",), {"date": "weekday:fri"}, confidence=0.9, scores={"affirm": 0.9})
    assert cues.corrected(on_friday, "et si on faisait vendredi ?").main == "affirm"


def test_what_was_booked_is_not_ordered_again() -> None:
    reading = Understanding("en", "latn", ("ask_price", "book_service"), {"service": "electricity"}, confidence=0.6, scores={"ask_price": 0.6})
    assert orders.settled(reading, "I booked an electrician for tomorrow, what is in the price?").intents == ("ask_price",)
    assert orders.settled(reading, "I want an electrician, what is the price?").intents == ("ask_price", "book_service")


@pytest.mark.parametrize("text", ["bjr g un rdv dem avec ahmed mais jsuis plus dispo, vs pvez annuler", "ma femme est la dem a 10h"])
def test_tomorrow_as_phones_shorten_it_is_no_blood(text: str) -> None:
    assert find_hazard(text) is None and find_hazard("weldi tah w kaysil lih dem") == "hurt"


@pytest.mark.parametrize("text", ["ne supprimez pas mes données", "enlevez la vieille baignoire", "بغيت نمسح الطاولة", "supprimez mon rdv de demain"])
def test_what_is_taken_away_at_home_or_not_at_all_erases_nobody(text: str) -> None:
    assert "delete_data" not in cues.named(text)[0]


@pytest.mark.parametrize(
    "text", ["et un robinet a agdal vs faites ?", "do you also fix taps in rabat", "wach katsel7o robinet f agdal", "هل تصلحون الصنابير في الرباط"]
)
def test_whether_we_do_a_job_at_a_place_is_half_an_order(text: str) -> None:
    asked = Understanding("fr", "latn", ("ask_price",), {"service": "plumbing", "city": "rabat"}, confidence=0.93, scores={"ask_price": 0.93})
    assert orders.settled(asked, text).main == "book_service"
    assert orders.settled(asked, f"{text} combien").main == "ask_price"


@pytest.mark.parametrize(
    "text",
    ["nobody has turned up", "le plombier s'est pas présenté", "lm3elmin ma jawch", "المعلمين ماجاوش", "محدش جه لحد دلوقتي", "no one showed up"],
)
def test_who_waited_in_vain_reports_that_nobody_came(text: str) -> None:
    assert problem(text) == "no_show"


def test_who_has_just_moved_in_wants_the_trades_that_follow() -> None:
    text = "I'm moving into a flat in Oulfa and need two things: a painter for the bedroom, and somebody to fix a dripping tap"
    assert orders.two_jobs(text) == ("painting", "plumbing")
    assert service_of("I'm moving into a flat") is None and service_of("on vient de déménager") is None
    assert (service_of("i am moving on friday, i need movers") or ("",))[0] == "moving"


@pytest.mark.parametrize(
    "text", ["vs prenez les cheques ?", "do you accept credit cards?", "wach katqeblo lcarte?", "واش كتقبلو الشيك؟", "هل تقبلون البطاقة البنكية؟"]
)
def test_a_question_of_means_is_one_of_payment_whatever_was_read(text: str) -> None:
    for misread in ("ask_loyalty", "ask_price"):
        assert orders.settled(Understanding("fr", "latn", (misread,), confidence=0.7, scores={misread: 0.7}), text).main == "ask_payment"
    booked = Understanding("fr", "latn", ("book_service",), confidence=0.7)
    assert orders.settled(booked, text).main == "book_service"
    assert orders.settled(Understanding("fr", "latn", ("ask_price",), confidence=0.9), "combien si je paie par carte ?").main == "ask_price"


def test_metres_are_told_as_so_many_usual_jobs_and_pieces_as_pieces() -> None:
    tiles = Understanding("fr", "latn", ("ask_price",), {"service": "tiling", "quantity": 20}, confidence=0.9, scores={"ask_price": 0.9})

    class Tiler:
        def understand(self, text: str, **_: object) -> Understanding:
            return tiles

    def pieces(text: str) -> object:
        return hear.hear(State(), Exchange(text, ({"kind": "text", "text": text},)), Tiler(), "client", NOW).slots["quantity"]

    assert pieces("20 m² de carrelage") == pieces("20 m2 de carrelage") == pieces("20 mitro d zellij") == pieces("20 متر ديال الزليج") == 5
    assert pieces("20 carreaux") == 20


@pytest.mark.parametrize("text", ["sorry i meant 5", "عفوا أقصد الخامسة", "سمح ليا قصدت الخمسة", "sme7 lia 9sedt 5", "dsl je voulais dire 5"])
def test_an_hour_said_wrong_is_put_right_before_the_yes(text: str) -> None:
    asked = State(flow="booking", awaiting="confirm", proposal=Proposal(1, "booking", {"start": "2026-11-26T18:00"}))
    assert heard(text, asked, whole="rate").slots["time"] == "17:00"
    assert "time" not in heard(text, State(), whole="rate").slots


def test_an_offered_colleague_who_is_asked_for_is_called_once() -> None:
    asks = Understanding("fr", "latn", ("ask_human",), confidence=0.9, scores={"ask_human": 0.9})
    assert plan(State(flow="offer_human", awaiting="confirm"), Heard("passez moi quelqu'un", asks)).flows == ("offer_human",)


def test_who_gives_up_after_a_price_is_asked_nothing_more() -> None:
    gone = Heard("ok tant pis", Understanding("fr", "latn", ("affirm",), confidence=0.9), wishes=frozenset({"gives_up"}))
    assert plan(State(draft={"service": "painting"}), gone).flows == ("as_you_like",)


@pytest.mark.parametrize(("text", "agreed"), [("ماشي", True), ("ماشي دابا", False), ("ماشي مزيان", None), ("machi", None)])
def test_machi_alone_agrees_in_arabic_letters_and_before_a_word_does_not(text: str, agreed: bool | None) -> None:
    assert answers.yes_no(text) is agreed


@pytest.mark.parametrize(
    ("text", "date", "time"),
    [
        ("بكرة الساعة 11 الصبح", "tomorrow", "11:00"), ("باجر الساعة عشر الصبح", "tomorrow", "10:00"),
        ("بعد بكرة الساعة اتناشر", "day_after_tomorrow", "12:00"), ("النهاردة الساعة خمسة", "today", "17:00"),
        ("on weds at 9", "weekday:wed", "09:00"),
    ],
)  # fmt: skip
def test_days_as_visitors_say_them(text: str, date: str, time: str) -> None:
    found = extract(text)
    assert (found["date"], found["time"]) == (date, time)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("il est 10h tjs personne", "late"), ("still nobody here", "late"), ("mazal 7ta wa7ed", "late"), ("مازال حتى واحد", "late"), 
        ("لم يصل بعد", "late"),
        ("charged me 600, not what you quoted", "price"), ("khda ktar mn devis", "price"),
        ("خدا مني كتر", "price"), ("أكثر مما اتفقنا عليه", "price"),
    ],
)  # fmt: skip
def test_what_went_wrong_is_known_by_its_words(text: str, kind: str) -> None:
    assert problem(text) == kind
