"""Reads scenario files: one YAML document per conversation, every mistake told with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from domain.files import LOADER
from evals.graders.values import comparable

Suite = Literal[
    "booking", "quoting", "tracking", "changes", "refunds", "escalation", "knowledge", "technician", "repair", "safety", "redteam", "chat"
]

#: What `after` may name, and the columns that may be compared there.
TABLES: dict[str, frozenset[str]] = {
    "bookings": frozenset(
        ("ref", "client", "technician", "service", "city", "district", "start", "status", "price_mad", "final_mad", "paid_mad", "channel")
    ),
    "offers": frozenset(("booking", "technician", "status")),
    "refunds": frozenset(("booking", "amount_mad", "status")),
    "escalations": frozenset(("reason", "priority", "status", "booking")),
    "ratings": frozenset(("booking", "stars")),
    "clients": frozenset(("phone", "language", "script", "opted_out", "erased")),
    "technicians": frozenset(("phone", "available")),
    "messages": frozenset(("to", "channel", "direction", "kind", "status")),
    "proposals": frozenset(("kind", "status")),
}


class ScenarioError(Exception):
    """A scenario file that cannot be played; the message names the file, the line and the cure."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


#: A pattern, or a value that is compared as such in any script and digit system: {amount: 320}, {time: "10:00"}.
Said = str | dict[str, Any]


def _checkable(patterns: list[Said]) -> list[Said]:
    for pattern in patterns:
        if isinstance(pattern, dict):
            if len(pattern) != 1:
                raise ValueError(f"each value of said has one kind; found {', '.join(pattern) or 'none'}")
            for kind, value in pattern.items():
                comparable(kind, value)
            continue
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return patterns


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class Expect(Strict):
    calls: list[str] = []
    calls_none: list[str] = []
    awaiting: list[str | None] | None = None
    said: list[Said] = []
    not_said: list[Said] = []
    language: str | None = None
    script: str | None = None
    owner: Literal["bot", "human"] | None = None
    silent: bool | None = None

    _patterns = field_validator("said", "not_said")(_checkable)
    _one_or_many = field_validator("awaiting", "said", "not_said", "calls", "calls_none", mode="before")(_as_list)


class Speech(Strict):
    phone: str
    say: str


class AgentWords(Strict):
    desk: str
    say: str


class Location(Strict):
    lat: float
    lon: float


class Step(Strict):
    """One line of `turns`: exactly one of the actions, and what is expected of the answer."""

    say: str | None = None
    converse: int | None = Field(None, ge=1)
    at: datetime | None = None
    technician: Speech | None = None
    agent: AgentWords | None = None
    burst: list[str] | None = Field(None, min_length=1)
    redeliver: Literal["last"] | None = None
    location: Location | None = None
    voice: dict[str, Any] | None = None
    photo: dict[str, Any] | None = None
    button: str | int | None = None
    expect: Expect | None = None

    @property
    def action(self) -> str:
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a turn is exactly one of {', '.join(ACTIONS)}; found {', '.join(given) or 'none'}")
        return self


ACTIONS = ("say", "converse", "at", "technician", "agent", "burst", "redeliver", "location", "voice", "photo", "button")


class Anywhere(Strict):
    calls: list[str] = []
    said: list[Said] = []

    _patterns = field_validator("said")(_checkable)


class Scenario(Strict):
    id: str
    suite: Suite
    language: Literal["ary", "fr", "ar", "en"]
    script: Literal["latn", "arab"]
    channel: Literal["whatsapp", "sms", "telegram", "web"] = "whatsapp"
    who: Literal["client", "technician"] = "client"
    phone: str = Field(pattern=r"^\+\d{8,15}$")
    world: str = "demo"
    now: datetime
    technicians: Literal["accept", "decline", "silent", "first_declines"] = "accept"
    given: list[dict[str, dict[str, Any]]] = []
    facts: dict[str, str | list[str]] = {}
    turns: list[Step] = Field(min_length=1)
    after: dict[str, list[dict[str, Any]]] = {}
    never: Anywhere = Anywhere()
    ever: Anywhere = Anywhere()
    max_turns: int = Field(20, ge=1)
    tags: list[str] = []
    persona: str = ""  # of a person played by a language model: who they are
    goal: str = ""  # and what they want; empty: what the first message says
    path: str = ""

    @field_validator("given", mode="after")
    @classmethod
    def _one_row_each(cls, rows: list[dict[str, dict[str, Any]]]) -> list[dict[str, dict[str, Any]]]:
        kinds = {"booking", "offer", "refund", "client", "technician", "conversation"}
        for row in rows:
            if len(row) != 1 or not set(row) <= kinds:
                raise ValueError(f"each row of given names one of {', '.join(sorted(kinds))}; found {', '.join(row)}")
        return rows

    @field_validator("after")
    @classmethod
    def _known_tables(cls, after: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        for table, rows in after.items():
            if table not in TABLES:
                raise ValueError(f"unknown table {table!r}; one of {', '.join(TABLES)}")
            for row in rows:
                if unknown := sorted(set(row) - TABLES[table] - {"count"}):
                    raise ValueError(f"{table} has no {unknown[0]!r}; one of {', '.join(sorted(TABLES[table]))}, count")
        return after


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The scenario files below the paths, in a stable order."""
    for path in paths:
        if not path.exists():
            raise ScenarioError(f"{path}: no such file or folder")
        yield from sorted(p for p in path.rglob("*.yaml")) if path.is_dir() else [path]


def load(path: Path) -> Scenario | None:
    """One scenario; None for a file without `id` and `turns` (a world). Raises ScenarioError with file and line."""
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.load(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ScenarioError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{path}:1: a scenario is a mapping with id, suite, ...; found {type(data).__name__}")
    if "id" not in data and "turns" not in data:
        return None
    try:
        return Scenario.model_validate({**data, "path": str(path)})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        line = _line(yaml.compose(text, Loader=LOADER), first["loc"])
        raise ScenarioError(f"{path}:{line}: {where}: {first['msg'].removeprefix('Value error, ')}") from error


def _line(node: yaml.Node | None, location: tuple[Any, ...]) -> int:
    """The line of the deepest part of `location` that the file has."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
