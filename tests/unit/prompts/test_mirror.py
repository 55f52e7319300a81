"""Our own words must be heard as the language they are written in: people are answered in their own."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.brain.understanding import load
from bot.brain.understanding.normalise import letters
from domain.clock import CASABLANCA
from domain.engagement.reply import LOCALES, locale_of
from prompts import replies, wording

READER = load()
#: Pages and labels, never a message of their own; parts of a sentence or of a list.
FILES = ("channel.", "onetap.", "common.")
PARTS = (
    "search.line",
    "search.detail",
    "booking.rating",
    "price.uplift",
    "technician_flow.line",
    "technician_flow.details",
    "technician.job_offer_short",
    "changes.fee",
    "track.status_",
    "track.line",
)
NOW = datetime(2026, 11, 23, 10, tzinfo=CASABLANCA)
ENOUGH = 20  # letters from which a message shows its language


def sample(name: str, locale: str) -> str:
    """A likely value of a parameter, worded in the locale."""
    worded = {
        "technician": lambda: wording.person_name("ahmed", locale),
        "wished": lambda: wording.person_name("khalid", locale),
        "service": lambda: wording.service_name("plumbing", locale),
        "trade": lambda: wording.trade_name("plumbing", locale),
        "place": lambda: wording.place_name("casablanca", "maarif", locale),
        "city": lambda: wording.place_name("rabat", None, locale),
        "minutes": lambda: wording.format_minutes(15, locale),
        "price": lambda: wording.format_money(300, locale),
        "amount": lambda: wording.format_money(300, locale),
        "when": lambda: wording.format_when("2026-11-24T10:00", locale, NOW),
        "new": lambda: wording.format_when("2026-11-27T15:30", locale, NOW),
        "ref": lambda: "BR-1042",
    }
    return worded[name]() if name in worded else ""


def messages(locale: str) -> list[tuple[str, str]]:
    found = []
    for key, variants in replies.entries(locale).items():
        if key.startswith((*FILES, *PARTS)):
            continue
        for text in variants:
            said = text.format(**{name: sample(name, locale) for name in replies.parameters(text)})
            if letters(said) >= ENOUGH:
                found.append((key, said))
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_nearly_every_reply_is_heard_as_its_own_language_and_script(locale: str) -> None:
    said = messages(locale)
    heard = [(READER.understand(text), key, text) for key, text in said]
    other = [(key, text) for reading, key, text in heard if locale_of(reading.language, reading.script) != locale]
    assert len(said) > 100
    assert len(other) <= 0.03 * len(said), other


@pytest.mark.parametrize("locale", LOCALES)
def test_every_option_of_a_question_has_words(locale: str) -> None:
    for key in ("notices.yes", "notices.no", "technician.yes", "technician.no", "common.yes", "common.no"):
        assert replies.render(key, locale)
