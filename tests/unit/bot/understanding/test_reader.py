from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.brain.understanding import Understander, load
from bot.brain.understanding.reader import NoArtefact, choose
from prompts.sentences import names


@pytest.fixture(scope="module")
def reader() -> Understander:
    return load()


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=200), context=st.none() | st.text(max_size=80), role=st.sampled_from(["client", "technician"]))
def test_any_text_gives_a_record_of_the_contract(reader: Understander, text: str, context: str | None, role: str) -> None:
    read = reader.understand(text, role=role, context=context)  # type: ignore[arg-type]
    assert read.intents and set(read.intents) <= set(names()[f"{role}_intents"])
    assert read.language in ("ary", "fr", "ar", "en") and read.script in ("latn", "arab")
    assert (read.language in ("ary", "ar")) if read.script == "arab" else (read.language != "ar")
    assert 0 <= read.confidence <= 1
    assert read.urgency in names()["urgency"] and read.sentiment in names()["sentiment"]


@pytest.mark.parametrize("text", ["", " ", "\x00\x1b[31m", "😀" * 50, "\u202eabc", "a" * 10_000, "ا" * 10_000, "{}[]<ref>", "1" * 400])
def test_strange_messages_are_answered_like_any_other(reader: Understander, text: str) -> None:
    assert reader.understand(text).intents


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("bghit chi plombier ghedda f sbah", "ary", "latn"),
        ("بغيت شي تريسيان دابا عافاكم", "ary", "arab"),
        ("أود إصلاح المكيف في منزلي غدا صباحا", "ar", "arab"),
        ("je voudrais un plombier demain matin", "fr", "latn"),
        ("I would like a plumber tomorrow morning", "en", "latn"),
    ],
)
def test_language_and_script_are_told_apart(reader: Understander, text: str, language: str, script: str) -> None:
    read = reader.understand(text)
    assert (read.language, read.script) == (language, script)


def test_a_message_without_letters_takes_the_language_of_what_we_said(reader: Understander) -> None:
    assert reader.understand("4", context="Combien de pièces à peindre ?").language == "fr"
    assert reader.understand("٤", context="شحال من بيت بغيتي تصبغ؟").script == "arab"


def test_the_same_answer_means_what_the_question_makes_of_it(reader: Understander) -> None:
    offer = "Offre BR-2230: fuite, Agdal, demain 10:00. Repondez 1=accepter 2=refuser"
    where = "BR-2230: où en êtes-vous ? 1=en route 2=arrivé 3=retard"
    assert reader.understand("2", role="technician", context=offer).main == "decline_job"
    assert reader.understand("2", role="technician", context=where).main == "arrived"


def test_wanting_no_cancellation_is_not_a_cancellation(reader: Understander) -> None:
    for text in ("ma bghitch nlghi rdv ghir nakhro l nhar akhor", "je ne veux pas annuler, juste changer l'heure", "ما بغيتش نلغي غير نأخر الموعد"):
        assert "cancel" not in reader.understand(text).intents


def test_danger_is_an_emergency_in_every_language(reader: Understander) -> None:
    for text in ("kayna ri7t lgaz f dar", "ça sent le gaz chez moi", "كاينة ريحة الغاز فالدار", "هناك رائحة غاز في البيت", "I can smell gas"):
        read = reader.understand(text)
        assert read.danger and read.urgency == "emergency"


def test_courtesy_goes_when_a_request_stands() -> None:
    assert choose({"greet": 0.5, "cancel": 0.45, "track": 0.05}, 0.8) == ("cancel",)
    assert choose({"greet": 0.9, "cancel": 0.05}, 0.8) == ("greet",)
    assert choose({"complain": 0.5, "track": 0.45}, 0.8) == ("complain", "track")


def test_a_missing_artefact_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoArtefact, match="bricol train understanding"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("ours", "text", "language"),
    [
        ("Quel jour vous convient ?", "wakha ghir ila jah 7ta l3chiya 7it khddama", "ary"),
        ("Pouvez-vous préciser le problème ?", "lma kaykherrej mn te7t lmaghsla w ma bghach ywqef", "ary"),
        ("Ina nhar ynasbek?", "plutôt vendredi si c'est possible, je travaille jeudi", "fr"),
        ("3tina tafasil 3la lmochkil 3afak", "le chauffe-eau s'allume puis s'éteint tout seul", "fr"),
    ],
)
def test_who_answers_in_another_language_than_ours_is_heard_in_it(ours: str, text: str, language: str) -> None:
    assert load().understand(text, context=ours).language == language
