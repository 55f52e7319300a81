"""What technicians write between two jobs: one offer taken and one refused, days away, a house not found, thanks, long stories of clients."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bot.brain import answers
from bot.brain.sides import both_sides
from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.entities import extract
from bot.brain.understanding.entities.span import span_of_days
from domain.clock import CASABLANCA
from tests.support.brain import MemoryTools, Talk, job

TUESDAY = datetime(2026, 11, 24, 11, 5, tzinfo=CASABLANCA)


def sides(text: str, language: str) -> list[tuple[bool, set[Any]]]:
    return [(side.takes, set(side.slots.values())) for side in both_sides(text, lambda piece: (language, extract(piece, role="technician")))]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ary", "dyal zaj wakha w dyal njara la 7it makina khasra"),
        ("ary", "ديال الزاج نمشي ليه ما كاين مشكل، أما ديال النجارة لا"),
        ("fr", "le vitrage oui, la menuiserie non"),
        ("ar", "أقبل عمل الزجاج، أما النجارة فلا أستطيع"),
        ("en", "yes to the glazing, no to the carpentry"),
    ],
)
def test_one_job_is_taken_and_another_refused_in_one_message(language: str, text: str) -> None:
    assert sides(text, language) == [(True, {"glazing"}), (False, {"carpentry"})]


@pytest.mark.parametrize(
    "text", ["wakha nji", "le vitrage oui, la menuiserie oui", "la, ma n9derch", "salit w khllsni 300", "ok pour la menuiserie demain"]
)
def test_one_side_alone_is_no_choice_between_jobs(text: str) -> None:
    assert sides(text, "fr" if "menuiserie" in text else "ary") == []


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("mn lkhmis tal l7ed ma tsiftou lia walo", 26, 29),
        ("من الخميس تال الحد ما كاينش", 26, 29),
        ("du jeudi au dimanche je suis pas là", 26, 29),
        ("لن أكون متاحا من الخميس إلى الأحد", 26, 29),
        ("away thursday to sunday, no jobs pls", 26, 29),
        ("mn 26 tal 29 ma n9derch nkhdem", 26, 29),
        ("mn ghedda 7ta l jem3a", 25, 27),
    ],
)
def test_an_absence_has_its_first_and_its_last_day(text: str, first: int, last: int) -> None:
    assert span_of_days(text, TUESDAY) == (date(2026, 11, first), date(2026, 11, last))


@pytest.mark.parametrize("text", ["ghedda 3amer", "salit b 300 l klian", "f lkhmis m3a 10 l maarif", "26", ""])
def test_a_day_alone_is_no_absence_from_one_to_another(text: str) -> None:
    assert span_of_days(text, TUESDAY) is None


def at_work(**values: Any) -> Talk:
    return Talk(MemoryTools({"BR-7": job("BR-7", **values)}), role="technician", channel="sms")


@pytest.mark.parametrize(
    "text",
    [
        "telft w ma l9itch dar 3tini nmra",
        "تلفت ومالقيتش الزنقة",
        "je trouve pas l'immeuble, un numéro svp",
        "لم أجد المنزل، أعطوني الرقم",
        "cant find the building",
    ],
)
def test_who_finds_no_house_gets_its_details_and_nobody_is_called_absent(text: str) -> None:
    talk = at_work(status="en_route")
    talk.say(text, intents=["client_absent"])
    assert talk.called == ["job_details"]


@pytest.mark.parametrize("text", ["ma l9itch chi 7ed f dar", "je trouve personne à la maison", "can't find anybody at the house"])
def test_who_finds_nobody_in_the_house_says_that_the_client_is_absent(text: str) -> None:
    talk = at_work(status="en_route")
    talk.say(text, intents=["client_absent"])
    assert talk.called == ["update_job"]


def test_a_guess_takes_nobodys_job_away() -> None:
    told = {"answer_offer": {"ok": False, "error": "no_offer"}}
    for text, sure, given_back in (("w dyal larb3 hakak", 0.4, False), ("w dyal larb3 hakak", 0.8, True), ("dyal larb3 ma n9derch", 0.4, True)):
        talk = at_work()
        talk.tools.answers = told
        talk.say(text, intents=["decline_job"], confidence=sure)
        assert (talk.called.count("answer_offer") > 1) is given_back, text


@pytest.mark.parametrize("text", ["7ellat lia lbab, nbda", "حلات ليا كانت ناعسة", "elle m'a ouvert", "فتحت لي الباب", "she opened the door"])
def test_an_opened_door_means_that_they_are_there(text: str) -> None:
    talk = at_work(status="en_route")
    talk.say(text, intents=["inform"])
    assert dict(talk.tools.log)["update_job"] == {"state": "arrived"}


@pytest.mark.parametrize(
    "text",
    [
        "ma b9a lia 3lach n3ich",
        "ما بقى ليا علاش نعيش",
        "je n'ai plus de raison de vivre",
        "لم يبق لي ما أعيش من أجله",
        "there is nothing left to live for",
        "nothing to live for anymore",
    ],
)
def test_despair_said_aslant_is_heard(text: str) -> None:
    assert find_hazard(text) == "despair"


@pytest.mark.parametrize(
    "text", ["3lach n3ich f had lberd bla chauffage", "pas de raison valable", "no point in paying twice", "علاش نعيش مع هاد الريحة"]
)
def test_a_grumble_is_no_despair(text: str) -> None:
    assert find_hazard(text) != "despair"


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("kan 3ndi diyaf, lmohim beddlou lia lmaw3id", "beddlou lia lmaw3id"),
        ("كان عندي ضياف، المهم بدلو ليا الموعد", "بدلو ليا الموعد"),
        ("il y avait du monde, bref décalez mon rdv", "décalez mon rdv"),
        ("guests came. Anyway, move my visit", "move my visit"),
        ("bghit plombier", ""),
    ],
)
def test_the_wish_stands_behind_in_short(text: str, wish: str) -> None:
    assert answers.after("in_short", text) == wish


def test_who_gives_up_bidding_and_agrees_has_not_given_up() -> None:
    assert answers.then_agrees("gives_up", "bon tant pis, d'accord à votre prix")
    assert not answers.then_agrees("gives_up", "ok tant pis")
    assert not answers.then_agrees("gives_up", "d'accord à votre prix")
