"""Our words stay within what we are ready to pay for an SMS, in every language-script."""

from __future__ import annotations

import json
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from domain.engagement.reply import LOCALES
from domain.engagement.sms import segments
from domain.engagement.tariff import MessageTariff, message_tariff
from evals.bench import sms
from prompts import replies


@cache
def found() -> list[sms.Measured]:
    return sms.measure()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reply_fits_its_budget_of_parts(locale: str) -> None:
    over = [(one.key, one.encoding, one.parts, one.text) for one in found() if one.locale == locale and not one.kept]
    assert over == [], "shorten the words, or say in evals/bench/sms_budget.yaml why they may cost more"


@pytest.mark.parametrize("locale", ["ary-Latn", "fr", "en"])
def test_an_offer_to_a_technician_is_one_part(locale: str) -> None:
    offers = [one for one in found() if one.locale == locale and one.key.startswith("technician.job_offer")]
    assert len(offers) == 3 and {(one.encoding, one.parts) for one in offers} == {("GSM-7", 1)}


def test_all_words_are_measured_as_they_would_leave() -> None:
    keys = {key for key in replies.entries("fr") if not key.startswith(sms.NO_SMS)}
    assert {one.key for one in found() if one.locale == "fr"} == keys
    assert len(keys) > 250
    for one in found():
        assert segments(one.text) == (one.encoding, one.parts) and "{" not in one.text


def test_the_price_is_the_tariffs() -> None:
    for one in found():
        assert one.mad == pytest.approx(one.parts * message_tariff().sms_part)
    free = sms.measure(MessageTariff(0.0))
    assert {one.mad for one in free} == {0.0}


def test_the_report_names_what_is_over_and_tells_it_all_as_json(tmp_path: Path) -> None:
    long = sms.Measured("account.joined", "fr", "GSM-7", 500, 4, 3, 2.6, "...")
    console = Console(file=StringIO(), width=150)
    sms.show([*found(), long], console, tmp_path / "sms.json")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "over: account.joined fr: 4 parts of GSM-7, may be 3" in shown and "technician_flow" in shown
    told = json.loads((tmp_path / "sms.json").read_text())
    assert told["over"] == ["account.joined"]
    assert {(row["flow"], row["locale"]) for row in told["flows"]} >= {("technician", "ar"), ("booking", "ary-Latn")}
