"""How people reach us on each channel, and what its provider says it handed over to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi.testclient import TestClient
from twilio.request_validator import RequestValidator

from channels.web.session import Sessions
from evals.bench.day.service import ACCOUNT, NUMBER, PUBLIC, TOKEN
from evals.providers import meta, telegram
from evals.providers.meta import FakeMeta
from evals.providers.telegram import FakeTelegram
from evals.providers.twilio import FakeTwilio

Post = Callable[[TestClient], None]
#: What a provider answers a send with instead of taking it; both pass.
TOO_FAST, BROKEN = 429, 500


@dataclass(frozen=True)
class Said:
    """What one person says: words, an option they tap (`payload`, `text` its title), or their phone by a button."""

    text: str
    payload: str = ""
    phone: str = ""


@dataclass(frozen=True)
class HandedOver:
    """One message that a provider took from us for a person."""

    provider_id: str
    to: str
    failed: bool = False  # it said later that this attempt never reached the person


class WebhookRefused(Exception):
    """The service did not take what a provider brought."""


def _posted(web: TestClient, path: str, **request: Any) -> None:
    answer = web.post(path, **request)
    if not 200 <= answer.status_code < 300:
        raise WebhookRefused(f"POST {path} was answered {answer.status_code}")


@dataclass
class WhatsApp:
    provider: FakeMeta
    name: str = "whatsapp"
    failed: set[str] = field(default_factory=set)

    def message(self, person: str, number: int, said: Said, at: datetime) -> tuple[str, Post]:
        """(the provider's id, what brings it to us)."""
        one: dict[str, Any] = {"from": person[1:], "id": f"wamid.IN{number}", "timestamp": str(int(at.timestamp()))}
        if said.payload:
            kind = {"type": "button_reply", "button_reply": {"id": said.payload, "title": said.text}}
            one |= {"type": "interactive", "interactive": kind}
        else:
            one |= {"type": "text", "text": {"body": said.text}}
        return one["id"], self._update(meta.updates(messages=[one]))

    def statuses(self, place: int, name: str) -> Post:
        """News of the n-th message it took."""
        if name == "failed":
            self.failed.add(self.provider.sent[place]["id"])
            return self._update(meta.updates(statuses=[self.provider.status(place, "failed", 131000)]))
        return self._update(meta.updates(statuses=[self.provider.status(place, name)]))

    def handed_over(self) -> list[HandedOver]:
        return [HandedOver(one["id"], "+" + str(one["to"]).removeprefix("+"), one["id"] in self.failed) for one in self.provider.sent]

    def fail(self, status: int) -> None:
        self.provider.fail(130429 if status == TOO_FAST else 131000, status)

    def _update(self, update: dict[str, Any]) -> Post:
        body, headers = meta.signed(update)
        return lambda web: _posted(web, meta.PATH, content=body, headers=headers)


@dataclass
class TelegramLine:
    provider: FakeTelegram
    name: str = "telegram"

    def message(self, person: str, number: int, said: Said, at: datetime) -> tuple[str, Post]:
        chat = int(person)
        update: dict[str, Any]
        if said.payload:
            under = {"message_id": number, "chat": {"id": chat, "type": "private"}, "date": int(at.timestamp())}
            under["reply_markup"] = {"inline_keyboard": [[{"text": said.text, "callback_data": said.payload}]]}
            update = {"update_id": 900_000 + number, "callback_query": {"id": f"q{number}", "data": said.payload, "message": under}}
        else:
            shared = {"contact": {"phone_number": said.phone, "first_name": "S", "user_id": chat}} if said.phone else {}
            update = telegram.message(number, None if said.phone else said.text, chat=chat, **shared)
            update["message"]["date"] = int(at.timestamp())
        body = json.dumps(update)
        return f"{telegram.TOKEN.partition(':')[0]}:{update['update_id']}", lambda web: _posted(
            web, telegram.PATH, content=body, headers=telegram.HEADERS
        )

    def handed_over(self) -> list[HandedOver]:
        return [HandedOver(f"{one['chat_id']}:{n}", str(one["chat_id"])) for n, one in enumerate(self.provider.sent, 1)]

    def fail(self, status: int) -> None:
        parameters: dict[str, Any] = {"retry_after": 3} if status == TOO_FAST else {}
        self.provider.fail(status, only="sendMessage", **parameters)


@dataclass
class Sms:
    provider: FakeTwilio
    name: str = "sms"

    def message(self, person: str, number: int, said: Said, at: datetime) -> tuple[str, Post]:
        sid = f"SM{number:032x}"
        form = {"MessageSid": sid, "AccountSid": ACCOUNT, "NumMedia": "0", "From": person, "To": NUMBER, "Body": said.text}
        return sid, self._signed("/channels/twilio/sms", form)

    def statuses(self, place: int, name: str) -> Post:
        message = self.provider.messages[place]
        form = {"MessageSid": message["sid"], "AccountSid": ACCOUNT, "MessageStatus": name, "From": NUMBER, "To": message["to"]}
        return self._signed("/channels/twilio/status", form)

    def handed_over(self) -> list[HandedOver]:
        return [HandedOver(one["sid"], one["to"]) for one in self.provider.messages]

    def fail(self, status: int) -> None:
        self.provider.fail(status, 20429 if status == TOO_FAST else 20500, only="/Messages.json")

    def _signed(self, path: str, form: dict[str, str]) -> Post:
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, form)
        return lambda web: _posted(web, path, data=form, headers={"X-Twilio-Signature": signature})


@dataclass
class Page:
    """One visitor's browser: its token, and the messages it shows, each once."""

    token: str | None = None
    session: str = ""
    shows: list[str] = field(default_factory=list)


@dataclass
class Web:
    """Pages open their socket to say something or to read, and close it again, as on a phone."""

    secret: bytes
    name: str = "web"
    pages: dict[str, Page] = field(default_factory=dict)  # by visitor

    def session(self, person: str) -> str:
        return self.pages[person].session if person in self.pages else ""

    def message(self, person: str, number: int, said: Said, at: datetime) -> tuple[str, Post]:
        frame = {"t": "msg", "id": f"m{number}", "kind": "button" if said.payload else "text", "text": said.text}
        if said.payload:
            frame["payload"] = said.payload

        def post(web: TestClient) -> None:
            with web.websocket_connect("/chat/ws") as socket:
                self._hello(socket, person)
                socket.send_json(frame)
                while (event := socket.receive_json())["t"] != "ok":
                    if event["t"] in ("refused", "later"):
                        raise WebhookRefused(f"/chat/ws answered {event}")
                    self._show(person, event)

        return f"m{number}", post

    def read(self, web: TestClient, person: str, waiting: set[str]) -> None:
        """The page comes back and shows what was said meanwhile; it tells that it was read."""
        page = self.pages[person]
        missing = waiting - set(page.shows)
        if not missing:
            return
        with web.websocket_connect("/chat/ws") as socket:
            self._hello(socket, person)
            while missing - set(page.shows):
                self._show(person, socket.receive_json())
            socket.send_json({"t": "seen", "ids": sorted(missing), "read": True})
            socket.send_json({"t": "ping"})
            while socket.receive_json()["t"] != "pong":
                pass

    def _hello(self, socket: Any, person: str) -> None:
        page = self.pages.setdefault(person, Page())
        socket.send_json({"t": "hello", "token": page.token, "have": page.shows})
        page.token = str(socket.receive_json()["token"])
        page.session = Sessions(self.secret, 30).read(page.token) or ""

    def _show(self, person: str, event: dict[str, Any]) -> None:
        if event["t"] == "msg":
            self.pages[person].shows.append(event["id"])


Line = WhatsApp | TelegramLine | Sms | Web
