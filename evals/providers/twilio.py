"""Twilio on this machine, over real HTTP: keeps messages and Content definitions, lists them, and fails when told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from evals.providers.http import Answering, Content, hosted


@dataclass
class Failure:
    """The next answer: `status` with Twilio's error `code`. `hang`: the message is kept, but the answer never comes."""

    status: int
    code: int = 0
    hang: bool = False
    only: str = ""  # a part of the path it counts for


@dataclass
class MediaFile(Content):
    """Media a person sent: behind the account's password, handed over by a redirect where `moved`."""

    mime: str = "audio/ogg"
    moved: bool = False


@dataclass
class FakeTwilio:
    """What the account holds. `messages` and `contents` are as Twilio would list them, oldest first."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    contents: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    media: dict[str, MediaFile] = field(default_factory=dict)  # by path
    deleted: list[str] = field(default_factory=list)  # paths of media
    passwords: list[tuple[str, str | None]] = field(default_factory=list)  # (path, Authorization) of every look at media
    url: str = ""
    answered: threading.Event = field(default_factory=threading.Event)  # set at the end: hanging answers end too
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def fail(self, status: int, code: int = 0, *, times: int = 1, hang: bool = False, only: str = "") -> None:
        self.failures += [Failure(status, code, hang, only)] * times

    def next_failure(self, path: str) -> Failure | None:
        for failure in self.failures:
            if failure.only in path:
                self.failures.remove(failure)
                return failure
        return None

    def create_message(self, account: str, form: dict[str, str]) -> dict[str, Any]:
        sid = f"SM{len(self.messages) + 1:032x}"
        now = format_datetime(self.clock())
        message = {
            "sid": sid,
            "account_sid": account,
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form.get("Body") or self.rendered(form),
            "status": "queued",
            "direction": "outbound-api",
            "date_created": now,
            "date_sent": now,
            "date_updated": now,
            "error_code": None,
            "error_message": None,
            "num_segments": "1",
            "num_media": "0",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
            "form": form,
        }
        self.messages.append(message)
        return message

    def rendered(self, form: dict[str, str]) -> str:
        """The body of a Content message with its variables filled in."""
        content = next((c for c in self.contents if c["sid"] == form.get("ContentSid")), None)
        if content is None:
            return ""
        body = str(next(iter(content["types"].values()))["body"])
        for key, value in json.loads(form.get("ContentVariables", "{}")).items():
            if "\n" in value or not value:
                raise ValueError("21656")  # as Twilio: no line ends, nothing empty
            body = body.replace("{{" + key + "}}", value)
        return body


@contextmanager
def running() -> Iterator[FakeTwilio]:
    account = FakeTwilio()

    class Handler(Answering):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            if "json" in self.headers.get("content-type", ""):
                data: dict[str, Any] = json.loads(raw)
            else:
                data = {k: v[0] for k, v in parse_qs(raw, keep_blank_values=True).items()}
            self._handle("POST", data)

        def do_GET(self) -> None:
            self._handle("GET", {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})

        def do_DELETE(self) -> None:
            path = urlsplit(self.path).path
            account.deleted += [path] if account.media.pop(path, None) else []
            self.send_response(204)
            self.end_headers()

        def _media(self, path: str, failure: Failure | None) -> None:
            file = account.media.get(path) or account.media[path.removeprefix("/stored")]
            account.passwords.append((path, self.headers.get("Authorization")))
            stored = path.startswith("/stored")
            if failure:
                self.give_json(failure.status, {"code": failure.code or failure.status})
            elif not stored and not (self.headers.get("Authorization") or "").startswith("Basic "):
                self.give_json(401, {"code": 20003})
            elif file.missing:
                file.missing -= 1
                self.give_json(404, {"code": 20404})
            elif file.moved and not stored:
                self.redirect(307, f"{account.url}/stored{path}")
            else:
                self.give(file, account.answered)

        def _handle(self, method: str, data: dict[str, Any]) -> None:
            path = urlsplit(self.path).path
            account.requests.append((method, path, data))
            failure = account.next_failure(path)
            if path.removeprefix("/stored") in account.media:
                self._media(path, failure)
                return
            if failure and failure.hang:
                account.create_message(path.split("/")[3], data)
                account.answered.wait(30)
                return
            if failure:
                self.give_json(failure.status, {"code": failure.code or failure.status, "message": "told to fail", "status": failure.status})
            elif path.endswith("/Messages.json") and method == "POST":
                try:
                    self.give_json(201, account.create_message(path.split("/")[3], data))
                except ValueError as error:
                    self.give_json(400, {"code": int(str(error)), "message": "ContentVariables invalid", "status": 400})
            elif path.endswith("/Messages.json"):
                found = [m for m in reversed(account.messages) if data.get("To") in (None, m["to"])]
                self.give_json(200, {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None, "uri": self.path})
            elif path == "/v1/Content" and method == "POST":
                content = {"sid": f"HX{len(account.contents) + 1:032x}", **data, "types": {k: v for k, v in data["types"].items() if v}}
                account.contents.append(content)
                self.give_json(201, content)
            elif path == "/v1/Content":
                meta = {"key": "contents", "page": 0, "page_size": 50, "next_page_url": None, "url": self.path}
                self.give_json(200, {"contents": account.contents, "meta": meta})
            else:
                self.give_json(404, {"code": 20404, "message": "not found", "status": 404})

    with hosted(Handler) as account.url:
        try:
            yield account
        finally:
            account.answered.set()
