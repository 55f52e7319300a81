from __future__ import annotations

import pytest

from domain.engagement.reply import LOCALES
from prompts.questions import BadQuestions, load


def folder_with(tmp_path, text):
    for locale in LOCALES:
        (tmp_path / f"{locale}.yaml").write_text("")
    (tmp_path / "fr.yaml").write_text(text)
    return tmp_path


def test_a_question_knows_its_language_script_and_section(tmp_path):
    (found,) = load(folder_with(tmp_path, "hours:\n  visits: ['vous venez le soir ?']\n"))
    assert (found.text, found.language, found.script, found.topic, found.section) == ("vous venez le soir ?", "fr", "latn", "hours", "visits")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hours:\n  visits: ['a ?', 'b ?', 'A ?']\n", r"visits.*'A \?' stands already"),
        ("hours:\n  visits: [12]\n", "12 is no question"),
        ("hours:\n  visits: quand ?\n", "must be a list"),
        ("hours: [quand]\n", "name the sections"),
        ("- quand ?\n", "topic -> section"),
        ("hours:\n  visits: ['quand ?]\n", "put each question between quotes"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path, text, told):
    with pytest.raises(BadQuestions, match=told):
        load(folder_with(tmp_path, text))


def test_a_missing_locale_is_named(tmp_path):
    folder_with(tmp_path, "")
    (tmp_path / "ar.yaml").unlink()
    with pytest.raises(BadQuestions, match=r"ar\.yaml is missing"):
        load(tmp_path)
