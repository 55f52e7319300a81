"""What we say exists in every language-script, with the same facts in it, and short enough for a button."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.engagement.reply import LOCALES
from prompts import replies

OURS = (
    "common", "booking", "price", "search", "changes", "refund", "track", "account", "knowledge", "escalation", "rating", "clarify", "errors",
    "smalltalk", "technician_flow",
)  # fmt: skip
BRAIN = Path(__file__).parents[2] / "bot" / "brain"
KEY = re.compile(r'"((?:' + "|".join(OURS) + r')\.[a-z_0-9]+)"')
BUTTON = re.compile(r'\.option\(\s*"([a-z_]+)"')
ARABIC = re.compile(r"[\u0600-\u06ff]")


def ours(locale: str) -> dict[str, list[str]]:
    return {key: texts for key, texts in replies.entries(locale).items() if key.split(".")[0] in OURS}


def used() -> set[str]:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in BRAIN.rglob("*.py"))
    return set(KEY.findall(sources)) | {f"common.{key}" for key in BUTTON.findall(sources)}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_the_same_entries_with_the_same_facts(locale: str) -> None:
    facts = {key: {frozenset(replies.parameters(t)) for t in texts} for key, texts in ours("fr").items()}
    here = {key: {frozenset(replies.parameters(t)) for t in texts} for key, texts in ours(locale).items()}
    assert here.keys() == facts.keys()
    assert {k: v for k, v in here.items() if v != facts[k]} == {}


def test_every_reply_the_brain_names_exists() -> None:
    assert used() - ours("fr").keys() == set()
    assert len(used()) > 100


def test_replies_nobody_uses_are_struck() -> None:
    built = re.compile(
        r"^(track\.status_|booking\.(until_|\w+_unsure$)|price\.line_|refund\.status_|changes\.(counter_offer|price_change)_again|errors\.|technician_flow\.(details_|(en_route|arrived|late|client_absent)$))"
    )
    assert {k for k in ours("fr") if k not in used() and not built.search(k)} - {"common.apology"} == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_button_titles_fit_a_button(locale: str) -> None:
    for key in BUTTON.findall("\n".join(path.read_text(encoding="utf-8") for path in BRAIN.rglob("*.py"))):
        assert all(len(text) <= 20 for text in replies.entries(locale)[f"common.{key}"]), key


@pytest.mark.parametrize("locale", LOCALES)
def test_each_locale_is_written_in_its_own_script(locale: str) -> None:
    for key, texts in ours(locale).items():
        for text in texts:
            words = re.sub(r"\{\w+\}|\b[A-Z]{2,}\b|location", "", text)
            if locale in ("ary-Arab", "ar"):
                assert not re.search(r"[a-zà-ÿ]{2,}", words), (key, text)
            else:
                assert not ARABIC.search(text), (key, text)
