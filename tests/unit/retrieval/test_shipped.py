"""The search as it is shipped, with the trained encoder; skipped where none was trained yet."""

from __future__ import annotations

import pytest

import retrieval
from domain.engagement.reply import LOCALES
from evals.questions import load
from retrieval import calibration
from retrieval.vectors import fingerprint_of

pytestmark = pytest.mark.skipif(not (retrieval.ENCODER / "encoder.onnx").exists(), reason="no encoder yet: bricol train understanding")


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    return retrieval.prepare(folder=tmp_path_factory.mktemp("index"))[0]


def found(search, question):
    return {passage.topic for passage in search.search(question.text, question.locale, 3)}


def test_the_bar_was_learnt_on_the_shipped_encoder():
    assert calibration.load("hybrid").encoder == fingerprint_of(retrieval.ENCODER), "run: bricol bench knowledge --tune"


def test_questions_of_all_languages_and_scripts_find_their_topic(search):
    own = [question for question in load("test") if question.topic]
    right = [question.topic in found(search, question) for question in own]
    assert sum(right) / len(right) >= 0.85
    for locale in LOCALES:
        there = [ok for ok, question in zip(right, own, strict=True) if question.locale == locale]
        assert sum(there) / len(there) >= 0.75, locale


def test_questions_about_other_things_are_not_answered(search):
    foreign = [question for question in load("test") if not question.topic]
    assert sum(not found(search, question) for question in foreign) / len(foreign) >= 0.85
