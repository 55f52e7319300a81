from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from bot.middleware.mirror import written_in
from domain.store.tables import Client
from tests.support import brains
from tests.support.brains import llm, own, tool, wish

WORDS = {
    "ary-Latn": "Wakha, ghadi nsewel lm3allem w njawbek daba, imta bghiti yji l dar?",
    "ary-Arab": "واخا، غادي نسول المعلم ونجاوبك دابا، وقتاش بغيتي يجي للدار؟",
    "fr": "Très bien, je demande au technicien et je vous réponds, quel jour vous convient ?",
    "ar": "حسناً، سوف أسأل الفني ثم أجيبكم، متى تريدون أن يأتي إلى المنزل؟",
    "en": "Sure, I will ask the technician and tell you, when would you like him to come?",
}
ASKED = {
    "ary-Latn": "slm bghit chi plombier 3afak l dar",
    "ary-Arab": "سلام بغيت شي بلومبي عافاك للدار",
    "fr": "bonjour je cherche un plombier pour la maison",
    "ar": "مرحبا أريد سباكاً إلى المنزل على وجه السرعة",
    "en": "hello i need a plumber for the house please",
}


class Wrong(brains.Ears):
    """A reader that mistakes every language."""

    def understand(self, text, **more):
        return brains.Understanding(language="en", script="latn", intents=("inform",))


@pytest.fixture
def market():
    found = brains.market()
    yield found
    found.db.close()


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("answered", WORDS)
def test_a_language_model_answers_in_the_persons_language_and_script_or_not_at_all(market, asked, answered):
    turn = brains.agent(market, llm(WORDS[answered]), llm(own("Embedded"))).run([], HumanMessage(ASKED[asked]), brains.context(market))
    assert turn.reply.text == (WORDS[answered] if asked == answered else "Embedded")
    if asked == answered:
        assert turn.reply.locale == asked


def test_a_model_that_slips_once_is_told_the_language_and_heard(market):
    model = llm(WORDS["fr"], WORDS["ary-Latn"])
    turn = brains.agent(market, model).run([], HumanMessage(ASKED["ary-Latn"]), brains.context(market))
    assert turn.reply.text == WORDS["ary-Latn"]
    assert "Arabizi" in model.seen[1][-1].content


@pytest.mark.parametrize("locale", WORDS)
def test_a_reader_that_errs_alone_does_not_refuse_a_right_reply(locale):
    assert written_in(WORDS[locale], locale, Wrong())


@pytest.mark.parametrize(
    ("text", "locale"),
    [("Ahmed, 300 dh", "fr"), ("BR-1042", "ary-Arab"), ("ok", "ary-Latn"), ("+212661000001", "ar"), ("10:30", "en"), ("أحمد، 300 درهم", "ar")],
)
def test_names_numbers_and_short_words_belong_to_every_language_of_their_script(text, locale):
    assert written_in(text, locale, brains.Ears())


def test_a_pinned_language_wins_over_how_the_person_writes(market):
    with market.db.transaction() as session:
        session.get_one(Client, 1).language_pinned = True
    agent = brains.agent(market, llm(WORDS["fr"]), llm(own("Embedded")))
    turn = agent.run([], HumanMessage(ASKED["ary-Latn"]), brains.context(market, language="fr", script="latn"))
    assert turn.reply.text == WORDS["fr"]
    assert turn.reply.locale == "fr"


def test_a_language_asked_for_in_this_turn_counts_at_once(market):
    change = tool("set_language", {"ok": True, "language": "fr", "script": "latn"})
    agent = brains.agent(market, llm(wish("set_language", language="fr", script="latn"), WORDS["fr"]), llm(own("Embedded")), tools=[change])
    turn = agent.run([], HumanMessage("hder m3aya b français 3afak dima"), brains.context(market))
    assert turn.reply.text == WORDS["fr"]


@pytest.mark.parametrize("short", ["ok", "oui", "1", "👍", "BR-1042", ""])
def test_a_few_letters_do_not_change_the_language_of_the_conversation(market, short):
    agent = brains.agent(market, llm(WORDS["ary-Latn"]), llm(own("Embedded")), ears=brains.Ears(language="fr"))
    turn = agent.run([], HumanMessage(short), brains.context(market))
    # the fixed reader hears French everywhere; function words save the reply, the conversation stays Darija
    assert turn.reply.text == WORDS["ary-Latn"]
    assert turn.reply.locale == "ary-Latn"


def test_a_short_answer_in_the_other_script_changes_the_script(market):
    agent = brains.agent(market, llm(WORDS["ary-Arab"]), llm(own("Embedded")))
    assert agent.run([], HumanMessage("واخا"), brains.context(market)).reply.locale == "ary-Arab"
