"""Twilio's webhooks as they come: recorded requests, real signatures, and everything that must be turned away."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.base import MAX_TEXT
from channels.twilio import TwilioSettings, TwilioSms, TwilioWhatsApp
from tests.support.taker import Taker

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "webhooks" / "twilio").glob("*.json"))
PUBLIC = "https://bricol.example.ma"
TOKEN = "the auth token of the tests"
SETTINGS = TwilioSettings("AC" + "0" * 32, TOKEN, sms_from="+15005550006", whatsapp_from="+212520000000", public_url=PUBLIC)
FORM = "application/x-www-form-urlencoded"


class House(Taker):
    """The spine's double behind this channel's routes."""

    def __init__(self, settings: TwilioSettings = SETTINGS) -> None:
        super().__init__()
        app = FastAPI()
        for channel in (TwilioWhatsApp(settings), TwilioSms(settings)):
            app.include_router(channel.routes(self.accept, self.on_status))
        self.app = app
        self.client = TestClient(app, base_url="http://10.0.0.7:8000")  # as behind a proxy: not the address Twilio called

    def post(self, path: str, params: dict[str, str], *, signed_for: str | None = None, signature: str | None = None) -> Any:
        signature = signature or RequestValidator(TOKEN).compute_signature(signed_for or PUBLIC + path, params)
        return self.client.post(path, content=urlencode(params), headers={"Content-Type": FORM, "X-Twilio-Signature": signature})


@pytest.fixture
def house() -> House:
    return House()


def text(**changes: str) -> dict[str, str]:
    params = {"MessageSid": "SM" + "1" * 32, "From": "whatsapp:+212661000001", "To": "whatsapp:+212520000000", "Body": "slm", "NumMedia": "0"}
    return {**params, **changes}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_recorded_webhook_is_read_as_it_was_meant(house: House, path: Path) -> None:
    recorded = json.loads(path.read_text())
    answer = house.post(recorded["path"], recorded["params"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.text.endswith("<Response/>")
    expected = recorded["expect"]
    assert len(house.stored) == (expected is not None)
    if expected:
        assert {k: getattr(house.stored[0], k) for k in expected} == expected


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_the_same_webhook_with_one_changed_value_is_turned_away(house: House, path: Path) -> None:
    recorded = json.loads(path.read_text())
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + recorded["path"], recorded["params"])
    answer = house.post(recorded["path"], recorded["params"] | {"From": "+212600000666"}, signature=signature)
    assert (answer.status_code, house.stored) == (403, [])


def test_an_unsigned_message_is_turned_away_with_nothing_stored(house: House) -> None:
    answer = house.client.post("/channels/twilio/whatsapp", data=text())
    assert (answer.status_code, house.stored) == (403, [])
    assert answer.json()["fields"][0]["field"] == "X-Twilio-Signature"


def test_a_signature_for_the_address_behind_the_proxy_does_not_count(house: House) -> None:
    path = "/channels/twilio/whatsapp"
    assert house.post(path, text(), signed_for="http://10.0.0.7:8000" + path).status_code == 403
    assert house.post(path, text(), signed_for=PUBLIC + path).status_code == 200


def test_the_query_of_the_webhook_address_is_part_of_what_is_signed(house: House) -> None:
    path = "/channels/twilio/sms?tenant="
    assert house.post(path + "1", text(From="+212661000001")).status_code == 200
    assert house.post(path + "2", text(From="+212661000001"), signed_for=PUBLIC + path + "1").status_code == 403


def test_a_json_body_counts_only_with_its_hash_in_the_signed_address(house: House) -> None:
    body = json.dumps(text())
    path = f"/channels/twilio/whatsapp?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(PUBLIC + path, {})}
    assert house.client.post(path, content=body, headers=headers).status_code == 200
    assert [m.text for m in house.taken] == ["slm"]
    assert house.client.post(path, content=body.replace("slm", "bye"), headers=headers).status_code == 403
    bare = "/channels/twilio/whatsapp"
    headers["X-Twilio-Signature"] = RequestValidator(TOKEN).compute_signature(PUBLIC + bare, {})
    assert house.client.post(bare, content=body, headers=headers).status_code == 403
    assert len(house.taken) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"MessageSid": ""}, "MessageSid"),
        ({"MessageSid": "'; drop table inbox; --"}, "MessageSid"),
        ({"From": ""}, "From"),
        ({"From": "+212661000001"}, "From"),  # an SMS sender on the WhatsApp address
        ({"From": "whatsapp:salma"}, "From"),
        ({"NumMedia": "many"}, "NumMedia"),
        ({"NumMedia": "1"}, "MediaUrl0"),
        ({"Latitude": "33.5", "Longitude": "east"}, "Longitude"),
        ({"Latitude": "nan", "Longitude": "1"}, "Latitude"),
        ({"Latitude": "91", "Longitude": "1"}, "Latitude"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(house: House, changes: dict[str, str], field: str) -> None:
    answer = house.post("/channels/twilio/whatsapp", text(**changes))
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (422, field, [])


def test_a_status_without_its_words_is_named(house: House) -> None:
    answer = house.post("/channels/twilio/status", {"MessageSid": "SM1"})
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (422, "MessageStatus", [])


def test_a_body_above_64_kb_is_refused_declared_or_not(house: House) -> None:
    big = urlencode(text(Body="x" * 70_000)).encode()
    headers = {"Content-Type": FORM, "X-Twilio-Signature": "x"}
    assert house.client.post("/channels/twilio/sms", content=big, headers=headers).status_code == 413
    chunks = (big[n : n + 1000] for n in range(0, len(big), 1000))  # no Content-Length
    answer = house.client.post("/channels/twilio/sms", content=chunks, headers=headers)
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (413, "body", [])


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (FORM, b"Body=%ff%fe", 400),
        (FORM, b"\xff\xfe\x00", 400),
        (FORM, b"&".join(b"a%d=1" % n for n in range(400)), 400),
        ("application/json", b"{", 400),
        ("application/json", b"[" * 30_000, 400),
        ("application/json", b"[1]", 400),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        (FORM, b"", 403),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(house: House, kind: str, body: bytes, status: int) -> None:
    answer = house.client.post("/channels/twilio/sms", content=body, headers={"Content-Type": kind, "X-Twilio-Signature": "x"})
    assert (answer.status_code, house.stored) == (status, [])


def test_a_store_that_is_down_makes_twilio_bring_it_again(house: House) -> None:
    house.down = True
    assert house.post("/channels/twilio/whatsapp", text()).status_code == 503
    assert house.post("/channels/twilio/status", {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 503
    house.down = False
    assert house.post("/channels/twilio/whatsapp", text()).status_code == 200
    assert len(house.taken) == 1


def test_strange_characters_are_taken_out_and_length_is_cut_never_refused(house: House) -> None:
    house.post("/channels/twilio/whatsapp", text(Body="\u202eslm\x00 \x07khoya\u2069"))
    house.post("/channels/twilio/whatsapp", text(MessageSid="SM2", Body="ع" * 5000))
    house.post("/channels/twilio/whatsapp", text(MessageSid="SM3", Body=""))
    first, long, empty = house.taken
    assert first.text == "slm khoya"
    assert (len(long.text), long.payload["truncated"]) == (MAX_TEXT, True)
    assert (empty.kind, empty.text) == ("text", "")


def test_each_address_is_declared_once_whatever_is_configured() -> None:
    for settings, paths in (
        (TwilioSettings("AC1", "t", sms_from="+15005550006"), {"/channels/twilio/sms", "/channels/twilio/status"}),
        (SETTINGS, {"/channels/twilio/sms", "/channels/twilio/whatsapp", "/channels/twilio/status"}),
    ):
        channels = [TwilioSms(settings), *([TwilioWhatsApp(settings)] if settings.whatsapp_from else [])]
        app = FastAPI()
        for channel in channels:
            app.include_router(channel.routes(House().accept, House().on_status))
        assert set(app.openapi()["paths"]) == paths


def test_the_token_is_not_in_what_is_printed() -> None:
    assert TOKEN not in repr(SETTINGS)


NAMES = st.sampled_from(["MessageSid", "From", "Body", "NumMedia", "Latitude", "Longitude", "ButtonPayload", "ListId", "MessageType"])


@given(st.dictionaries(NAMES, st.text() | st.sampled_from(["whatsapp:+212661000001", "SM1", "0", "33.5"])))
def test_any_signed_parameters_are_taken_or_refused_never_an_error(params: dict[str, str]) -> None:
    house = House()
    try:
        urlencode(params).encode("ascii")
    except UnicodeEncodeError:  # halves of surrogate pairs cannot be sent at all
        return
    answer = house.post("/channels/twilio/whatsapp", params)
    assert answer.status_code in (200, 422)
    assert len(house.taken) == (answer.status_code == 200)
