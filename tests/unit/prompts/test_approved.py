"""Templates for after 24 hours obey the provider's rules in every language, and are made of the same words as the notices."""

from __future__ import annotations

import re

import pytest

from domain.engagement.reply import LOCALES
from prompts import approved, commands, replies

ALL = approved.everything()


def test_each_template_has_one_name_and_language_of_its_own() -> None:
    assert len({(t.name, t.language) for t in ALL}) == len(ALL) >= 5 * 15
    assert all(re.fullmatch(r"[a-z0-9_]{1,512}", t.name) for t in ALL)


@pytest.mark.parametrize("template", ALL, ids=lambda t: f"{t.name}-{t.language}")
def test_a_body_neither_begins_nor_ends_with_a_variable_nor_has_two_side_by_side(template: approved.Template) -> None:
    assert not re.search(r"^\{|\}$|\}\s*\{", template.body), template.body
    assert len(template.body) <= approved.LONGEST_BODY
    assert all(0 < len(title) <= 25 for title in template.buttons)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_notice_whose_values_are_known_fills_its_template(locale: str) -> None:
    words = {"service": "plomberie", "technician": "Ahmed", "when": "10:00", "ref": "BR-1", "place": "Maârif", "price": "300 dh"}
    found = approved.find("notices.reminder", locale)
    assert found is not None
    values = found.values(words)
    assert values is not None
    assert found.body.format(**values).endswith(replies.entries(locale)["notices.reminder"][0].format(**words))
    assert found.values({**words, "ref": ""}) is None


def test_only_notices_are_registered() -> None:
    assert approved.find("booking.ask_place", "fr") is None
    assert approved.find("notices.code", "fr") is None, "a code goes by SMS and needs a template of another category"


def test_a_definition_names_each_variable_with_an_example() -> None:
    found = approved.find("notices.counter_offer", "fr")
    assert found is not None
    body, buttons = found.definition()["components"]
    assert "{{technician}}" in body["text"] and "{{when}}" in body["text"]
    assert {p["param_name"]: bool(p["example"]) for p in body["example"]["body_text_named_params"]} == {"technician": True, "when": True}
    assert [b["text"] for b in buttons["buttons"]] == list(found.buttons)


def test_a_command_is_said_in_the_language_of_the_phone() -> None:
    assert commands.words_of("start", "fr-MA") == "bonjour"
    assert commands.words_of("start", "de") == commands.words_of("start", "") == "salam"
    assert commands.words_of("prix", "fr") is None
