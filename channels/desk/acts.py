"""What the desk may ask of the rest of the house: take a conversation, write in it, act for the client, give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

#: How a case may end.
OUTCOMES = ("solved", "informed", "booked", "refunded", "refused", "no_answer", "abuse", "other")


class ActRefused(Exception):
    """An act that was not done; nothing was sent or changed. `code` is an entry of `errors` in prompts/desk, `detail` fills it."""

    def __init__(self, code: str, /, **detail: Any) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Field:
    """One argument of a tool. `kind`: text, number, or choice among `choices`."""

    name: str
    kind: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolForm:
    """A tool as somebody at the desk may use it for the person they write with."""

    name: str
    writes: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Suggestion:
    """A passage of our documents that may answer; `source` names the document, `score` is 0..1."""

    title: str
    text: str
    source: str
    score: float


@dataclass(frozen=True)
class Photo:
    """A picture a person sent; `mime` is what its bytes say."""

    content: bytes = field(repr=False)
    mime: str


class Acts(Protocol):
    """All of these run in a worker thread, write their line of the audit in their own transaction, and raise ActRefused.

    `login` is the account that acts. Whoever writes or acts must own the conversation.
    """

    def take(self, conversation_id: int, login: str, *, over: str | None = None) -> bool:
        """Makes `login` the owner; when this returns no message of the bot is on its way any more, unless it returns False.

        Raises `taken` (name) when a colleague has it and is not `over`.
        """
        ...

    def reply(self, conversation_id: int, login: str, text: str, key: str) -> int:
        """Queues these words once per `key` and returns their outbox row. Raises not_yours, empty, too_long, unfilled, session_closed, erased."""
        ...

    def invite(self, conversation_id: int, login: str, key: str) -> int:
        """Queues the approved template that may leave at any time. Raises not_yours, no_template."""
        ...

    def session_closed(self, conversation_id: int) -> bool:
        """Whether the channel takes no free text now."""
        ...

    def tools(self, role: str) -> Sequence[ToolForm]:
        """What may be done for a client or a technician."""
        ...

    def act(self, conversation_id: int, login: str, tool: str, args: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Runs a tool as the bot would and returns its result; a proposal's question leaves at once, in the house's own words.

        Raises not_yours, no_such_tool, and no_consent for a confirmation before the person has written again.
        """
        ...

    def decide_refund(self, refund_id: int, login: str, approve: bool) -> None:
        """Decides, and tells the client in their own language. Raises no_refund when it waits for no decision."""
        ...

    def resend(self, row_id: int, login: str, *, anywhere: bool) -> None:
        """Queues a message that failed for good once more, once. `anywhere`: not only in conversations of `login`.

        Raises not_yours, letter_missing, letter_not_failed, letter_erased, letter_outdated, letter_resent (somebody did),
        letter_channel (not configured) and letter_closed (the provider would refuse it now).
        """
        ...

    def hand_back(
        self, conversation_id: int, login: str, instruction: str, choice: str = "", args: Mapping[str, Any] | None = None, key: str = "once"
    ) -> None:
        """The bot answers again. `choice` is "" or one of HAND_BACKS: what it does first, or keeps to for a day.

        `args`: of propose_visit those of propose_booking, or `ref` and `start` of a visit that moves; of ask_address the visit's `ref`.
        Raises not_yours, session_closed (the bot may not speak now), for_clients, no_visit, and tool (code) where the visit cannot be proposed.
        """
        ...

    def close(self, conversation_id: int, login: str, outcome: str) -> None:
        """As hand_back, with the outcome kept and the client asked how it went."""
        ...

    def suggest(self, text: str, locale: str) -> Sequence[Suggestion]:
        """Passages that may answer `text`, best first; empty when nothing fits."""
        ...

    def photo(self, conversation_id: int, row_id: int, login: str) -> Photo:
        """The picture of a message of this conversation, fetched from its provider. Raises no_photo (none, or not any more) and photo_later."""
        ...
