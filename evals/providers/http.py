"""A provider's server on this machine: real HTTP, answers by a function, files that trickle, hang or are not there yet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit


@dataclass
class Content:
    """What a store holds. `missing`: how often it is not there yet; `trickles`: a byte at a time, for ever."""

    content: bytes = b""
    mime: str = "application/octet-stream"
    missing: int = 0
    trickles: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class File(Content):
    """`moved`: to another address."""

    moved: str = ""


@dataclass
class Request:
    method: str
    path: str
    data: dict[str, Any]
    headers: dict[str, str]
    raw: bytes = b""


@dataclass
class Fault:
    """The next answer instead of the real one. `hang`: the request is carried out, but its answer never comes."""

    status: int
    body: Any
    only: str = ""
    hang: bool = False


Answer = tuple[int, Any] | File
Provider = TypeVar("Provider", bound="FakeHttp")


@dataclass
class FakeHttp:
    """What the provider was asked, and how it fails."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def take_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.only in path:
                self.faults.remove(fault)
                return fault
        return None


class Answering(BaseHTTPRequestHandler):
    """A handler that says nothing on the console, and knows how to give JSON and files."""

    def give_json(self, status: int, body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def redirect(self, status: int, address: str) -> None:
        self.send_response(status)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def give(self, file: Content, over: threading.Event) -> None:
        """The file whole, after a byte at a time until `over` where it trickles."""
        self.send_response(200)
        for name, value in {"Content-Type": file.mime, "Content-Length": str(len(file.content)), **file.headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # who has had enough hangs up
            while file.trickles and not over.wait(0.02):
                self.wfile.write(b"x")
            self.wfile.write(file.content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def hosted(handler: type[Answering]) -> Iterator[str]:
    """The address of a server on a free port of this machine, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    class Handler(Answering):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            kind, parts = self.headers.get("content-type", ""), urlsplit(self.path)
            data: dict[str, Any] = {k: v[0] for k, v in parse_qs(parts.query).items()}
            if "json" in kind and raw:
                data |= json.loads(raw)
            elif raw and "multipart" not in kind:
                data |= {k: v[0] for k, v in parse_qs(raw.decode(), keep_blank_values=True).items()}
            request = Request(self.command, parts.path, data, {k.lower(): v for k, v in self.headers.items()}, raw)
            provider.requests.append(request)
            fault = provider.take_fault(parts.path)
            if fault and fault.hang:
                provider.answer(request)
                provider.over.wait(30)
                self.close_connection = True
                return
            found: Answer = (fault.status, fault.body) if fault else provider.answer(request)
            self._file(found) if isinstance(found, File) else self.give_json(*found)

        do_GET = do_POST = do_DELETE = _handle

        def _file(self, file: File) -> None:
            self.close_connection = True
            if file.missing:
                file.missing -= 1
                self.give_json(404, {})
            elif file.moved:
                self.redirect(302, file.moved)
            else:
                self.give(file, provider.over)

    with hosted(Handler) as provider.url:
        try:
            yield provider
        finally:
            provider.over.set()
