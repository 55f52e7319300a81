"""The two kinds of failure a business rule may have; anything else raised here is a bug."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A rule says no. `code` names the rule (snake_case), `detail` holds JSON-able facts for the wording.

    Codes are turned into words by `prompts/replies/<lang>/errors.yaml`; they are never shown raw.
    """

    def __init__(self, code: str, message: str = "", **detail: Any) -> None:
        super().__init__(message or code)
        self.code = code
        self.detail = detail


class NotFound(DomainError):
    """What was named does not exist, or does not belong to the person who asks: both look the same from outside."""
