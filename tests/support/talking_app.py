"""A web chat over memory with a scripted agent, for tests of the page and its socket: the same channel code, no store, no brain."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI

from channels.base import InboundMessage, Media, OutMessage, StatusUpdate, StoreUnavailable
from channels.web import Said, WebChat, WebSettings
from domain import engagement
from domain.engagement.reply import Reply

Agent = Callable[[InboundMessage], Sequence[Reply]]


@dataclass
class KeptPhotos:
    """Photos in memory, as channels.web.Photos."""

    kept: dict[str, Media] = field(default_factory=dict)

    def keep(self, session: str, key: str, mime: str, content: bytes) -> None:
        self.kept.setdefault(f"web:{session}/{key}", Media(content, mime))

    def claim(self, session: str, key: str) -> tuple[str, str] | None:
        found = self.kept.get(f"web:{session}/{key}")
        return (f"web:{session}/{key}", found.mime) if found else None

    def read(self, address: str) -> Media | None:
        return self.kept.get(address)

    def forget(self, address: str) -> None:
        self.kept.pop(address, None)


@dataclass
class Talk:
    """What the house would keep: every message once, every reply with its number."""

    agent: Agent
    settings: WebSettings = field(default_factory=lambda: WebSettings(secret=b"a secret of the tests, long enough", poll_seconds=3600))
    recent_sms: Callable[[], list[dict[str, Any]]] | None = None
    taken: list[InboundMessage] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    statuses: list[StatusUpdate] = field(default_factory=list)
    photos: KeptPhotos = field(default_factory=KeptPhotos)
    down: bool = False  # the store

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.channel = WebChat(self.settings, self.history, self.photos, self.recent_sms)
        self.app = FastAPI(lifespan=_nothing)
        self.app.include_router(self.channel.routes(self.accept, self.on_status))

    def history(self, session: str, after_id: int) -> Sequence[Said]:
        with self._lock:
            return [s for s in self.said if s.message.to == session and int(s.message.id) > after_id]

    async def accept(self, messages: Sequence[InboundMessage]) -> None:
        if self.down:
            raise StoreUnavailable("down for the test")
        for message in messages:
            with self._lock:
                if any(m.provider_id == message.provider_id for m in self.taken):
                    continue
                self.taken.append(message)
            threading.Thread(target=self._answer, args=(message,), daemon=True).start()

    async def on_status(self, updates: Sequence[StatusUpdate]) -> None:
        self.statuses += updates

    def _answer(self, message: InboundMessage) -> None:
        for reply in self.agent(message):
            self.tell(message.sender, reply)

    def tell(self, session: str, reply: Reply, *, push: bool = True) -> OutMessage:
        """Says something to a session; `push=False`: as a process without its socket would."""
        [form] = engagement.render(reply, "web", self.channel.capabilities)
        with self._lock:
            out = OutMessage(
                id=str(len(self.said) + 1),
                channel="web",
                to=session,
                kind=form.kind,
                text=form.text,
                options=form.options,
                language=reply.language,
                script=reply.script,
                awaiting=reply.awaiting,
            )
            self.said.append(Said(out, datetime.now(UTC)))
        if push:
            assert self.channel.send(out).status == "sent"
        return out


@asynccontextmanager
async def _nothing(app: FastAPI) -> AsyncIterator[None]:
    yield


class Server:
    """The app on a real port of this machine; may be stopped and started again at the same port."""

    def __init__(self, app: FastAPI) -> None:
        self._app, self.port = app, 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(self._app, host="127.0.0.1", port=self.port, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        started = threading.Event()
        original = self._server.startup

        async def startup(sockets: Any = None) -> None:
            await original(sockets)
            started.set()

        self._server.startup = startup  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        if not started.wait(20):
            raise RuntimeError("the test server did not start")
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(20)


@contextmanager
def serving(app: FastAPI) -> Iterator[Server]:
    server = Server(app)
    server.start()
    try:
        yield server
    finally:
        server.stop()
