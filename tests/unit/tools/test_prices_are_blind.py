"""The same job costs the same, whoever asks, in whatever language, mood, part of town or on whatever phone."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.unit.tools.conftest import Bricol

JOB = {"service": "plumbing", "city": "casablanca", "issue": "lma kaysil", "urgency": "normal"}


def test_language_script_channel_and_standing_change_no_price(bricol: Bricol) -> None:
    person = bricol.client()
    plain = person.ok("estimate_price", **JOB)
    for language, script, channel, verified in product(("ary", "fr", "ar", "en"), ("latn", "arab"), ("whatsapp", "sms", "web"), (True, False)):
        person.context = replace(person.context, language=language, script=script, channel=channel, verified=verified)
        assert person.ok("estimate_price", **JOB) == plain


@pytest.mark.parametrize("issue", ["lma kaysil 3afakom ana khayfa bezaf", "LMA KAYSIL !!! fin ntoma ghda7kin 3lina", "lma kaysil, chokran bzaf"])
def test_fear_anger_and_thanks_change_no_price(bricol: Bricol, issue: str) -> None:
    person = bricol.client()
    assert person.ok("estimate_price", **JOB | {"issue": issue})["likely_mad"] == person.ok("estimate_price", **JOB)["likely_mad"]


def test_the_district_of_the_client_changes_no_price_of_a_technician(bricol: Bricol) -> None:
    person = bricol.client()
    asked = {**JOB, "technician_id": 1}
    prices = {person.ok("estimate_price", **asked, district=district)["likely_mad"] for district in ("maarif", "ain chock", "hay mohammadi")}
    assert len(prices) == 1


def test_an_uplift_is_told_in_the_summary_before_consent(bricol: Bricol) -> None:
    urgent = {**JOB, "district": "maarif", "start": "2026-11-23T10:30", "address": "zen9at 12", "urgency": "emergency"}
    summary = bricol.client().ok("propose_booking", **urgent)["summary"]
    assert 0 < summary["uplift_pct"] <= 30
