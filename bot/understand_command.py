"""Reads messages as JSON lines and writes them back with what each means, in their order: `bricol understand`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from io import BufferedIOBase
from itertools import chain
from multiprocessing import get_context, parent_process
from queue import Queue
from threading import Semaphore, Thread
from typing import Any, BinaryIO, TextIO, cast

from bot.brain.understanding import load
from bot.brain.understanding.base import Role, Understander

ROLES = ("client", "technician")
CHUNK = 16  # lines handed on at once
ALONE = 2 * CHUNK  # lines read before helpers are called: most calls bring fewer
MOST_HELPERS = 4
Numbered = Sequence[tuple[int, bytes]]
Answer = tuple[str, str]  # lines for the output, lines for the errors


class BadRecord(Exception):
    """A line that cannot be read; the message says why."""


def run(stream: BinaryIO, out: TextIO, errors: TextIO, role: str, make: Callable[[], Understander] = load, helpers: int | None = None) -> bool:
    """Adds predictions to each record; a bad line is named on `errors` and the rest goes on. False when there was one.

    `role`: of records that carry none. `make`: gives the understander, in each process. `helpers`: processes that share a long input with this
    one; by default one for each further core. A line is answered without waiting for the next one.
    """
    understander = make()
    helpers = min(MOST_HELPERS, (os.cpu_count() or 1) - 1) if helpers is None else helpers
    clean = True

    def write(answer: Answer) -> None:
        nonlocal clean
        out.write(answer[0])
        out.flush()
        errors.write(answer[1])
        clean = clean and not answer[1]

    chunks = _chunks(stream)
    for chunk in chunks:
        if helpers and chunk[0][0] > ALONE:
            with _Shared(make, role, helpers, write) as shared:
                for one in chain([chunk], chunks):
                    if not shared.hand_on(one):
                        shared.add(_answer(one, role, understander))
            break
        write(_answer(chunk, role, understander))
    return clean


def _chunks(stream: BinaryIO) -> Iterator[Numbered]:
    """Lines with their numbers, as many as have come, at most CHUNK."""
    number, begun = 0, list[bytes]()
    while data := cast(BufferedIOBase, stream).read1(1 << 16):
        first, *more = data.split(b"\n")
        begun.append(first)
        if more:
            lines = [b"".join(begun), *more[:-1]]
            begun = [more[-1]]
            for at in range(0, len(lines), CHUNK):
                yield list(enumerate(lines[at : at + CHUNK], number + at + 1))
            number += len(lines)
    if last := b"".join(begun):
        yield [(number + 1, last)]


def _answer(chunk: Numbered, role: str, understander: Understander) -> Answer:
    found, faults = [], []
    for number, line in chunk:
        if not line.strip():
            continue
        try:
            record = _record(line, role)
        except BadRecord as error:
            faults.append(f"line {number}: {error}\n")
            continue
        meant = understander.understand(record["text"], role=cast(Role, record["role"]), context=record.get("context"))
        found.append(json.dumps({**record, **meant.to_dict(), "danger": meant.danger}, ensure_ascii=False) + "\n")
    return "".join(found), "".join(faults)


def _record(line: bytes, role: str) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRecord("not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise BadRecord('not JSON; example: {"role": "client", "text": "salam"}') from None
    if not isinstance(record, dict):
        raise BadRecord("must be a JSON object")
    if not isinstance(record.get("text"), str):
        raise BadRecord('needs "text", a string')
    record = {"role": role, **record}
    if record["role"] not in ROLES:
        raise BadRecord(f'"role" must be client or technician, not {record["role"]!r}')
    if not isinstance(record.get("context"), str | None):
        raise BadRecord('"context" must be a string or null')
    return record


class _Shared:
    """Chunks read by helper processes; answers are written by a thread in the order of the chunks, while the next are waited for."""

    def __init__(self, make: Callable[[], Understander], role: str, helpers: int, write: Callable[[Answer], None]) -> None:
        # spawned: a forked process would inherit the locks of threads it does not have
        self._pool = ProcessPoolExecutor(helpers, get_context("spawn"), _become_helper, (make, role))
        self._write = write
        self._failed: Exception | None = None
        self._due: Queue[Future[Answer] | Answer | None] = Queue()
        self._helping = Semaphore(4 * helpers)  # chunks with helpers at once; no more is read ahead
        self._writer = Thread(target=self._write_all, daemon=True)

    def __enter__(self) -> _Shared:
        self._writer.start()
        return self

    def hand_on(self, chunk: Numbered) -> bool:
        """Gives a chunk to a helper; False where all have enough (or are yet to come), so that this process had better read it itself."""
        if self._failed:
            raise self._failed
        if not self._helping.acquire(blocking=False):
            return False
        asked = self._pool.submit(_help, chunk)
        asked.add_done_callback(lambda _: self._helping.release())
        self._due.put(asked)
        return True

    def add(self, answer: Answer) -> None:
        """An answer found in this process, in its turn."""
        self._due.put(answer)

    def _write_all(self) -> None:
        while (due := self._due.get()) is not None:
            try:
                if not self._failed:
                    self._write(due.result() if isinstance(due, Future) else due)
            except Exception as error:  # told to whoever hands on; the queue is emptied so that nobody waits
                self._failed = error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._due.put(None)
            self._writer.join()
        self._pool.shutdown(wait=kind is None, cancel_futures=True)
        if kind is None and self._failed:
            raise self._failed


_helper: tuple[Understander, str] | None = None


def _become_helper(make: Callable[[], Understander], role: str) -> None:
    global _helper
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that called
    _helper = make(), role
    Thread(target=_leave_with_caller, daemon=True).start()


def _leave_with_caller() -> None:
    """A caller that is killed cannot send its helpers home."""
    caller = parent_process()
    assert caller
    caller.join()
    os._exit(1)


def _help(chunk: Numbered) -> Answer:
    assert _helper
    understander, role = _helper
    return _answer(chunk, role, understander)
