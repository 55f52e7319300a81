"""Meta's webhooks as they come: recorded requests, real signatures, and everything that must be turned away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import MAX_TEXT
from channels.whatsapp_cloud import WhatsAppCloud, WhatsAppCloudSettings
from evals.providers.meta import APP_SECRET, PATH, PHONE_ID, TOKEN, VERIFY, signature, signed, updates
from tests.support.taker import Taker

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "webhooks" / "whatsapp_cloud").glob("*.json"))
SETTINGS = WhatsAppCloudSettings(PHONE_ID, TOKEN, APP_SECRET, VERIFY, evidence_seconds=0)


class House(Taker):
    """The spine's double behind this channel's routes."""

    def __init__(self) -> None:
        super().__init__()
        app = FastAPI()
        app.include_router(WhatsAppCloud(SETTINGS).routes(self.accept, self.on_status))
        self.client = TestClient(app)

    def post(self, update: Any, **json_options: Any) -> Any:
        body, headers = signed(update, **json_options)
        return self.client.post(PATH, content=body, headers=headers)


@pytest.fixture
def house() -> House:
    return House()


def text(number: int = 1, body: Any = "slm", **changes: Any) -> dict[str, Any]:
    return {"from": "212661000001", "id": f"wamid.{number}", "timestamp": "1795420800", "type": "text", "text": {"body": body}, **changes}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_recorded_webhook_is_read_as_it_was_meant(house: House, path: Path) -> None:
    recorded = json.loads(path.read_text())
    assert house.post(recorded["body"]).status_code == 200
    for found, expected in ((house.taken, recorded["expect"]["messages"]), (house.statuses, recorded["expect"]["statuses"])):
        assert [{k: asdict(one)[k] for k in wanted} for one, wanted in zip(found, expected, strict=True)] == expected


def test_the_signature_is_over_the_bytes_as_they_came_whatever_their_spelling(house: House) -> None:
    update = updates(messages=[text(body="صافي é")])
    assert house.post(update, ensure_ascii=True).status_code == 200
    assert house.post(update, ensure_ascii=False, indent=3).status_code == 200
    assert [m.text for m in house.taken] == ["صافي é", "صافي é"]


@pytest.mark.parametrize("forged", ["", "sha256=", "sha256=00", "sha1=aa", "sha256=é", signature(b"{}"), signature(b"", "another secret")])
def test_what_is_not_signed_with_our_secret_is_turned_away_with_nothing_stored(house: House, forged: str) -> None:
    body, headers = signed(updates(messages=[text()]))
    answer = house.client.post(PATH, content=body, headers={**headers, "X-Hub-Signature-256": forged.encode()})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.stored) == (403, "X-Hub-Signature-256", [])


def test_the_address_is_proved_to_meta_by_our_own_word_only(house: House) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    answer = house.client.get(PATH, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert house.client.get(PATH, params={**asked, "hub.verify_token": "guess"}).status_code == 403
    assert house.client.get(PATH, params={**asked, "hub.verify_token": "é"}).status_code == 403
    assert house.client.get(PATH, params={**asked, "hub.challenge": "<script>"}).status_code == 422
    assert house.client.get(PATH).status_code == 422


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[" * 30_000, 400), (b"[1]", 400), (b"\xff\xfe", 400), (b"", 400), (b"{}", 422)])
def test_a_signed_body_that_cannot_be_read_is_named(house: House, body: bytes, status: int) -> None:
    answer = house.client.post(PATH, content=body, headers={"X-Hub-Signature-256": signature(body)})
    assert (answer.status_code, house.stored) == (status, [])


def test_a_body_above_3_mb_is_refused_and_one_of_a_thousand_messages_is_not(house: House) -> None:
    assert house.post(updates(messages=[text(body="x" * 3_200_000)])).status_code == 413
    assert house.stored == []
    answer = house.post(updates(messages=[text(n) for n in range(1000)]))
    assert (answer.status_code, len(house.taken)) == (200, 1000)


BROKEN = [
    text(id=None), text(id=7), text(id=""), text(id="a b"), text(**{"from": "salma"}), text(**{"from": None}),
    text(**{"from": None, "from_user_id": "x"}), 5, None, [],
]  # fmt: skip


def test_a_broken_message_does_not_hold_back_the_others_of_its_request(house: House) -> None:
    answer = house.post(updates(messages=[text(1), *BROKEN, text(2)], statuses=[{"status": "read"}, {"id": "wamid.9", "status": "read"}]))
    assert answer.status_code == 200
    assert [m.provider_id for m in house.taken] == ["wamid.1", "wamid.2"]
    assert [s.provider_id for s in house.statuses] == ["wamid.9"]
    assert answer.json()["skipped"] == 8


@pytest.mark.parametrize(
    "content",
    [
        {"type": "location", "location": {"latitude": "east", "longitude": 1}},
        {"type": "location", "location": {"latitude": 91, "longitude": 1}},
        {"type": "location", "location": None},
        {"type": "image", "image": {"id": "../../etc"}},
        {"type": "audio", "audio": {}},
        {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}},
        {"type": ""},
        {"type": None},
    ],
)
def test_a_message_whose_content_cannot_be_read_is_answered_all_the_same(house: House, content: dict[str, Any]) -> None:
    house.post(updates(messages=[text(**content)]))
    assert [m.kind for m in house.taken] == ["unsupported"]
    assert "type" in house.taken[0].payload and "lat" not in house.taken[0].payload


def test_messages_to_another_number_of_the_account_and_of_groups_are_not_ours(house: House) -> None:
    other = updates(messages=[text()])
    other["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    assert house.post(other).status_code == 200
    assert house.post(updates(messages=[text(group_id="Y2FwaV9ncm91cA")])).status_code == 200
    assert house.stored == []


def test_a_store_that_is_down_makes_meta_bring_it_again(house: House) -> None:
    house.down = True
    assert house.post(updates(messages=[text()])).status_code == 503
    assert house.post(updates(statuses=[{"id": "wamid.9", "status": "read"}])).status_code == 503
    house.down = False
    assert house.post(updates(messages=[text()])).status_code == 200
    assert len(house.taken) == 1


def test_strange_characters_are_taken_out_and_length_is_cut_never_refused(house: House) -> None:
    house.post(updates(messages=[text(1, "\u202eslm\x00 \x07khoya\u2069"), text(2, "ع" * 5000), text(3, "")]))
    first, long, empty = house.taken
    assert first.text == "slm khoya"
    assert (len(long.text), long.payload["truncated"]) == (MAX_TEXT, True)
    assert (empty.kind, empty.text) == ("text", "")


@pytest.mark.parametrize("stamp", [None, "", "soon", "-1", "9" * 30, 1795420800])
def test_a_time_that_is_none_costs_no_message(house: House, stamp: Any) -> None:
    assert house.post(updates(messages=[text(timestamp=stamp)])).status_code == 200
    assert len(house.taken) == 1


def test_secrets_are_not_in_what_is_printed() -> None:
    assert not [secret for secret in (TOKEN, APP_SECRET, VERIFY) if secret in repr(SETTINGS)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "type", "text", "body"]), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["text", "image", "audio", "location", "interactive", "button", "contacts", "edit", "reaction", "x"])
PARTS = ("id", "from", "text", "image", "location", "contacts", "edit")
HOUSE = House()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({"type": KINDS}, optional=dict.fromkeys(PARTS, JSON))), JSON, JSON)
def test_any_signed_object_is_answered_never_an_error(messages: list[Any], statuses: Any, entry: Any) -> None:
    assert HOUSE.post(updates(messages=messages, statuses=statuses)).status_code == 200
    assert HOUSE.post({"object": "whatsapp_business_account", "entry": entry}).status_code in (200, 422)
