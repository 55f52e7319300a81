from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import retrieval
from domain.engagement.reply import LOCALES
from domain.rules import MarketRules
from evals.questions import load as asked
from prompts.questions import load as known
from prompts.questions import off_topic
from prompts.sentences import plain
from retrieval.documents import BadDocument, read

NOWHERE = Path("no-encoder-here")


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The search before any encoder was trained."""
    return retrieval.prepare(folder=tmp_path_factory.mktemp("index"), encoder=NOWHERE)[0]


def share(questions, search):
    return sum(any(p.topic == q.topic for p in search.search(q.text, q.locale, 3)) for q in questions) / len(questions)


def test_without_an_encoder_words_alone_answer_most_questions_and_say_so_once(tmp_path, caplog):
    search, synced = retrieval.prepare(folder=tmp_path, encoder=NOWHERE)
    assert synced is None
    assert search.by_words_alone
    assert [record.message for record in caplog.records if "words alone" in record.message and "bricol train understanding" in record.message]
    assert len(caplog.records) == 1
    assert share([q for q in asked("test") if q.topic], search) >= 0.6


def test_words_alone_are_silent_for_most_questions_about_other_things(words):
    foreign = [q for q in asked("test") if not q.topic]
    assert sum(not words.search(q.text, q.locale) for q in foreign) / len(foreign) >= 0.6


def test_a_question_that_the_documents_know_is_found_in_every_locale(words):
    for locale in LOCALES:
        some = [q for q in known() if q.locale == locale][::7]
        assert share(some, words) >= 0.95, locale


def test_every_locale_holds_the_same_topics_and_sections():
    sections = defaultdict(set)
    for s in read():
        sections[s.locale].add(s.key)
    assert set(sections) == set(LOCALES)
    assert len({frozenset(found) for found in sections.values()}) == 1
    assert len(sections["fr"]) >= 60


def test_every_question_belongs_to_a_section_and_every_section_is_asked_for_in_every_locale():
    there = {(s.locale, *s.key) for s in read()}
    asked_for = {(q.locale, q.topic, q.section) for q in known()}
    assert asked_for == there
    assert {("fr", q.topic, q.section) for name in ("test", "tuning") for q in asked(name) if q.topic} <= there


def test_no_test_question_was_learnt_from_or_tuned_on():
    learnt = {plain(q.text) for q in known()} | {plain(text) for _, text in off_topic()}
    tuning = {plain(q.text) for q in asked("tuning")}
    test = {plain(q.text) for q in asked("test")}
    assert test & (learnt | tuning) == set()
    assert tuning & learnt == set()


def test_there_are_enough_questions_to_measure_with():
    test, tuning = asked("test"), asked("tuning")
    assert sum(q.topic is not None for q in test) >= 130
    assert sum(q.topic is None for q in test) >= 60
    assert sum(q.topic is not None for q in tuning) >= 60
    for locale in LOCALES:
        assert sum(q.locale == locale and q.topic is not None for q in test) >= 25, locale


@pytest.mark.parametrize("locale", LOCALES)
def test_the_answer_comes_in_the_asked_locale_whatever_the_question_is_written_in(locale, words):
    found = words.search("quelle est la garantie sur le travail, combien de jours ?", locale, 1)
    assert found[0].topic == "warranty"
    assert f"/{locale}/warranty.md#" in found[0].source
    assert "30" in found[0].text


def test_documents_say_the_markets_own_numbers(tmp_path, words):
    world = MarketRules(late_cancellation_fee_mad=70, commission="0.15")  # type: ignore[arg-type]
    search, _ = retrieval.prepare(world, folder=tmp_path, encoder=NOWHERE)
    assert "70 MAD" in search.search("pénalité si j'annule au dernier moment", "fr", 1)[0].text
    assert "15 %" in search.search("commission", "fr", 1)[0].text
    assert "50 MAD" in words.search("pénalité si j'annule au dernier moment", "fr", 1)[0].text


def test_the_two_hours_that_arabic_inflects_are_still_the_rule():
    assert MarketRules().free_cancellation_until_hours_before == 2, "mend retrieval/documents/{ar,ary-Arab,ary-Latn}/cancellation.md"


def test_sections_are_short_and_hold_no_placeholder():
    for s in read():
        assert "{" not in s.text and "<!--" not in s.text, s.source
        assert 40 <= len(s.text) <= 420, s.source


def test_arabic_documents_are_in_arabic_letters_and_the_others_are_not():
    for s in read():
        arabic = sum("\u0600" <= c <= "\u06ff" for c in s.text)
        assert (arabic > len(s.text) * 0.5) == (s.locale in ("ar", "ary-Arab")), s.source
        if s.locale not in ("ar", "ary-Arab"):
            assert arabic == 0, s.source


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=300), locale=st.sampled_from(LOCALES), k=st.integers(1, 5))
def test_any_text_is_searched_without_an_error(words, query, locale, k):
    found = words.search(query, locale, k)
    assert len(found) <= k
    assert all(0 <= p.score <= 1 for p in found)
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert len({(p.topic, p.source) for p in found}) == len(found)


def test_a_document_without_its_heading_id_says_where(tmp_path):
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "x.md").write_text("# X\n\n## Sans id\nTexte.\n")
    with pytest.raises(BadDocument, match=r"x\.md.*Sans id"):
        read(tmp_path)


def test_a_document_with_an_unknown_number_says_which(tmp_path):
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "x.md").write_text("# X\n\n## A {#a}\nPrix {prix}.\n")
    with pytest.raises(BadDocument, match="prix"):
        read(tmp_path)
