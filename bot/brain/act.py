"""What a flow may do next: call one tool, or say one thing."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.engagement.reply import Option

Result = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One tool call. `args` without None values are what is sent."""

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sent(self) -> dict[str, Any]:
        return {k: v for k, v in self.args.items() if v is not None and v != ""}


@dataclass(frozen=True)
class Say:
    """One entry of prompts/replies, filled. `flow` waits for the answer; `over` ends the flow that says it.

    `extra` travels in `Reply.extra`: small facts the next turn reads back ({"ref": ...}).
    `instead`: nothing is said; the flow of that name answers the message from the beginning, as if it had been read so.
    """

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    awaiting: str | None = None
    options: tuple[Option, ...] = ()
    flow: str | None = None
    over: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    instead: str | None = None


#: A flow asks for tool results by yielding calls and ends with what to say. It is run again from the top after each result: it must be pure.
Steps = Generator[Call, Result, Say]
