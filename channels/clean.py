"""Takes out of a person's words what no phone types on purpose and some stores refuse."""

from __future__ import annotations

from channels.base import MAX_TEXT
from domain.engagement.bidi import clean


def words(text: str) -> tuple[str, dict[str, bool]]:
    """(text of at most MAX_TEXT characters without control characters or direction overrides, marks for the payload)."""
    text = clean(text).strip()
    return (text[:MAX_TEXT], {"truncated": True}) if len(text) > MAX_TEXT else (text, {})
