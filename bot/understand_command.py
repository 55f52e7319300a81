"""Reads messages as JSON lines and writes them back with what each means, in their order: `bricol understand`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from io import BufferedIOBase
from itertools import chain
from multiprocessing import get_context, parent_process
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, TextIO, cast

from bot.brain.understanding.base import Role, Understander

ROLES = ("client", "technician")
CHUNK = 16  # lines handed on at once
ALONE = 2 * CHUNK  # lines read before helpers are called: most calls bring fewer
MOST_HELPERS = 4
Numbered = Sequence[tuple[int, bytes]]
Answer = tuple[str, str]  # lines for the output, lines for the errors


class BadRecord(Exception):
    """A line that cannot be read; the message says why."""


def run(stream: BinaryIO, out: TextIO, errors: TextIO, role: str, understander: Understander | None = None, helpers: int | None = None) -> bool:
    """Adds predictions to each record; a bad line is named on `errors` and the rest goes on. False when there was one.

    `role`: of records that carry none. `helpers`: processes that share a long input; by default one for each core, none where there is one core.
    A line is answered without waiting for the next one.
    """
    if understander is None:
        from bot.brain.understanding import load

        understander = load()
    helpers = _helpers() if helpers is None else helpers
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
            with _Shared(understander, role, helpers, write) as shared:
                for one in chain([chunk], chunks):
                    shared.hand_on(one)
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


def _helpers() -> int:
    """Helpers are forked, so that they have the reader without loading it: elsewhere than on Linux that is not safe."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    return min(MOST_HELPERS, cores) if cores > 1 else 0


class _Shared:
    """Chunks read by helper processes; their answers are written by a thread in the order of the chunks, while the next are waited for."""

    def __init__(self, understander: Understander, role: str, helpers: int, write: Callable[[Answer], None]) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the tokenizer warns when it is forked
        self._pool = ProcessPoolExecutor(helpers, get_context("fork"), _become_helper, (understander, role))
        self._write = write
        self._failed: Exception | None = None
        self._due: Queue[Future[Answer] | None] = Queue(4 * helpers)  # no more is read ahead
        self._writer = Thread(target=self._write_all, daemon=True)

    def __enter__(self) -> _Shared:
        return self

    def hand_on(self, chunk: Numbered) -> None:
        if self._failed:
            raise self._failed
        self._due.put(self._pool.submit(_help, chunk))
        if not self._writer.is_alive():
            self._writer.start()  # after the helpers: a process is forked before it has threads

    def _write_all(self) -> None:
        while future := self._due.get():
            try:
                if not self._failed:
                    self._write(future.result())
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


def _become_helper(understander: Understander, role: str) -> None:
    global _helper
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that called
    _helper = understander, role
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
