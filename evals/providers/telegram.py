"""Telegram's Bot API on this machine: takes messages as strictly as the real one, gives updates when asked, keeps files."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from evals.providers.http import Answer, FakeHttp, Fault, File, Request, serving

TOKEN, SECRET, PATH = "123456:AAtoken", "secret_of_the_tests", "/channels/telegram"
HEADERS = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}


def message(number: int = 1, text: str | None = "slm", *, chat: int = 7001, **more: Any) -> dict[str, Any]:
    """One update with a private message."""
    who = {"id": chat, "is_bot": False, "first_name": "Salma", "language_code": "fr"}
    said = {"message_id": number, "from": who, "chat": {"id": chat, "first_name": "Salma", "type": "private"}, "date": 1795420800 + number}
    return {"update_id": 900_000 + number, "message": {**said, **({"text": text} if text is not None else {}), **more}}


@dataclass
class FakeTelegram(FakeHttp):
    """`sent`: messages as they came; `waiting`: updates not acknowledged yet; `files`: by file id."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # taps that were acknowledged
    webhook: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # what it says of a file instead of the truth
    asked: threading.Event = field(default_factory=threading.Event)  # an offset acknowledged everything

    def fail(self, status: int, description: str = "told to fail", *, only: str = "", times: int = 1, hang: bool = False, **parameters: Any) -> None:
        body = {"ok": False, "error_code": status, "description": description, **({"parameters": parameters} if parameters else {})}
        self.faults += [Fault(status, body, only, hang) for _ in range(times)]

    def answer(self, request: Request) -> Answer:
        if found := re.fullmatch(rf"/file/bot{TOKEN}/(\w+)", request.path):
            return self.files.get(found[1], (404, {}))
        found = re.fullmatch(r"/bot([^/]+)/(\w+)", request.path)
        if found is None or found[1] != TOKEN:
            return 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        data = {k: _value(v) for k, v in request.data.items()}
        status, result = getattr(self, f"_{found[2]}")(data)
        return status, {"ok": True, "result": result} if status == 200 else {"ok": False, "error_code": status, "description": result}

    def _sendMessage(self, data: dict[str, Any]) -> tuple[int, Any]:
        markup = data.get("reply_markup") or {}
        buttons = [b for row in markup.get("inline_keyboard", ()) for b in row]
        if not 0 < len(str(data["text"])) <= 4096:
            return 400, "Bad Request: message is too long"
        if any(not 0 < len(b["callback_data"].encode()) <= 64 for b in buttons):
            return 400, "Bad Request: BUTTON_DATA_INVALID"
        self.sent.append(data)
        chat = {"id": int(data["chat_id"]), "type": "private"}
        return 200, {"message_id": len(self.sent), "date": 1795420800, "chat": chat, "text": str(data["text"])}

    def _sendPhoto(self, data: dict[str, Any]) -> tuple[int, Any]:
        if not str(data["photo"]).startswith("https://"):
            return 400, "Bad Request: wrong file identifier/HTTP URL specified"
        if len(str(data.get("caption", ""))) > 1024:
            return 400, "Bad Request: message caption is too long"
        self.sent.append(data)
        return 200, {"message_id": len(self.sent), "date": 1795420800, "chat": {"id": int(data["chat_id"]), "type": "private"}}

    def _getUpdates(self, data: dict[str, Any]) -> tuple[int, Any]:
        if self.webhook.get("url"):
            return 409, "Conflict: can't use getUpdates method while webhook is active"
        self.waiting = [u for u in self.waiting if u["update_id"] >= data.get("offset", 0)]
        if not self.waiting:
            self.asked.set()
            self.over.wait(0.05)
        return 200, self.waiting

    def _setWebhook(self, data: dict[str, Any]) -> tuple[int, Any]:
        self.webhook = data
        return 200, True

    def _deleteWebhook(self, data: dict[str, Any]) -> tuple[int, Any]:
        self.webhook = {}
        return 200, True

    def _answerCallbackQuery(self, data: dict[str, Any]) -> tuple[int, Any]:
        self.seen.append(str(data["callback_query_id"]))
        return 200, True

    def _getFile(self, data: dict[str, Any]) -> tuple[int, Any]:
        name = str(data["file_id"])
        if name not in self.files:
            return 400, "Bad Request: wrong file_id or the file is temporarily unavailable"
        size = self.sizes.get(name, len(self.files[name].content))
        if size > 20 * 2**20:
            return 400, "Bad Request: file is too big"
        return 200, {"file_id": name, "file_unique_id": name, "file_size": size, "file_path": name}


def _value(raw: Any) -> Any:
    """Form fields that hold JSON."""
    if isinstance(raw, str) and re.match(r"[\[{]|\d+$|true$|false$", raw):
        try:
            return json.loads(raw)
        except ValueError:
            return raw
    return raw


@contextmanager
def running() -> Iterator[FakeTelegram]:
    with serving(FakeTelegram()) as provider:
        yield provider
