from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from sqlalchemy import select

from bot.brain.understanding.danger import find_hazard, names_a_number
from domain.engagement.reply import LOCALES
from domain.store.tables import Escalation
from prompts import replies
from tests.support import brains
from tests.support.brains import llm, own, wish

DANGERS = {
    "gas": [
        "3afak kayna ri7et lgaz f dar kamla",
        "ana chemmit lgaz f lcuisine",
        "lbouta katsreb",
        "ça sent le gaz chez ma mère",
        "forte odeur de gaz dans l'escalier",
        "j'entends une fuite de gaz",
        "ريحة ديال الغاز قوية فالكوزينة",
        "البوطة كتسرب عندي",
        "هناك رائحة غاز قوية",
        "أظن أن هناك تسرب غاز",
        "there's a strong smell of gas",
        "gas is leaking under the sink",
    ],
    "electric": [
        "chrar kaykhrej mn tableau",
        "drebni dow mli 9est lmachine",
        "ri7t l7ri9 jaya mn la prise",
        "la prise fait des étincelles",
        "odeur de brûlé dans le tableau",
        "j'ai pris une décharge électrique",
        "الشرار كيطير من البريز",
        "ضربني الضو فالحمام",
        "رائحة احتراق من المقبس",
        "the outlet is sparking",
        "I got an electric shock from the shower",
        "burning smell near the wires",
    ],
    "water": [
        "lma wsel l la prise",
        "lma kay9etter fo9 tableau d dow",
        "l'eau coule sur la prise",
        "le plafond goutte sur le compteur électrique",
        "الما كيسيل فوق البريز",
        "الماء يتسرب قرب لوحة الكهرباء",
        "water is dripping on the socket",
    ],
    "locked": [
        "benti msdouda f l7mmam bo7dha",
        "bebe b9a m7bous f lbit",
        "ma fille est enfermée dans les toilettes",
        "mon père est bloqué dans l'ascenseur",
        "بنتي مسدودة فالحمام",
        "الطفل عالق داخل الغرفة",
        "my baby is locked inside the room",
        "we are stuck in the elevator",
    ],
    "fire": [
        "3afya f tableau d dow!!",
        "il y a le feu dans le garage",
        "العافية شعلات فالكوزينة",
        "هناك حريق في المطبخ",
        "there is a fire in the kitchen",
        "de la fumée sort de la prise",
    ],
    "hurt": ["weldi majrou7 w dem bzaf", "ma femme est tombée, elle saigne", "امي سخفات", "my husband is bleeding"],
    "flood": [
        "dar ghar9at b lma w ma bghach y7bes",
        "la cuisine est inondée",
        "الدار غرقات بالما",
        "المنزل غارق بالماء",
        "our apartment is flooding and I can't stop the water",
    ],
}
PEACE = [
    "slm, lavabo kaysil",
    "makaynach ri7t lgaz, gha robinet kaysil",
    "bghit nbeddel lbota d lgaz ch7al",
    "hadak nhar kant ri7t lgaz w tsle7at",
    "pas d'odeur de gaz, juste le chauffe-eau en panne",
    "il y a eu une odeur de gaz la semaine dernière, c'est réparé",
    "ma porte d'entrée est bloquée, je suis dehors",
    "je cherche un électricien pour poser une prise",
    "لا توجد رائحة غاز",
    "بغيت نركب بريز جديدة",
    "الباب ديال الكراج ما كيتحلش",
    "I need a plumber for my kitchen sink",
    "the light in the living room does not turn on",
    "no gas smell, just no hot water",
    "chokran, m3a 15:00 mzyan",
    "ok",
    "",
    "1",
]


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in DANGERS.items() for text in texts])
def test_danger_is_found_in_every_language(kind, text):
    assert find_hazard(text) is not None


@pytest.mark.parametrize("text", PEACE)
def test_no_danger_in_everyday_messages(text):
    assert find_hazard(text) is None


@given(st.text(max_size=500))
def test_any_text_is_read_without_an_error(text):
    find_hazard(text)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", [*DANGERS, "other"])
def test_every_advice_names_whom_to_call(kind, locale):
    advice = replies.render(f"safety.{kind}", locale)
    assert names_a_number(advice)
    assert "150" in advice or "141" in advice


@pytest.mark.parametrize("text", ["ghedda m3a 15, 3eyyet liya", "taman 150 dh", "appelez-moi à 15:00", "150 DH, je vous appelle", "الثمن 150 درهم"])
def test_a_price_or_an_hour_is_no_emergency_number(text):
    assert not names_a_number(text)


def escalations(market):
    with market.db.transaction() as session:
        return session.scalars(select(Escalation)).all()


@pytest.mark.parametrize("brain", [llm(own("Wakha, imta bghiti?")), llm("Quel jour vous convient ?")])
def test_advice_opens_the_reply_and_a_person_is_called_whatever_the_brain_says(market, brain):
    agent = brains.agent(market, brain)
    turn = agent.run([], HumanMessage("kayna ri7t lgaz f dar"), brains.context(market))
    assert turn.reply.text.startswith(replies.render("safety.gas", turn.reply.locale))
    assert [(e.reason, e.priority) for e in escalations(market)] == [("danger", "urgent")]
    assert [(c["tool"], c["ok"]) for c in turn.calls] == [("escalate_to_human", True)]


def test_the_call_for_help_stands_in_the_transcript_before_the_reply(market):
    turn = brains.agent(market, llm(own("Ok"))).run([], HumanMessage("lgaz kayhreb"), brains.context(market))
    assert [type(m) for m in turn.messages] == [HumanMessage, AIMessage, ToolMessage, AIMessage]
    assert turn.messages[1].tool_calls[0]["id"] == turn.messages[2].tool_call_id
    assert json.loads(turn.messages[2].content)["ok"]


def test_a_reply_that_already_says_whom_to_call_is_left_as_it_is(market):
    said = "Khorjo w 3eyyto l pompiers 15, wla 150 mn portable."
    turn = brains.agent(market, llm(own(said))).run([], HumanMessage("lgaz kayhreb"), brains.context(market))
    assert turn.reply.text == said


def test_a_brain_that_escalated_itself_is_not_doubled(market):
    brain = llm(wish("escalate_to_human", reason="danger", priority="urgent"), own("Khorjo, 3eyyto l pompiers 15."))
    turn = brains.agent(market, brain).run([], HumanMessage("lgaz kayhreb"), brains.context(market))
    assert len(turn.calls) == 1
    assert len(escalations(market)) == 1


def test_the_same_turn_played_again_calls_for_help_once(market):
    agent = brains.agent(market, llm(own("Ok")))
    for _ in range(2):
        agent.run([], HumanMessage("lgaz kayhreb"), brains.context(market))
    assert len(escalations(market)) == 1


def test_what_only_the_reader_sees_as_danger_counts_too(market):
    agent = brains.agent(market, llm(own("Ok")), ears=brains.Ears(danger=True))
    turn = agent.run([], HumanMessage("zerbo 3afakom"), brains.context(market))
    assert turn.reply.text.startswith(replies.render("safety.other", "ary-Latn"))


def test_advice_comes_in_the_persons_script(market):
    turn = brains.agent(market, llm("...")).run([], HumanMessage("كنشم ريحة الغاز فالدار كاملة"), brains.context(market))
    assert turn.reply.text.startswith(replies.render("safety.gas", "ary-Arab"))


def test_an_anonymous_visitor_and_a_technician_are_helped_as_well(market):
    for who in (
        brains.context(market, conversation_id=3, person_id=None, phone=None, verified=False, channel="web", turn_key="web:1"),
        brains.context(market, conversation_id=4, role="technician", person_id=1, channel="sms", turn_key="sms:1"),
    ):
        turn = brains.agent(market, llm(own("Ok"))).run([], HumanMessage("kayna ri7t lgaz"), who)
        assert names_a_number(turn.reply.text)
    assert len(escalations(market)) == 2


def test_when_no_brain_answers_advice_and_escalation_still_happen(market):
    turn = brains.agent(market, llm(ConnectionError("x")), llm(ValueError("bug"))).run([], HumanMessage("chrar f lpriz"), brains.context(market))
    assert names_a_number(turn.reply.text)
    assert len(escalations(market)) == 1


def test_no_danger_no_advice(market):
    turn = brains.agent(market, llm(own("Wakha"))).run([], HumanMessage("lavabo kaysil"), brains.context(market))
    assert turn.reply.text == "Wakha"
    assert escalations(market) == []
