"""The word lists load whole, and no phrase means two things within one list."""

from __future__ import annotations

import pytest
import yaml

from bot.brain.understanding.entities.normalise import LEXICON, clean, lexicon, tokens_of

FILES = ("numbers", "dates", "times", "money", "refs", "quantity", "rating", "names")


@pytest.mark.parametrize("file", FILES)
def test_every_phrase_is_found_under_a_label_that_lists_it(file: str) -> None:
    for section, entries in yaml.safe_load((LEXICON / f"{file}.yaml").read_text(encoding="utf-8")).items():
        labelled = entries if isinstance(entries, dict) else {True: entries}
        for label, phrases in labelled.items():
            for phrase in phrases:
                tokens = tokens_of(clean(str(phrase).removeprefix("=")))
                assert lexicon(file, section).at(tokens, 0) == (label, len(tokens)), f"{file}.yaml, {section}: {phrase!r} of {label!r}"
