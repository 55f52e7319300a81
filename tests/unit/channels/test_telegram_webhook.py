"""Telegram's updates as they come: recorded ones, with its secret and without, and everything that must be turned away."""

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
from channels.telegram import Telegram, TelegramSettings
from evals.providers.telegram import HEADERS, PATH, SECRET, TOKEN, message
from tests.support.taker import Taker

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "webhooks" / "telegram").glob("*.json"))
SETTINGS = TelegramSettings(TOKEN, SECRET, public_url="https://bricol.example.ma")


class House(Taker):
    """The spine's double behind this channel's routes."""

    def __init__(self) -> None:
        super().__init__()
        app = FastAPI()
        app.include_router(Telegram(SETTINGS).routes(self.accept, self.on_status))
        self.client = TestClient(app)

    async def on_status(self, updates: Any) -> None:
        raise AssertionError("Telegram reports no statuses")

    def post(self, update: Any, headers: dict[str, str] = HEADERS) -> Any:
        return self.client.post(PATH, content=json.dumps(update), headers=headers)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_recorded_update_is_read_as_it_was_meant(house: House, path: Path) -> None:
    recorded = json.loads(path.read_text())
    answer = house.post(recorded["body"])
    assert answer.status_code == 200
    expected = recorded["expect"]
    assert [{k: asdict(one)[k] for k in expected} for one in house.taken] == ([expected] if expected else [])
    if recorded["tap"]:  # the button stops turning by the answer itself
        assert answer.json() == {"method": "answerCallbackQuery", "callback_query_id": recorded["tap"]}


@pytest.mark.parametrize("secret", ["", "guess", SECRET.upper(), SECRET + "x", "é"])
def test_an_update_without_our_secret_is_turned_away_with_nothing_stored(house: House, secret: str) -> None:
    headers = {**HEADERS, "X-Telegram-Bot-Api-Secret-Token": secret.encode()}
    answer = house.post(message(), headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.taken) == (403, "X-Telegram-Bot-Api-Secret-Token", [])


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[" * 30_000, 400), (b"[1]", 400), (b"\xff\xfe", 400), (b"", 400), (b"{}", 422), (b"x" * 300_000, 413)]
)
def test_a_body_that_cannot_be_read_is_refused(house: House, body: bytes, status: int) -> None:
    assert (house.client.post(PATH, content=body, headers=HEADERS).status_code, house.taken) == (status, [])


@pytest.mark.parametrize(
    ("update", "field"),
    [
        ({"update_id": "1", "message": message()["message"]}, "update_id"),
        ({"update_id": True, "message": message()["message"]}, "update_id"),
        ({"update_id": -1, "message": message()["message"]}, "update_id"),
        ({"update_id": 2**80, "message": message()["message"]}, "update_id"),
        ({"update_id": 1, "message": "slm"}, "message"),
        (message(chat="salma"), "message.chat.id"),  # type: ignore[arg-type]
        ({"update_id": 1, "message": {"text": "slm"}}, "message.chat.id"),
        ({"update_id": 1, "callback_query": {"data": "yes"}}, "callback_query.id"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(house: House, update: dict[str, Any], field: str) -> None:
    answer = house.post(update)
    assert (answer.status_code, answer.json()["fields"][0]["field"], house.taken) == (422, field, [])


@pytest.mark.parametrize(
    "content",
    [
        {"location": {"latitude": "east", "longitude": 1}},
        {"location": {"latitude": 91, "longitude": 1}},
        {"voice": {}},
        {"voice": {"file_id": "../../etc"}},
        {"photo": []},
        {"photo": "x"},
        {"document": 5},
        {"contact": {"phone_number": "+212661000009", "user_id": None}},
    ],
)
def test_a_message_whose_content_cannot_be_read_is_answered_all_the_same(house: House, content: dict[str, Any]) -> None:
    assert house.post(message(1, None, **content)).status_code == 200
    assert [m.kind for m in house.taken] == ["unsupported"]
    assert house.taken[0].phone is None


@pytest.mark.parametrize("digits", ["", "+", "12", "0661000077", "abc", "+" + "9" * 30])
def test_a_shared_phone_that_is_none_proves_nothing(house: House, digits: str) -> None:
    house.post(message(1, None, contact={"phone_number": digits, "first_name": "S", "user_id": 7001}))
    assert (house.taken[0].kind, house.taken[0].phone) == ("unsupported", None)


def test_a_store_that_is_down_makes_telegram_bring_it_again(house: House) -> None:
    house.down = True
    assert house.post(message()).status_code == 503
    house.down = False
    assert house.post(message()).status_code == 200
    assert len(house.taken) == 1


def test_what_came_within_one_second_keeps_its_order(house: House) -> None:
    for number in (3, 1, 2):
        house.post(message(number) | {"message": {**message(1)["message"], "text": str(number)}})
    assert [m.text for m in sorted(house.taken, key=lambda m: m.sent_at or 0)] == ["1", "2", "3"]  # type: ignore[arg-type,return-value]


def test_strange_characters_are_taken_out_and_length_is_cut_never_refused(house: House) -> None:
    house.post(message(1, "\u202eslm\x00 \x07khoya\u2069"))
    house.post(message(2, "ع" * 5000))
    first, long = house.taken
    assert first.text == "slm khoya"
    assert (len(long.text), long.payload["truncated"]) == (MAX_TEXT, True)


def test_another_bot_is_not_answered_and_where_updates_are_asked_for_there_is_no_address(house: House) -> None:
    said = message()
    said["message"]["from"]["is_bot"] = True
    assert (house.post(said).status_code, house.taken) == (200, [])
    app = FastAPI()
    app.include_router(Telegram(TelegramSettings(TOKEN, SECRET, mode="polling")).routes(house.accept, house.on_status))
    assert TestClient(app).post(PATH, json=message(), headers=HEADERS).status_code == 404


def test_secrets_are_not_in_what_is_printed() -> None:
    assert not [secret for secret in (TOKEN, SECRET) if secret in repr(SETTINGS)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "chat", "text", "file_id"]), inner, max_size=4),
    max_leaves=12,
)
PARTS = ("text", "photo", "voice", "audio", "document", "contact", "location", "venue", "sticker", "from", "date", "caption", "chat")
HOUSE = House()


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.sampled_from(["message", "edited_message", "callback_query"]))
def test_any_update_is_taken_or_refused_never_an_error(said: dict[str, Any], kind: str) -> None:
    for content in (said, {**message()["message"], "text": None, **said}, {"id": "1", "message": said}):
        assert HOUSE.post({"update_id": 1, kind: content}).status_code in (200, 422)
