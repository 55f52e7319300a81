from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.brain.understanding.entities import extract
from prompts import templates
from prompts.sentences import BadSentences, Sentence, plain

LISTS = "lists:\n  hi: [slm, salam]\n  day: {entity: date, words: {tomorrow: [ghedda, gheda], today: [lyoma]}}\n"


@pytest.fixture(scope="module")
def drawn() -> list[Sentence]:
    return templates.load()


def write(tmp_path: Path, patterns: str, lists: str = LISTS) -> Path:
    (tmp_path / "ary-Latn").mkdir(exist_ok=True)
    (tmp_path / "ary-Latn" / "templates.yaml").write_text(f"{lists}patterns:\n{patterns}", encoding="utf-8")
    return tmp_path


def test_a_message_drawn_carries_what_its_lists_name(tmp_path: Path) -> None:
    folder = write(tmp_path, "- intents: [reschedule]\n  texts:\n  - '[{hi}] bghit (nbeddel|n2ekhher) {day}'\n")
    said = templates.load(folder)
    assert len(said) > 3 and all(s.drawn and s.intents == ("reschedule",) for s in said)
    assert all((s.entities["date"] == "today") == ("lyoma" in s.text) for s in said)
    assert {word for s in said for word in s.text.split()} <= {"slm", "salam", "bghit", "nbeddel", "n2ekhher", "ghedda", "gheda", "lyoma"}


def test_the_same_messages_are_drawn_every_time() -> None:
    assert templates.load() == templates.load()


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        ("- intents: [cancel]\n  texts:\n  - 'bghit (nlghi'\n", "templates.yaml:7: '(' is never closed"),
        ("- intents: [cancel]\n  texts:\n  - 'bghit nlghi'\n  - 'bghit] nlghi'\n", "templates.yaml:8: ']' closes nothing"),
        ("- intents: [cancel]\n  texts: ['(a]']\n", "templates.yaml:6: ']' closes nothing"),
        ("- intents: [cancel]\n  texts: ['a | b']\n", "'|' stands alone"),
        ("- intents: [cancel]\n  texts: ['a {b']\n", "'{' stands alone"),
        ("- intents: [cancel]\n  texts: ['{city}']\n", "unknown list 'city'; one of day, hi"),
        ("- intents: [cancell]\n  texts: [a]\n", "templates.yaml:6: unknown intent 'cancell'"),
        ("- intents: [cancel]\n  each: many\n  texts: [a]\n", "templates.yaml:5: `each` is how many"),
        ("- texts: [a]\n", "templates.yaml:5: patterns that share labels need `intents`"),
        ("- intents: [cancel]\n  service: plumbing\n  texts: [a]\n", "templates.yaml:5: patterns that share labels need"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, patterns: str, said: str) -> None:
    with pytest.raises(BadSentences) as fault:
        templates.load(write(tmp_path, patterns))
    assert said in str(fault.value)


def test_a_list_of_an_unknown_entity_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSentences, match=r"templates.yaml:2: list 'day': unknown entity 'dat'"):
        templates.load(write(tmp_path, "- intents: [cancel]\n  texts: [a]\n", "lists:\n  day: {entity: dat, words: {today: [a]}}\n"))


@given(st.text("ab(){}[]| ", max_size=20))
def test_any_pattern_is_drawn_from_or_refused(pattern: str) -> None:
    known = {"a": templates.Words("", {"": ("x",)})}
    try:
        parts = templates.parse(pattern, known)
    except templates.BadPattern as error:
        assert str(error)
        return
    text, _ = templates.draw(parts, known, random.Random(1))
    assert not set(text) & set("(){}[]|")


def test_the_grammars_read_back_what_the_lists_put_in(drawn: list[Sentence]) -> None:
    """Entities drawn from the lists, found again in the whole message: the grammars know the words our own patterns use."""
    told = missed = 0
    for s in drawn:
        found = extract(s.text, role=s.role, context=s.context, now=None)
        for name, value in s.entities.items():
            if name != "service":
                told += 1
                missed += str(found.get(name, "")).removesuffix(".0") != value
    assert told > 1000
    assert missed / told < 0.03


def test_every_language_draws_each_trade_and_no_message_is_empty(drawn: list[Sentence]) -> None:
    for pair in (("ary", "latn"), ("ary", "arab"), ("fr", "latn"), ("ar", "arab"), ("en", "latn")):
        assert len({s.entities.get("service") for s in drawn if (s.language, s.script) == pair} - {None}) == 17
    assert all(plain(s.text) for s in drawn)
