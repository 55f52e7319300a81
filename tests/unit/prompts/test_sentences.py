from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompts.sentences import FOLDER, BadSentences, Sentence, fingerprint, load, names, plain

DEV = Path(__file__).parents[4] / "shared" / "understanding" / "dev.jsonl"


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return load()


def write(tmp_path: Path, text: str, locale: str = "fr", name: str = "cancel.yaml") -> Path:
    (tmp_path / locale).mkdir(exist_ok=True)
    (tmp_path / locale / name).write_text(text, encoding="utf-8")
    (tmp_path / "defaults.yaml").write_text("complain: {sentiment: negative}\n", encoding="utf-8")
    return tmp_path


def test_every_intent_of_both_roles_has_sentences_in_darija_and_french(sentences: list[Sentence]) -> None:
    have = {(s.language, s.script, s.role, intent) for s in sentences for intent in s.intents}
    for role in ("client", "technician"):
        for intent in names()[f"{role}_intents"]:
            for language, script in (("ary", "latn"), ("ary", "arab"), ("fr", "latn")):
                assert (language, script, role, intent) in have


def test_every_service_is_asked_for_in_every_language_and_script(sentences: list[Sentence]) -> None:
    have = {(s.language, s.script, s.entities.get("service")) for s in sentences if "book_service" in s.intents}
    for service in names()["services"]:
        for pair in (("ary", "latn"), ("ary", "arab"), ("fr", "latn"), ("ar", "arab"), ("en", "latn")):
            assert (*pair, service) in have


@pytest.mark.skipif(not DEV.is_file(), reason="the validation sample lies beside the checkout and is not here")
def test_nothing_is_taken_from_the_validation_sample(sentences: list[Sentence]) -> None:
    """No row stands here; of texts with three words or more not even the words alone (a bare "oui" belongs to everybody)."""
    rows = [json.loads(line) for line in DEV.read_text(encoding="utf-8").splitlines()]
    whole = {(r["role"], plain(r["text"]), plain(r["context"] or "")) for r in rows if plain(r["text"])}
    words = {plain(r["text"]) for r in rows if len(plain(r["text"]).split()) >= 3}
    assert not [s.where for s in sentences if (s.role, plain(s.text), plain(s.context or "")) in whole or plain(s.text) in words]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- oui\n- {text: non, urgency: soon}\n", "fr/cancel.yaml:2: unknown urgency 'soon'"),
        ("- oui\n\n- text: non\n  intents: [cancell]\n", "fr/cancel.yaml:3: unknown intent 'cancell'"),
        ("- service: plombing\n  say:\n  - oui\n", "fr/cancel.yaml:3: unknown service 'plombing'"),
        ("- txt: oui\n", "fr/cancel.yaml:1: an entry is a text, or a mapping"),
        ("- text: oui\n  mood: bad\n", "fr/cancel.yaml:1: unknown key mood"),
        ("- oui\n- Oui\n", "fr/cancel.yaml:2: 'Oui' is already in fr/cancel.yaml:1"),
        ("- text: a\n  text: b\n", "fr/cancel.yaml:1: a key is written twice"),
        ("- oui: non: peut-être\n", "fr/cancel.yaml:1: not YAML"),
        ("oui\n", "fr/cancel.yaml:1: must be a list"),
        ("- ''\n", "fr/cancel.yaml:1: empty text"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSentences) as fault:
        load(write(tmp_path, text))
    assert said in str(fault.value)


def test_words_yaml_would_read_as_something_else_stay_words(tmp_path: Path) -> None:
    assert [s.text for s in load(write(tmp_path, "- no\n- 1\n- on\n- 06 61\n- null\n"))] == ["no", "1", "on", "06 61", "null"]


def test_an_emergency_is_a_danger_and_an_intent_has_its_usual_sentiment(tmp_path: Path) -> None:
    one, two = load(write(tmp_path, "- {text: nul, urgency: emergency}\n- {text: bof, sentiment: neutral}\n", name="complain.yaml"))
    assert (one.danger, one.sentiment, one.intents) == (True, "negative", ("complain",))
    assert (two.danger, two.sentiment) == (False, "neutral")


def test_texts_of_a_block_take_the_contexts_in_turn(tmp_path: Path) -> None:
    said = load(write(tmp_path, "- context: [a, b]\n  say: [un, deux, trois]\n"))
    assert [s.context for s in said] == ["a", "b", "a"]
    assert len({s.group for s in said}) == 1


def test_the_fingerprint_changes_with_any_sentence(tmp_path: Path) -> None:
    first = fingerprint(write(tmp_path, "- oui\n"))
    assert fingerprint(write(tmp_path, "- oui\n")) == first
    assert fingerprint(write(tmp_path, "- non\n")) != first
    assert len(fingerprint(FOLDER)) == 16
