"""What is told beside a wish: why a day is none, whom to call at the door, a story around a question; and what no such word agrees to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.brain import answers, asides, cues, orders
from bot.brain.act import Call, Say
from bot.brain.flows.knowledge import amid_a_story, faq
from bot.brain.flows.refund import refund
from bot.brain.hear import Heard
from bot.brain.route import plan
from bot.brain.scene import Scene
from bot.brain.state import State
from bot.brain.understanding.base import Understanding
from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.entities import extract

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Africa/Casablanca"))


def read(*intents: str, sure: float = 0.9, **entities: Any) -> Understanding:
    return Understanding("fr", "latn", intents, entities, confidence=sure, scores={intents[0]: sure})


@pytest.mark.parametrize(
    "text",
    [
        "3ndi reunion ghda. momkin nkhliwha l jm3a?", "ghda 3ndi tbib, nhar jm3a nefs lwe9t", "عندي اجتماع غدا، ممكن الجمعة بنفس الوقت؟",
        "أنا مسافر غدا، هل يمكن يوم الجمعة؟", "j'ai une réunion demain, vendredi même heure ?", "je travaille demain, vous pouvez vendredi ?",
        "i have a meeting tomorrow, can it be friday?", "i'm away tomorrow and thursday, so friday then?",
    ],
)  # fmt: skip
def test_the_day_on_which_something_else_is_gives_way_to_another(text: str) -> None:
    assert extract(text, role="client", now=NOW)["date"] == "weekday:fri"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3ndi reunion ghda", "tomorrow"), ("demain ou vendredi", "tomorrow"), ("j'ai une réunion vendredi, demain ?", "tomorrow"),
        ("my doctor's heater broke, tomorrow please, not friday", "tomorrow"),
    ],
)  # fmt: skip
def test_the_only_day_left_is_the_day(text: str, day: str) -> None:
    assert extract(text, role="client", now=NOW)["date"] == day


def test_the_day_a_technician_is_away_is_the_day_he_speaks_of() -> None:
    assert extract("ghedda 3ndi tbib, lkhmis khdam", role="technician", now=NOW)["date"] == "tomorrow"


def test_only_now_did_i_see_is_no_wish_to_have_it_now() -> None:
    assert "time" not in extract("daba 3ad bano lia, diroha ljm3a", role="client", now=NOW)
    assert extract("ajiw daba 3afakom", role="client", now=NOW)["time"] == "now"


@pytest.mark.parametrize(
    "text",
    [
        "الواليدة ما كتسمعش مزيان",
        "mama ma katsme3ch mzyan",
        "elle n'entend pas bien",
        "she does not hear well, the bell is not great",
        "أمي لا تسمع جيد",
    ],
)
def test_an_adverb_of_what_is_denied_agrees_to_nothing(text: str) -> None:
    assert not answers.agrees(text)


@pytest.mark.parametrize(
    "text", ["mzyan", "wakha, mama ma katsme3ch mzyan", "machi mochkil", "c'est bien", "oui, elle n'entend pas bien", "واخا", "great"]
)
def test_a_yes_beside_it_still_agrees(text: str) -> None:
    assert answers.agrees(text)


@pytest.mark.parametrize(
    "text",
    [
        "mli kan7ell robini kan7es b daw kay9resni chwiya", "لما كنقيس الماكينة الضو كيقرصني", "quand je touche le robinet ça me picote un peu",
        "j'ai pris un coup de jus en touchant la machine", "I feel a slight tingle when I touch the tap", "أشعر بوخز كهربائي عند لمس صنبور الحمام",
    ],
)  # fmt: skip
def test_a_tap_that_only_tingles_is_a_danger(text: str) -> None:
    assert find_hazard(text) == "electric"


@pytest.mark.parametrize(
    "text", ["une machine à laver prend du jus ?", "the price was a small shock", "les moustiques me piquent", "الصنبور يقطر", "9ersi lia lplace"]
)
def test_what_sounds_near_it_is_none(text: str) -> None:
    assert find_hazard(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "3iyto l khouya 9bel ma yji lm3allem", "عيطو للكاري قبل ما يوصل", "appelez ma voisine avant qu'il arrive", "call my brother before he comes",
        "اتصلوا بالحارس قبل أن يصل", "mat3iytoch liha, bghitha surprise", "ne l'appelez pas, c'est une surprise", "please don't call her",
        "ما تعيطوش ليها", "لا تتصلوا بها من فضلكم",
    ],
)  # fmt: skip
def test_whom_to_call_and_whom_not_is_a_word_for_the_visit(text: str) -> None:
    assert plan(State(), Heard(text, read("ask_human"))).flows == ("note",)


def test_somebody_elses_number_goes_to_who_comes_and_ones_own_does_not() -> None:
    phone = {"phone": "+212661223344"}
    assert plan(State(), Heard("0661223344 smiyto Youssef", read("ask_human"), phone)).flows == ("note",)
    assert plan(State(), Heard("3iyto lia f 0661223344", read("ask_human"), phone)).flows == ("human",)


def ran(flow: Any, scene: Any, *results: dict[str, Any]) -> tuple[list[Call], Say]:
    """The calls a flow makes, each answered by the next result, and what it says."""
    calls: list[Call] = []
    steps, answer = flow(scene), None
    try:
        for result in (*results, {}):
            calls.append(next(steps) if answer is None else steps.send(answer))
            answer = result
    except StopIteration as end:
        return calls, end.value
    raise AssertionError(f"{[c.tool for c in calls]} and goes on")


def scene_of(text: str, state: State, *intents: str) -> Scene:
    return Scene(state, Heard(text, read(*intents)), {}, "fr", NOW, frozenset(), before=state)


def test_money_asked_back_right_after_a_complaint_of_the_same_job_goes_to_a_person() -> None:
    done = {"ref": "BR-7", "status": "done", "paid_mad": 0}
    state = State(flow="offer_human", awaiting="confirm", key="escalation.offer_human", ref="BR-7", change={"ref": "BR-7"})
    listed = {"ok": True, "bookings": [done]}
    refused = {"ok": False, "error": "not_refundable", "rule": "done", "needs_human": True}
    calls, said = ran(refund, scene_of("je veux la différence", state, "request_refund"), listed, refused, {"ok": True, "escalation_id": 1})
    assert calls[-1].tool == "escalate_to_human" and calls[-1].args["ref"] == "BR-7" and said.key == "refund.dispute"
    before = State(ref="BR-7", change={"ref": "BR-7"})
    assert ran(refund, scene_of("je veux la différence", before, "request_refund"), listed, refused)[1].key == "refund.not_due"
    assert plan(state, Heard("je veux la différence", read("request_refund"))).behind == ()  # and the offer of a person is not made again


def test_an_offer_of_a_person_taken_in_their_own_words_is_that_offer() -> None:
    state = State(flow="offer_human", awaiting="confirm", key="escalation.offer_human")
    assert plan(state, Heard("oui passez moi quelqu'un de chez vous", read("ask_human"))).flows == ("offer_human",)


def test_how_long_the_colleague_takes_is_no_question_of_rules() -> None:
    called = State(key="escalation.human")
    for text in ("ch7al khassni ntsenna?", "فوقاش غادي يعيط؟", "dans combien de temps ?", "how long will it take?", "متى سيتصل بي؟"):
        assert plan(called, Heard(text, read("ask_faq"))).flows == ("human",)
        assert plan(State(), Heard(text, read("ask_faq"))).flows == ("faq",)


def test_a_photo_of_what_was_complained_of_is_received() -> None:
    photo = Heard("ha hiya", read("greet"), kinds=frozenset({"photo"}))
    assert plan(State(key="escalation.damage"), photo).flows == ("photo",)
    assert plan(State(key="common.fine"), photo).flows != ("photo",)


def test_amid_a_danger_nothing_else_is_answered() -> None:
    waiting = State(flow="danger", awaiting="place", key="escalation.danger_where", alarmed=True)
    for intent in ("ask_faq", "track", "ask_price"):
        assert plan(waiting, Heard("wach ydkhlo drari?", read(intent))).flows == ("danger",)


def test_a_question_amid_a_story_is_looked_up_without_it() -> None:
    assert amid_a_story("Je suis locataire, le chauffe-eau est mort. Vous faites une facture à son nom ?") == "Vous faites une facture à son nom ?"
    assert amid_a_story("Vous faites une facture ?") is None and amid_a_story("Il fuit. C'est normal ?") is None


def test_a_short_question_leans_on_what_was_just_spoken_of() -> None:
    asked = scene_of("et ça prend combien ?", State(key="refund.statuses"), "ask_faq")
    other = {"ok": True, "passages": [{"topic": "hours", "text": "Du lundi au samedi.", "score": 0.8}]}
    meant = {"ok": True, "passages": [{"topic": "refunds", "text": "Quelques jours.", "score": 0.7}]}
    calls, said = ran(faq, asked, other, meant)
    assert calls[1].args["topic"] == "refunds" and said.params["text"] == "Quelques jours."
    unlike = {"ok": True, "passages": [{"topic": "refunds", "text": "Quelques jours.", "score": 0.2}]}
    assert ran(faq, asked, other, unlike)[1].params["text"] == "Du lundi au samedi."


@pytest.mark.parametrize(
    "text",
    [
        "passez moi quelqu'un pour réparer la clim",
        "douzo lia chi wa7ed ysle7 la clim",
        "دوزو ليا شي واحد يصلح الكليم",
        "put me with someone to fix the AC",
    ],
)
def test_somebody_to_mend_it_is_a_technician_unless_a_complaint_is_heard(text: str) -> None:
    asked = read("ask_human", service="hvac")
    assert orders.settled(asked, text).main == "book_service"
    assert orders.settled(asked, text, of_trouble=True).main == "ask_human"
    assert orders.settled(asked, "je veux parler à un humain pour réparer la clim").main == "ask_human"


@pytest.mark.parametrize(
    "text",
    [
        "mraya dyal larmoire therrsat lihom f droj w mchaw bla ma yhedro", "المراية تهرسات ليهم ف الدروج ومشاو بلا ما يقولو والو",
        "le miroir s'est cassé dans l'escalier et ils sont partis sans rien dire", "the mirror broke on the stairs and they left without a word",
        "المرآة كسر زجاجها وقد غادروا دون كلمة",
    ],
)  # fmt: skip
def test_what_broke_before_they_left_was_broken_by_them(text: str) -> None:
    assert cues.corrected(read("book_service"), text).main == "report_damage"


def test_how_any_price_is_made_needs_no_job() -> None:
    for text in ("déplacement compris ?", "déplacement m7soub?", "الديبلاصمون محسوب؟", "is travel included?", "هل التنقل محسوب؟"):
        assert orders.has("of_any_price", text)
    assert not asides.has("how_long", "ch7al taman?") and not orders.has("of_any_price", "ch7al taman?")


def test_another_hour_for_the_trade_just_booked_moves_that_visit_and_another_one_is_booked() -> None:
    booked = State(key="booking.sent", ref="BR-3", last={"service": "painting"})
    order = read("book_service")
    at = {"service": "painting", "time": "09:00", "date": "2026-11-26"}
    for text in ("the painter thursday at 9", "le peintre jeudi à 9h", "sebbagh nhar lkhmis f 9", "الصباغ نهار الخميس ف 9", "الصباغ يوم الخميس في 9"):
        assert plan(booked, Heard(text, order, at)).flows == ("reschedule",)
    assert plan(booked, Heard("I want another painter thursday at 9", order, at)).flows == ("booking",)
    assert plan(booked, Heard("the plumber thursday at 9", order, {**at, "service": "plumbing"})).flows == ("booking",)
    assert plan(booked, Heard("the painter thursday at 9", order, {**at, "city": "rabat"})).flows == ("booking",)
