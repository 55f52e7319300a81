"""Brings what a worker thread sends to the sockets of its session, wherever their event loop runs."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from typing import Any

Event = dict[str, Any]
WAITING_AT_MOST = 200  # events for one socket; beyond it the socket is closed and resumes with what it missed


class Line:
    """One open socket: events put here leave by it, each message once."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.loop = asyncio.get_running_loop()
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(WAITING_AT_MOST + 1)
        self._carried: set[str] = set()  # messages that went by here
        self._known: set[str] = set()  # messages the browser says it has; its word is no proof that they are its own

    def put(self, event: Event) -> None:
        """On the socket's own loop only. A message that went by this socket already is not sent again."""
        if event["t"] == "msg":
            if event["id"] in self._carried or event["id"] in self._known:
                return
            self._carried.add(event["id"])
        if self.queue.qsize() >= WAITING_AT_MOST:
            self.close()
        else:
            self.queue.put_nowait(event)

    def close(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    def carried(self, ids: object) -> list[str]:
        """Which of these ids (from the browser, of any type) really are messages that went by here."""
        return [i for i in ids if isinstance(i, str) and i in self._carried] if isinstance(ids, list) else []

    def skip(self, ids: set[str]) -> None:
        """The browser has these already."""
        self._known |= ids


class Hub:
    def __init__(self, sockets_per_session: int) -> None:
        self._most = sockets_per_session
        self._lines: dict[str, list[Line]] = defaultdict(list)
        self._lock = threading.Lock()

    def join(self, line: Line) -> None:
        """Adds a socket; the oldest of too many is closed."""
        with self._lock:
            lines = self._lines[line.session]
            lines.append(line)
            extra = lines.pop(0) if len(lines) > self._most else None
        if extra:
            _on(extra, extra.close)

    def leave(self, line: Line) -> None:
        with self._lock:
            lines = self._lines.get(line.session, [])
            if line in lines:
                lines.remove(line)
            if not lines:
                self._lines.pop(line.session, None)

    def push(self, session: str, event: Event) -> int:
        """Hands an event to every open socket of the session, from any thread; how many there were."""
        with self._lock:
            lines = list(self._lines.get(session, []))
        return sum(_on(line, line.put, event) for line in lines)


def _on(line: Line, call: Any, *args: Any) -> bool:
    try:
        line.loop.call_soon_threadsafe(call, *args)
    except RuntimeError:  # its loop has just ended: the page resumes elsewhere
        return False
    return True
