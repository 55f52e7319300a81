"""What leaves through Vonage, against a provider of our own over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from channels.base import OutMessage, StatusUpdate
from channels.pace import Limit, Pace
from channels.vonage import VonageSms
from channels.vonage.api import RECEIPTS, REFUSALS
from evals.providers import vonage as fake_vonage
from evals.providers.vonage import FakeVonage

PHONE = "+212662000001"


@pytest.fixture
def provider() -> Iterator[FakeVonage]:
    with fake_vonage.running() as account:
        yield account


@pytest.fixture
def sms(provider: FakeVonage) -> VonageSms:
    return VonageSms(fake_vonage.settings(provider.url))


def message(text: str = "Khedma: plomberie", number: str = "7") -> OutMessage:
    return OutMessage(id=number, channel="sms", to=PHONE, kind="sms", text=text)


def test_a_message_leaves_with_our_id_our_sender_and_where_to_report(sms: VonageSms, provider: FakeVonage) -> None:
    result = sms.send(message())
    [sent] = provider.sent
    assert (result.status, result.provider_id) == ("sent", sent["id"])
    assert {k: sent[k] for k in ("to", "from", "text", "type", "client-ref", "callback")} == {
        "to": "212662000001", "from": "212520000000", "text": "Khedma: plomberie", "type": "text", "client-ref": "7",
        "callback": "https://bricol.example.ma/channels/vonage/status",
    }  # fmt: skip


def test_arabic_leaves_as_unicode_and_french_in_the_cheap_alphabet(sms: VonageSms, provider: FakeVonage) -> None:
    sms.send(message("صافي"))
    sms.send(message("Ça va être prêt, garçon’"))
    assert [(s["type"], s["text"]) for s in provider.sent] == [("unicode", "صافي"), ("text", "Ça va etre pret, garcon'")]


def test_a_long_message_is_known_by_the_id_of_its_first_part(sms: VonageSms, provider: FakeVonage) -> None:
    assert sms.send(message("a" * 400)).provider_id == provider.sent[0]["id"]


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_each_refusal_is_given_up_or_tried_again_as_the_table_says(sms: VonageSms, provider: FakeVonage, code: int) -> None:
    provider.codes = [str(code)]
    result, known = sms.send(message()), REFUSALS[code]
    assert (result.status, result.error, result.retry) == ("failed", f"{code} {known.name}", known.action != "final")
    assert sms.send(message()).status == "sent"


def test_a_refusal_nobody_knows_is_final_and_named(sms: VonageSms, provider: FakeVonage) -> None:
    provider.codes = ["77"]
    assert (sms.send(message()).error, len(provider.sent)) == ("77", 0)


@pytest.mark.parametrize(("status", "again"), [(429, True), (500, True), (503, True), (401, True), (400, False), (420, False)])
def test_what_the_server_itself_refuses(sms: VonageSms, provider: FakeVonage, status: int, again: bool) -> None:
    provider.fail(status)
    result = sms.send(message())
    assert (result.status, result.retry) == ("failed", again)


def test_a_provider_that_cannot_be_reached_is_tried_again() -> None:
    dead = VonageSms(fake_vonage.settings("http://127.0.0.1:9", timeout_seconds=1))
    assert dead.send(message()).retry


def test_a_message_that_left_before_the_answer_was_lost_is_found_by_our_own_id(provider: FakeVonage) -> None:
    sms = VonageSms(fake_vonage.settings(provider.url, timeout_seconds=0.5))
    before = datetime.now(UTC) - timedelta(seconds=5)
    provider.fail(0, hang=True)
    result = sms.send(message())
    assert (result.status, result.unknown) == ("failed", True), "no receipt yet: it is asked for before the next attempt"
    assert sms.find_sent(message(), before) == provider.sent[0]["id"]
    assert sms.find_sent(message(number="8"), before) is None, "the same words to the same person, but another message"
    assert sms.find_sent(message(), datetime.now(UTC) + timedelta(hours=-25)) is None, "records are asked for by the day"
    provider.sent[0]["status"] = "rejected"
    assert sms.find_sent(message(), before) is None


def test_a_receipt_says_that_it_left_without_asking_anybody(provider: FakeVonage) -> None:
    sms = VonageSms(fake_vonage.settings(provider.url))
    sms._evidence.note([StatusUpdate("0A77", "delivered", message_id="7")])
    assert sms.find_sent(message(), datetime.now(UTC)) == "0A77"
    assert provider.requests == []


def test_records_that_may_not_be_read_are_not_an_answer_but_no_access_is(sms: VonageSms, provider: FakeVonage) -> None:
    provider.fail(500, "/v2/reports")
    with pytest.raises(httpx.HTTPStatusError):
        sms.find_sent(message(), datetime.now(UTC))
    provider.fail(403, "/v2/reports")
    assert sms.find_sent(message(), datetime.now(UTC)) is None


def test_people_get_no_flood(provider: FakeVonage) -> None:
    sms = VonageSms(fake_vonage.settings(provider.url), Pace(Limit(30, 1 / 30), Limit(2, 60)))
    results = [sms.send(message(number=str(n))) for n in range(3)]
    assert len(provider.sent) == 2
    assert (results[-1].retry, results[-1].wait_seconds > 30) == (True, True)


def test_every_code_has_a_name_and_only_moments_are_tried_again() -> None:
    assert all(r.name for r in [*REFUSALS.values(), *RECEIPTS.values()])
    assert {c for c, r in RECEIPTS.items() if r.action == "again"} == {7, 8}
