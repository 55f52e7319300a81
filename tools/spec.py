"""Declares a tool: what it does (READ or WRITE), for whom, with which arguments; the registry runs it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field

from tools.turn import Turn

Kind = Literal["READ", "WRITE"]
Who = Literal["client", "technician", "both"]
Result = dict[str, Any]


class Args(BaseModel):
    """Arguments of a tool as JSON values. An argument no tool knows is refused by name, so that a slip is never silently dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=2000)


#: A row of the store, as PostgreSQL counts them.
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NoArgs(Args):
    pass


@dataclass(frozen=True)
class ToolSpec:
    name: str
    kind: Kind
    who: Who
    personal: bool
    args: type[Args]
    run: Callable[[Turn, Any], Result]
    manual: str  # the docstring: what a model reads before it calls


#: Every declared tool by name, filled when the modules of `tools.registry.MODULES` are imported.
DECLARED: dict[str, ToolSpec] = {}


def tool(kind: Kind, *, who: Who = "client", personal: bool = True) -> Callable[[Callable[[Turn, Any], Result]], Callable[[Turn, Any], Result]]:
    """Declares `def name(turn: Turn, args: SomeArgs) -> dict` as a tool.

    `personal`: refused with `verify_needed` until the channel (or a code) has proven who writes.
    The result's keys join {"ok": true}; a result that carries its own "ok" is taken as it is (and committed).
    """

    def declare(function: Callable[[Turn, Any], Result]) -> Callable[[Turn, Any], Result]:
        name = function.__name__
        if name in DECLARED:
            raise ValueError(f"tool {name!r} is declared twice; rename one")
        manual = inspect.getdoc(function)
        if not manual:
            raise ValueError(f"tool {name!r} has no docstring; it is the manual a model reads")
        DECLARED[name] = ToolSpec(name, kind, who, personal, get_type_hints(function)["args"], function, manual)
        return function

    return declare
