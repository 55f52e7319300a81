"""How hard the client's words make a job: the same in every language, and deaf to everything but the job."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.catalog import described
from domain.catalog.described import MOST, how_hard

LISTS = yaml.safe_load((Path(described.__file__).parent / "described.yaml").read_text(encoding="utf-8"))
SAME = {
    "ary-Latn": "lma kaysil f dar kamla",
    "ary-Arab": "الما كيسيل ف الدار كاملة",
    "fr": "il y a une fuite dans toute la maison",
    "ar": "يتسرب الماء في المنزل كله",
    "en": "water is leaking in the whole house",
}


def test_the_same_job_is_as_hard_in_five_languages() -> None:
    assert {locale: how_hard(words) for locale, words in SAME.items()} == dict.fromkeys(SAME, 1.0)


@pytest.mark.parametrize(
    "words", ["3afakom ana khayfa bzaf", "URGENT!!! répondez-moi tout de suite", "خايفة بزاف", "ma femme est enceinte, svp vite", "I am furious", ""]
)
def test_fear_anger_hurry_and_courtesy_say_nothing_of_the_job(words: str) -> None:
    assert how_hard(words) is None


def test_every_phrase_of_every_locale_is_heard_on_its_own_side_and_within_bounds() -> None:
    for side, sign in (("harder", 1), ("simpler", -1)):
        assert set(LISTS[side]) == set(SAME)
        for phrases in LISTS[side].values():
            for phrase in phrases:
                found = how_hard(f"x {phrase} y")
                assert found is not None and 0 < found * sign <= MOST, phrase


def test_both_sides_take_each_other_back() -> None:
    assert how_hard("très grand mais presque neuf") == 0
