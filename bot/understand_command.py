"""Reads messages as JSON lines and writes them back with what each means: `bricol understand`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO, cast

from bot.brain.understanding.base import Role, Understander

ROLES = ("client", "technician")


class BadRecord(Exception):
    """A line that cannot be read; the message says why."""


def run(lines: Iterable[bytes], out: TextIO, errors: TextIO, role: str, understander: Understander | None = None) -> bool:
    """Adds predictions to each record; a bad line is named on `errors` and the rest goes on. False when there was one.

    `role`: of records that carry none.
    """
    if understander is None:
        from bot.brain.understanding import load

        understander = load()
    clean = True
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = _record(line, role)
        except BadRecord as error:
            errors.write(f"line {number}: {error}\n")
            clean = False
            continue
        meant = understander.understand(record["text"], role=cast(Role, record["role"]), context=record.get("context"))
        out.write(json.dumps({**record, **meant.to_dict(), "danger": meant.danger}, ensure_ascii=False) + "\n")
    out.flush()
    return clean


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
