"""Whatever speaks for a technician has words in every language, and no words speak of what nobody can be."""

from __future__ import annotations

import pytest

from domain.engagement.reply import LOCALES
from domain.matching.reasons import CODES
from prompts import replies

FACTS = {"km": "1.6 km", "jobs": "512", "skill": "cuivre"}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_words_and_nothing_else_has(locale: str) -> None:
    worded = {key.partition(".")[2] for key in replies.entries(locale) if key.startswith("reasons.")}
    assert worded == set(CODES)
    said = [replies.render(f"reasons.{code}", locale, **FACTS) for code in CODES]
    assert all(said) and len(set(said)) == len(said)
