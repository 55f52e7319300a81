"""What leaves through the real Telegram client, and how updates are asked for, against a Bot API of our own over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import InboundMessage, Listener, MediaRefused, MediaSource, OutMessage, StoreUnavailable
from channels.pace import Limit, Pace
from channels.telegram import Telegram, TelegramSettings
from channels.telegram.buttons import BETWEEN, chosen
from evals.providers.http import Fault, File
from evals.providers.telegram import SECRET, TOKEN, FakeTelegram, running
from evals.providers.telegram import message as update

NO, YES = {"title": "La", "payload": "no", "description": ""}, {"title": "Ah, wakha", "payload": "yes", "description": ""}


@pytest.fixture
def provider() -> Iterator[FakeTelegram]:
    with running() as account:
        yield account


def channel(url: str, **changes: Any) -> Telegram:
    values = {"base_url": url, "timeout_seconds": 2, "public_url": "https://bricol.example.ma", "poll_seconds": 0, **changes}
    return Telegram(TelegramSettings(TOKEN, SECRET, **values))


@pytest.fixture
def telegram(provider: FakeTelegram) -> Telegram:
    return channel(provider.url)


def message(text: str = "Salam!", kind: str = "text", to: str = "7001", **more: Any) -> OutMessage:
    return OutMessage(id="7", channel="telegram", to=to, kind=kind, text=text, language="ary", script="latn", **more)  # type: ignore[arg-type]


def test_text_leaves_for_the_person_as_it_is(telegram: Telegram, provider: FakeTelegram) -> None:
    result = telegram.send(message("*السلام*, <b>BR-1042</b>"))
    [sent] = provider.sent
    assert (result.status, result.provider_id) == ("sent", "7001:1")
    assert (sent["chat_id"], sent["text"], sent.get("parse_mode")) == (7001, "*السلام*, <b>BR-1042</b>", None)


def test_options_leave_as_buttons_and_short_ones_share_a_row(telegram: Telegram, provider: FakeTelegram) -> None:
    telegram.send(message("Nakked?", "buttons", options=(YES, NO)))
    telegram.send(message("Chkoun?", "buttons", options=({"title": "Ahmed Bennani Filali", "payload": "a", "description": "4.9/5"}, NO)))
    short, long = (sent["reply_markup"]["inline_keyboard"] for sent in provider.sent)
    assert [[(b["text"], b["callback_data"]) for b in row] for row in short] == [[("Ah, wakha", "yes"), ("La", "no")]]
    assert [len(row) for row in long] == [1, 1]
    assert long[0][0]["text"] == f"Ahmed Bennani Filali{BETWEEN}4.9/5"


@pytest.mark.parametrize("payload", ["slot:2026-11-24T10:00|12|" + "محمد" * 10, "#3", ""])
def test_a_meaning_too_long_for_a_button_comes_back_as_its_title(telegram: Telegram, provider: FakeTelegram, payload: str) -> None:
    telegram.send(message("Fo9ach?", "buttons", options=(YES, {"title": "10:00", "payload": payload, "description": "Mohamed"})))
    shown = [(b["text"], b["callback_data"]) for row in provider.sent[0]["reply_markup"]["inline_keyboard"] for b in row]
    assert chosen(shown[1][1], shown) == ("10:00", "")
    assert chosen("yes", shown) == ("Ah, wakha", "yes")


def test_a_phone_and_a_place_are_given_with_one_tap(telegram: Telegram, provider: FakeTelegram) -> None:
    telegram.send(message("Chno nnemra?", asks="phone"))
    telegram.send(message("Fin nta?", asks="place"))
    phone, place = (sent["reply_markup"]["keyboard"][0][0] for sent in provider.sent)
    assert (phone["request_contact"], phone["text"]) == (True, "Sift ra9mi")
    assert place["request_location"] is True


def test_buttons_telegram_refuses_leave_as_numbered_text(telegram: Telegram, provider: FakeTelegram) -> None:
    provider.fail(400, "Bad Request: BUTTON_DATA_INVALID")
    assert telegram.send(message("Nakked?", "buttons", options=(YES, NO))).status == "sent"
    assert provider.sent[0]["text"].split("\n")[1:] == ["1. Ah, wakha", "2. La"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found"), (400, "Bad Request: message is too long")],
)
def test_a_refusal_is_final(telegram: Telegram, provider: FakeTelegram, status: int, words: str) -> None:
    provider.fail(status, words)
    result = telegram.send(message())
    assert (result.status, result.retry) == ("failed", False)
    assert str(status) in (result.error or "")


@pytest.mark.parametrize(("status", "more", "wait"), [(429, {"retry_after": 35}, 35), (500, {}, 0), (502, {}, 0), (401, {}, 0), (409, {}, 0)])
def test_what_may_pass_is_tried_again_not_before_telegram_wants_it(
    telegram: Telegram, provider: FakeTelegram, status: int, more: dict[str, int], wait: float
) -> None:
    provider.fail(status, f"the token {TOKEN} was refused", **more)
    result = telegram.send(message())
    assert (result.status, result.retry, result.wait_seconds) == ("failed", True, wait)
    assert TOKEN not in (result.error or "")
    assert telegram.send(message()).status == "sent"


def test_a_provider_that_is_silent_unreadable_or_away_is_tried_again(provider: FakeTelegram) -> None:
    provider.fail(0, hang=True)
    assert channel(provider.url, timeout_seconds=0.3).send(message()).retry
    provider.faults.append(Fault(200, b"<html>"))  # type: ignore[arg-type]
    assert channel(provider.url).send(message()).retry
    assert channel("http://127.0.0.1:9").send(message()).retry
    assert channel(provider.url).find_sent(message(), datetime.now(UTC)) is None


def test_one_person_is_not_written_to_faster_than_telegram_allows(provider: FakeTelegram) -> None:
    now, slept = [0.0], []
    pace = Pace(Limit(30, 1 / 30), Limit(1, 5), lambda: now[0], slept.append)
    slow = Telegram(TelegramSettings(TOKEN, SECRET, base_url=provider.url), pace)
    results = [slow.send(message()) for _ in range(2)]
    assert [(r.status, r.wait_seconds) for r in results] == [("sent", 0), ("failed", 5)]
    assert slept == [], "nobody sleeps through what takes so long"


# --- updates that are asked for ---------------------------------------------------------------------------------------


class House:
    def __init__(self, down: int = 0) -> None:
        self.taken: list[InboundMessage] = []
        self.down = down

    async def accept(self, messages: Sequence[InboundMessage]) -> None:
        if self.down:
            self.down -= 1
            raise StoreUnavailable
        self.taken += messages


async def listened(telegram: Telegram, provider: FakeTelegram, house: House, seconds: float = 20) -> None:
    """Listens until everything that waited is acknowledged."""
    task = asyncio.create_task(telegram.listen(house.accept))
    await asyncio.to_thread(provider.asked.wait, seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_updates_are_asked_for_and_acknowledged_once_they_are_written_down(provider: FakeTelegram) -> None:
    provider.webhook = {"url": "https://old.example/"}
    tap = {"update_id": 900_003, "callback_query": {"id": "tap1", "data": "yes", "message": {"chat": {"id": 7001, "type": "private"}}}}
    provider.waiting = [update(1), {"update_id": 900_002, "message": {"chat": "?"}}, tap, {"update_id": 900_004, "hologram": {}}]
    telegram, house = channel(provider.url, mode="polling"), House(down=1)
    assert isinstance(telegram, Listener)
    await listened(telegram, provider, house)
    assert [m.provider_id for m in house.taken] == ["123456:900001", "123456:900003"]
    assert (provider.waiting, provider.seen, provider.webhook) == ([], ["tap1"], {})


async def test_a_provider_in_trouble_is_asked_again(provider: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.telegram.listening.PAUSE", 0.01)
    provider.waiting = [update(1)]
    provider.fail(502)
    provider.fail(409, only="getUpdates")
    provider.faults.append(Fault(200, b"<html>", "getUpdates"))  # type: ignore[arg-type]
    house = House()
    await listened(channel(provider.url, mode="polling"), provider, house)
    assert len(house.taken) == 1


async def test_telegram_is_told_our_address_and_secret(provider: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.telegram.listening.PAUSE", 0.01)
    provider.fail(500)
    await asyncio.wait_for(channel(provider.url).listen(House().accept), 20)
    assert (provider.webhook["url"], provider.webhook["secret_token"]) == ("https://bricol.example.ma/channels/telegram", SECRET)
    assert provider.webhook["allowed_updates"] == ["message", "edited_message", "callback_query"]


async def test_an_address_telegram_cannot_call_is_not_told(provider: FakeTelegram) -> None:
    await asyncio.wait_for(channel(provider.url, public_url="http://localhost:8000").listen(House().accept), 20)
    assert provider.requests == []


# --- media ------------------------------------------------------------------------------------------------------------


def refusal(telegram: Telegram, url: str = "telegram:AwAC", most: int = 1000, seconds: float = 5) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        telegram.fetch(url, most, seconds)
    return refused.value


def test_media_comes_by_its_file_id(telegram: Telegram, provider: FakeTelegram) -> None:
    assert isinstance(telegram, MediaSource)
    provider.files["AwAC"] = File(b"OggS" * 9, "audio/ogg")
    assert telegram.fetch("telegram:AwAC", 1000, 5).content == b"OggS" * 9
    telegram.forget("telegram:AwAC")  # Telegram has no such thing


@pytest.mark.parametrize("url", ["https://evil.example/x", "whatsapp:1", "", "telegram:"])
def test_what_is_no_file_of_telegrams_is_not_asked_for(telegram: Telegram, provider: FakeTelegram, url: str) -> None:
    assert refusal(telegram, url).code == "not_theirs"
    assert provider.requests == []


@pytest.mark.parametrize("said", [None, 10, 25 * 2**20])
def test_what_is_larger_than_asked_for_is_refused_whatever_size_was_told(telegram: Telegram, provider: FakeTelegram, said: int | None) -> None:
    provider.files["AwAC"] = File(b"x" * 300_000)
    provider.sizes |= {"AwAC": said} if said else {}
    assert refusal(telegram, most=100_000).code == "too_large"


def test_media_that_is_gone_never_ends_or_is_away_says_so(telegram: Telegram, provider: FakeTelegram) -> None:
    assert refusal(telegram).code == "gone"
    provider.files["AwAC"] = File(b"x" * 900, trickles=True)
    assert (refusal(telegram, seconds=0.5).code, refusal(telegram, seconds=0.5).retry) == ("slow", True)
    provider.files["AwAC"] = File(b"x", missing=1)
    assert refusal(telegram).retry
    assert refusal(channel("http://127.0.0.1:9")).retry


def test_a_photo_leaves_with_its_words_and_as_a_link_where_it_is_refused(telegram: Telegram, provider: FakeTelegram) -> None:
    telegram.send(message("Voici la pièce", media="https://bricol.example.ma/media/1"))
    telegram.send(message("Voici la pièce", media="http://localhost/media/1"))
    photo, words = provider.sent
    assert (photo["photo"], photo["caption"]) == ("https://bricol.example.ma/media/1", "Voici la pièce")
    assert words["text"] == "Voici la pièce\nhttp://localhost/media/1"
