"""Reads lessons and refuses what would teach something wrong: every fault with its file, its line and its cure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.lessons import scenario_of
from bot.redact import private_spans

ROLES = ("system", "user", "assistant", "tool")
SHOWN = 20  # faults told at once


class BadLessons(Exception):
    """One line per fault: `file:line: what is wrong; cure`."""


@dataclass(frozen=True)
class Lesson:
    """Messages in OpenAI's form, with the arguments of tool calls as objects. `weight` 0 on an assistant message: context, not learnt."""

    id: str
    messages: tuple[dict[str, Any], ...] = field(repr=False)
    tools: tuple[dict[str, Any], ...] = field(default=(), repr=False)


class _Fault(Exception):
    pass


def load(paths: Iterable[Path], leave_out: frozenset[str] = frozenset()) -> list[Lesson]:
    """Lessons of all files, in order, without those whose id or scenario is in `leave_out`. Raises BadLessons."""
    found: dict[str, Lesson] = {}
    seen: dict[str, str] = {}
    faults: list[str] = []
    for path in paths:
        for number, line in _lines(path):
            try:
                lesson = parse(line)
                if lesson.id in seen:
                    raise _Fault(f"id {lesson.id!r} is also in {seen[lesson.id]}; ids are unique, give each file once")
            except _Fault as fault:
                faults.append(f"{path}:{number}: {fault}")
                continue
            seen[lesson.id] = f"{path}:{number}"
            if not {lesson.id, scenario_of(lesson.id)} & leave_out:
                found[lesson.id] = lesson
    if faults:
        more = [f"... and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise BadLessons("\n".join(faults[:SHOWN] + more))
    if not found:
        raise BadLessons("no lesson is left to learn from; export some with `bricol train lessons` or `bricol eval export`")
    return list(found.values())


def parse(line: str) -> Lesson:
    """One line of a file. Raises _Fault: what is wrong and how to mend it."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Fault(f"not JSON ({error}); each line is one object") from None
    if not isinstance(record, dict) or not isinstance(record.get("messages"), list) or not record["messages"]:
        raise _Fault("no messages; a lesson is {id, messages: [...], tools: [...]}")
    if not isinstance(record.get("id"), str) or not record["id"]:
        raise _Fault("no id; it says where a lesson comes from, `store:...` or `scenario:<id>#<n>`, so that tests are never learnt")
    tools = record.get("tools") or []
    if not isinstance(tools, list) or not all(_tool_name(t) for t in tools):
        raise _Fault("tools must be a list of {type: function, function: {name, ...}}; export again")
    messages = tuple(_messages(record["messages"], {_tool_name(t) for t in tools}))
    if not any(m["role"] == "assistant" and m.get("weight", 1) for m in messages):
        raise _Fault("nothing to learn: no assistant message with weight 1; leave the line out")
    return Lesson(record["id"], messages, tuple(tools))


def _messages(raw: list[Any], tools: set[str]) -> Iterator[dict[str, Any]]:
    open_calls: dict[str, str] = {}  # id -> tool
    for n, message in enumerate(raw, 1):
        where = f"message {n}"
        if not isinstance(message, dict):
            raise _Fault(f"{where}: must be an object with role and content")
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            raise _Fault(f"{where}: unknown role {role!r}; one of {', '.join(ROLES)}")
        if content is None and message.get("tool_calls"):
            content = ""
        if not isinstance(content, str):
            raise _Fault(f"{where}: content must be text; found {type(content).__name__}")
        if private := next(iter(private_spans(content)), None):
            raise _Fault(f"{where}: holds a private detail ({private[2]}, characters {private[0]}-{private[1]}); export again, exports hide them")
        if role == "system" and n > 1:
            raise _Fault(f"{where}: a system message is only ever the first; move it there")
        if role == "tool":
            if open_calls.pop(str(message.get("tool_call_id")), None) is None:
                raise _Fault(f"{where}: answers no open tool call ({message.get('tool_call_id')!r}); a result follows the message that called")
        elif open_calls:
            call, tool = next(iter(open_calls.items()))
            raise _Fault(f"{where}: tool call {call!r} ({tool}) has no result before it; add the tool message or leave the lesson out")
        out: dict[str, Any] = {"role": role, "content": content}
        if role == "tool":
            out |= {"name": str(message.get("name") or ""), "tool_call_id": str(message["tool_call_id"])}
        if role == "assistant":
            if message.get("weight", 1) not in (0, 1):
                raise _Fault(f"{where}: weight {message['weight']!r} must be 0 or 1")
            if calls := list(_calls(message.get("tool_calls"), where, tools)):
                out["tool_calls"] = calls
                open_calls = {c["id"]: c["function"]["name"] for c in calls}
                if len(open_calls) < len(calls):
                    raise _Fault(f"{where}: two tool calls share an id; each needs its own")
            if "weight" in message:
                out["weight"] = message["weight"]
        yield out
    if open_calls:
        call, tool = next(iter(open_calls.items()))
        raise _Fault(f"message {len(raw)}: tool call {call!r} ({tool}) has no result; add the tool message or leave the lesson out")


def _calls(raw: Any, where: str, tools: set[str]) -> Iterator[dict[str, Any]]:
    if not isinstance(raw or [], list):
        raise _Fault(f"{where}: tool_calls must be a list")
    for call in raw or []:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not isinstance(call.get("id"), str):
            raise _Fault(f"{where}: a tool call is {{id, type: function, function: {{name, arguments}}}}; export again")
        if tools and function["name"] not in tools:
            raise _Fault(f"{where}: calls {function['name']!r}, which is not among the lesson's tools; name it as they do, or export again")
        arguments = function.get("arguments", {})
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except ValueError:
                raise _Fault(f"{where}: the arguments of {function['name']} are not JSON; export again") from None
        if not isinstance(arguments, dict):
            raise _Fault(f"{where}: the arguments of {function['name']} must be an object")
        yield {"id": call["id"], "type": "function", "function": {"name": function["name"], "arguments": arguments}}


def _tool_name(tool: Any) -> str:
    function = tool.get("function") if isinstance(tool, dict) else None
    return str(function.get("name") or "") if isinstance(function, dict) else ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_bytes().decode("utf-8")  # a lone carriage return ends no line
    except FileNotFoundError:
        raise BadLessons(f"{path}: is not there; make it with `bricol train lessons` or `bricol eval export`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadLessons(f"{path}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    return ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
