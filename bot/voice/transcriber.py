"""What turns sound into words: the seam between the turn and any speech recogniser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Transcript:
    """What was said. `confidence`: 0 to 1, the recogniser's own; `seconds`: how long the sound lasts."""

    text: str = field(repr=False)
    seconds: float
    language: str | None = None
    confidence: float | None = None


class TooLong(Exception):
    """The sound lasts longer than allowed, whatever its head says."""


class Transcriber(Protocol):
    def transcribe(self, audio: bytes, family: str, most_seconds: float) -> Transcript:
        """Words of `audio` (a family of bot.voice.audio); "" where nobody speaks. Raises TooLong, or NotAudio for what cannot be decoded.

        Keeps nothing of the sound: it lives in memory until this returns.
        """
        ...
