"""One visitor's socket, from the handshake to the last word: resume, take in, push out."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import replace

from fastapi import WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocketState

from channels.base import Accept, InboundMessage, OnStatus, Status, StatusUpdate, StoreUnavailable
from channels.web import wire
from channels.web.door import Door
from channels.web.history import History
from channels.web.hub import Event, Hub, Line
from channels.web.limits import Buckets
from channels.web.photos import Photos
from channels.web.settings import WebSettings

log = logging.getLogger(__name__)

HELLO_SECONDS = 15
BAD_FRAMES = 20  # then the other side is no page of ours
KEEPS = 100  # ids of messages a page names when it comes back
POLICY, TOO_BIG, TRY_LATER = 1008, 1009, 1013  # RFC 6455 close codes


class Closed(Exception):
    """This socket is to be closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Sockets:
    """Everything the sockets of this process share."""

    def __init__(self, settings: WebSettings, history: History, hub: Hub, door: Door, photos: Photos) -> None:
        self.settings, self.history, self.hub, self.door, self.photos = settings, history, hub, door, photos
        self.messages = Buckets(settings.burst, settings.per_second)
        self.visitors = Buckets(settings.new_sessions_per_minute, settings.new_sessions_per_minute / 60)

    async def serve(self, socket: WebSocket, accept: Accept, on_status: OnStatus) -> None:
        if not self.door.open_to(socket.headers):
            await socket.close(POLICY)
            return
        await socket.accept()
        try:
            await self._talk(socket, accept, on_status)
        except Closed as closed:
            await _close(socket, closed.code, closed.reason)
        except (WebSocketDisconnect, RuntimeError):  # it went away, perhaps while we were sending
            pass

    async def _talk(self, socket: WebSocket, accept: Accept, on_status: OnStatus) -> None:
        hello = await self._hello(socket)
        session = self.door.sessions.read(hello.get("token"))
        fresh = session is None
        if session is None:
            if self.visitors.wait(socket.client.host if socket.client else "?"):
                raise Closed(TRY_LATER, "too many new visitors from one address")
            session = self.door.sessions.new()
        line = Line(session)
        have = wire.ids(hello.get("have"))
        line.skip(have)
        self.hub.join(line)  # before the history is read: what is sent in between comes twice and is dropped once
        tasks = []
        try:
            await _say(socket, {"t": "welcome", "token": self.door.sessions.token(session), "fresh": fresh})
            tasks = [asyncio.create_task(self._write(socket, line)), asyncio.create_task(self._catch_up(line, 0 if fresh else _after(have)))]
            await self._read(socket, line, accept, on_status)
        finally:
            self.hub.leave(line)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hello(self, socket: WebSocket) -> Event:
        try:
            frame = wire.parse(await asyncio.wait_for(self._frame(socket), HELLO_SECONDS))
        except TimeoutError:
            raise Closed(POLICY, "no hello") from None
        except wire.BadFrame as bad:
            await _say(socket, bad.event)
            raise Closed(POLICY, "no hello") from None
        if frame["t"] != "hello":
            raise Closed(POLICY, "no hello")
        return frame

    async def _frame(self, socket: WebSocket) -> str:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text")
        if text is None:
            raise wire.BadFrame("frame", "must be text")
        if len(text) > self.settings.max_frame or len(text.encode("utf-8", "replace")) > self.settings.max_frame:
            raise Closed(TOO_BIG, "frame too large")
        return str(text)

    async def _read(self, socket: WebSocket, line: Line, accept: Accept, on_status: OnStatus) -> None:
        bad = 0
        while bad < BAD_FRAMES:
            try:
                frame = wire.parse(await self._frame(socket))
                if frame["t"] == "msg":
                    await self._message(line, frame, accept)
                elif frame["t"] == "seen":
                    await _seen(line, frame, on_status)
                elif frame["t"] == "ping":
                    line.put({"t": "pong"})
                else:
                    raise wire.BadFrame("t", "must be msg, seen or ping")
            except wire.BadFrame as refused:
                bad += 1
                line.put(refused.event)
        raise Closed(POLICY, "too many frames that cannot be read")

    async def _message(self, line: Line, frame: Event, accept: Accept) -> None:
        message = wire.inbound(frame, line.session)
        if seconds := self.messages.wait(line.session):
            line.put({"t": "later", "id": frame["id"], "ms": int(seconds * 1000) + 50})
            return
        try:
            if message.kind == "photo":
                message = await self._with_photo(message, frame["id"])
            await accept([message])
        except StoreUnavailable:
            line.put({"t": "later", "id": frame["id"], "ms": 3000})
        else:
            line.put({"t": "ok", "id": frame["id"]})

    async def _with_photo(self, message: InboundMessage, key: str) -> InboundMessage:
        """The message with the address of the photo that came before it. Raises BadFrame where none did."""
        found = await run_in_threadpool(self.photos.claim, message.sender, key)
        if found is None:
            raise wire.BadFrame("photo", "is not here: upload it first", key)
        return replace(message, payload={**message.payload, "url": found[0], "mime": found[1]})

    async def _write(self, socket: WebSocket, line: Line) -> None:
        while (event := await line.queue.get()) is not None:
            await _say(socket, event)
        await _close(socket, TRY_LATER, "resume")

    async def _catch_up(self, line: Line, after: int) -> None:
        """What was said while the page was away, then every few seconds what another process said."""
        while True:
            try:
                for said in await run_in_threadpool(self.history, line.session, after):
                    line.put(wire.outbound(said.message, said.at))
            except Exception:
                log.warning("the history of a web session cannot be read now", exc_info=True)
            await asyncio.sleep(self.settings.poll_seconds)


async def _seen(line: Line, frame: Event, on_status: OnStatus) -> None:
    status: Status = "read" if frame.get("read") is True else "delivered"
    updates = [StatusUpdate(provider_id(i), status) for i in line.carried(frame.get("ids"))]
    if updates:
        with suppress(StoreUnavailable):  # a status is no reason to trouble the visitor
            await on_status(updates)


def provider_id(message_id: str) -> str:
    return f"web-{message_id}"


def _after(have: set[str]) -> int:
    """The id above which the page may lack something: below its oldest known message when it names many, else everything."""
    numbers = [int(i.partition(".")[0]) for i in have if i.partition(".")[0].isdecimal()]
    return min(numbers) - 1 if len(numbers) >= KEEPS else 0


async def _say(socket: WebSocket, event: Event) -> None:
    await socket.send_text(json.dumps(event, ensure_ascii=False))


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code, reason)
