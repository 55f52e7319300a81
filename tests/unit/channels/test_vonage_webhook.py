"""Vonage's webhooks as they come: recorded requests, real signatures, and everything that must be turned away."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import MAX_TEXT
from channels.vonage import VonageSms
from evals.providers import vonage as fake_vonage
from evals.providers.vonage import INBOUND, STATUS, body, says, signed
from tests.support.taker import Taker

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "webhooks" / "vonage").glob("*.json"))


class House(Taker):
    """The spine's double behind this channel's routes."""

    def __init__(self) -> None:
        super().__init__()
        app = FastAPI()
        app.include_router(VonageSms(fake_vonage.settings()).routes(self.accept, self.on_status))
        self.client = TestClient(app)

    def post(self, path: str, fields: dict[str, Any], **how: Any) -> Any:
        return self.client.post(path, **body(fields, **how))


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
@pytest.mark.parametrize("form", [False, True], ids=["json", "form"])
def test_recorded_webhook_is_read_as_it_was_meant(house: House, path: Path, form: bool) -> None:
    recorded = json.loads(path.read_text())
    fields = recorded["body"]
    answer = house.client.post(recorded["path"], data=signed(fields)) if form else house.post(recorded["path"], fields)
    expected = recorded["expect"]
    assert (answer.status_code, answer.json()) == (200, {"taken": int(expected is not None)})
    assert len(house.stored) == (expected is not None)
    if expected:
        assert {k: getattr(house.stored[0], k) for k in expected} == expected


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_the_same_webhook_with_one_changed_value_is_turned_away(house: House, path: Path) -> None:
    recorded = json.loads(path.read_text())
    forged = signed(recorded["body"]) | {"msisdn": "212600000666"}
    assert house.client.post(recorded["path"], json=forged).status_code == 403
    assert house.post(recorded["path"], recorded["body"], secret="another secret").status_code == 403
    assert house.client.post(recorded["path"], json=recorded["body"]).status_code == 403, "not signed at all"
    assert house.stored == []


@pytest.mark.parametrize("seconds", [-26 * 3600, 3600])
def test_what_was_signed_long_ago_or_in_the_future_is_somebodys_recording(house: House, seconds: int) -> None:
    answer = house.post(INBOUND, says(1, "slm"), at=time.time() + seconds)
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (403, "timestamp", [])
    assert house.post(INBOUND, says(1, "slm"), at=time.time() - 23 * 3600).status_code == 200, "Vonage repeats for a day"


@pytest.mark.parametrize(
    ("path", "changes", "field"),
    [
        (INBOUND, {"messageId": ""}, "messageId"),
        (INBOUND, {"messageId": "'; drop table inbox; --"}, "messageId"),
        (INBOUND, {"msisdn": ""}, "msisdn"),
        (INBOUND, {"msisdn": "<b>"}, "msisdn"),
        (STATUS, {"messageId": "0A01"}, "status"),
        (STATUS, {"status": "Delivered!"}, "status"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(house: House, path: str, changes: dict[str, str], field: str) -> None:
    answer = house.post(path, says(1, "slm") | changes)
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (422, field, [])


@pytest.mark.parametrize(
    ("kind", "raw", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[" * 30_000, 400),
        ("application/json", b"[1]", 400),
        ("application/json", b"{}", 403),
        ("application/x-www-form-urlencoded", b"text=%ff", 400),
        ("application/x-www-form-urlencoded", b"", 403),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/json", b" " * 70_000, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(house: House, kind: str, raw: bytes, status: int) -> None:
    for path in (INBOUND, STATUS):
        answer = house.client.post(path, content=raw, headers={"Content-Type": kind})
        assert (answer.status_code, house.stored) == (status, [])


def test_a_store_that_is_down_makes_vonage_bring_it_again(house: House) -> None:
    house.down = True
    assert house.post(INBOUND, says(1, "slm")).status_code == 503
    assert house.post(STATUS, {"messageId": "0A01", "status": "delivered"}).status_code == 503
    house.down = False
    assert house.post(INBOUND, says(1, "slm")).status_code == 200
    assert len(house.taken) == 1


def test_strange_characters_are_taken_out_and_length_is_cut_never_refused(house: House) -> None:
    for number, text in enumerate(["\u202eslm\x00 \x07khoya\u2069", "ع" * 5000, ""]):
        assert house.post(INBOUND, says(number, text)).status_code == 200
    first, long, empty = house.taken
    assert (first.text, first.phone) == ("slm khoya", None)
    assert (len(long.text), long.payload["truncated"]) == (MAX_TEXT, True)
    assert (empty.kind, empty.text) == ("text", "")


def test_secrets_are_not_in_what_is_printed() -> None:
    shown = repr(fake_vonage.settings())
    assert fake_vonage.SECRET not in shown and fake_vonage.SIGNING not in shown


NAMES = st.sampled_from(["messageId", "msisdn", "text", "type", "concat", "concat-ref", "concat-part", "concat-total", "message-timestamp", "status"])
VALUES = (
    st.text(st.characters(codec="utf-8"))
    | st.sampled_from(["212661000001", "0A01", "true", "2", "binary"])
    | st.integers()
    | st.none()
    | st.booleans()
)


ONE = House()


@given(st.dictionaries(NAMES, VALUES), st.sampled_from([INBOUND, STATUS]))
@settings(deadline=None, max_examples=60)
def test_any_signed_fields_are_taken_or_refused_never_an_error(fields: dict[str, Any], path: str) -> None:
    before = len(ONE.stored)
    stringed = {k: ("" if v is None else str(v).lower() if isinstance(v, bool) else str(v)) for k, v in fields.items()}
    proof = signed(stringed)
    raw = {**proof, **fields}
    answer = ONE.client.post(path, content=json.dumps(raw), headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 422)
    assert len(ONE.stored) - before <= (answer.status_code == 200)


def test_a_form_with_signs_that_mean_something_in_it_is_signed_as_it_was_said(house: House) -> None:
    fields = signed(says(1, "a&b=c%d é 50%"))
    answer = house.client.post(INBOUND, content=urlencode(fields), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, house.taken[0].text) == (200, "a&b=c%d é 50%")
