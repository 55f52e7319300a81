"""The desk says the same things in both of its languages, and its ready replies exist in all five."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels.desk.acts import OUTCOMES
from domain.engagement.reply import LOCALES
from prompts import desk
from prompts.replies import parameters
from tools.handover import PRIORITIES, REASONS


def leaves(words: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in words.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_french_and_arabic_have_the_same_words_with_the_same_facts() -> None:
    french, arabic = dict(leaves(desk.words("fr"))), dict(leaves(desk.words("ar")))
    assert french.keys() == arabic.keys()
    facts = {key: (parameters(str(french[key])), parameters(str(arabic[key]))) for key in french}
    assert {key: pair for key, pair in facts.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("locale", desk.INTERFACE)
def test_every_code_an_agent_meets_has_a_name(locale: str) -> None:
    words = desk.words(locale)
    assert {*OUTCOMES, "handed_back"} <= words["outcomes"].keys()
    assert set(REASONS) <= words["reasons"].keys()
    assert set(PRIORITIES) <= words["priorities"].keys()
    assert set(LOCALES) <= words["locales"].keys()


@pytest.mark.parametrize("locale", LOCALES)
def test_ready_replies_are_complete_and_leave_unknown_facts_for_the_agent(locale: str) -> None:
    replies = desk.canned(locale)
    assert replies.keys() == desk.canned("fr").keys()
    assert {key: parameters(text) for key, text in replies.items()} == {key: parameters(text) for key, text in desk.canned("fr").items()}
    assert all(parameters(text) <= set(desk.VARIABLES) for text in replies.values())
    filled = desk.filled(replies["booking"], {"ref": "BR-1042", "technician": ""})
    assert "BR-1042" in filled
    assert set(desk.gaps(filled)) == {"technician", "when"}
