"""Gives the voice notes of a turn their words before the turn is answered; the sound itself is never written down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from bot.inbox import STORE_DOWN, clean
from bot.voice.audio import NotAudio, family_of, seconds_of
from bot.voice.transcriber import TooLong, Transcriber, Transcript
from channels.base import Media, MediaRefused, MediaSource
from channels.clean import words
from domain.store.tables import InboxRow

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.wiring import House

log = logging.getLogger(__name__)

TRIES, PAUSE_SECONDS = 3, 0.4  # a provider's store may be slower than its webhook
#: Why a note has no words, in `payload["unheard"]`; each has its reply.
TOO_LONG, FAILED = "too_long", "failed"


@dataclass(frozen=True)
class Ears:
    """How voice notes are heard in this house, and how much of them is listened to."""

    transcriber: Transcriber
    most_seconds: float
    most_bytes: int
    fetch_seconds: float
    forget: bool = True  # also at the provider, once the words are kept
    sleep: Callable[[float], None] = time.sleep

    def hear(self, source: MediaSource, payload: Mapping[str, Any]) -> Transcript:
        """Raises MediaRefused, NotAudio or TooLong; anything else is the recogniser's own failure."""
        if float(payload.get("seconds") or 0) > self.most_seconds:
            raise TooLong
        media = self._fetched(source, str(payload.get("url") or ""))
        family = family_of(media.content, media.mime, str(payload.get("mime") or ""))
        if (seconds_of(media.content, family) or 0) > self.most_seconds:
            raise TooLong
        return self.transcriber.transcribe(media.content, family, self.most_seconds)

    def _fetched(self, source: MediaSource, url: str) -> Media:
        for left in range(TRIES - 1, -1, -1):
            try:
                return source.fetch(url, self.most_bytes, self.fetch_seconds)
            except MediaRefused as refused:
                if not (refused.retry and left):
                    raise
                self.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")


def ears(settings: Settings, transcriber: Transcriber | None = None) -> Ears | None:
    """The ears of these settings; None without a model. Raises SettingsError when the extra that hears is not installed."""
    if transcriber is None:
        if settings.voice_model is None:
            return None
        from importlib.util import find_spec

        from bot.settings import SettingsError
        from bot.voice.whisper import FasterWhisper

        if find_spec("faster_whisper") is None:
            raise SettingsError("BRICOL_VOICE_MODEL: the extra that hears voice notes is not installed; uv pip install -e '.[voice]', or unset it")
        transcriber = FasterWhisper(settings.voice_model)
    return Ears(transcriber, settings.voice_max_seconds, settings.voice_max_bytes, settings.voice_timeout_seconds, settings.voice_forget)


def listen(house: House, rows: Sequence[InboxRow]) -> None:
    """Fills in `text` and the marks of every voice row that has none, here and in the store. Raises only when the store is down.

    Kept before the turn is answered: a turn that is played again after a crash reads the same words and fetches nothing.
    """
    if house.ears is None:
        return
    for row in _unheard(rows):
        source = house.channels.get(row.channel)
        if not isinstance(source, MediaSource):
            continue
        url = str(row.payload.get("url") or "")
        text, payload = _heard(house.ears, source, row)
        _keep(house, row, text, payload)
        if payload.get("heard") and house.ears.forget:
            source.forget(url)


def _unheard(rows: Sequence[InboxRow]) -> Iterator[InboxRow]:
    return (r for r in rows if r.kind == "voice" and not {"heard", "unheard"} & r.payload.keys())


def _heard(ears: Ears, source: MediaSource, row: InboxRow) -> tuple[str, dict[str, Any]]:
    """(text, payload) of a row after listening. The log names the row and the reason, never the words nor where the sound is."""
    try:
        transcript = ears.hear(source, row.payload)
    except TooLong:
        log.info("voice note %s: too long", row.id)
        return row.text, {**row.payload, "unheard": TOO_LONG}
    except (MediaRefused, NotAudio) as refused:
        log.warning("voice note %s: %s", row.id, refused.code)
        return row.text, {**row.payload, "unheard": TOO_LONG if refused.code == "too_large" else FAILED}
    except STORE_DOWN:
        raise
    except Exception as error:
        # no traceback: a recogniser's own error may quote what it heard
        log.error("voice note %s: the recogniser failed: %s", row.id, type(error).__name__)
        return row.text, {**row.payload, "unheard": FAILED}
    said, cut = words(transcript.text)
    if not said:
        log.info("voice note %s: no words in it", row.id)
        return row.text, {**row.payload, "unheard": FAILED}
    marks = {"heard": True, "seconds": transcript.seconds, "language": transcript.language, "confidence": transcript.confidence}
    kept = {k: v for k, v in row.payload.items() if k not in ("url", "more")}  # nothing that leads to the sound
    return "\n".join(filter(None, (row.text, said))), {**kept, **cut, **{k: v for k, v in marks.items() if v is not None}}


def _keep(house: House, row: InboxRow, text: str, payload: dict[str, Any]) -> None:
    text, payload = clean(text), clean(payload)
    with house.db.transaction() as session:
        session.execute(update(InboxRow).where(InboxRow.id == row.id, InboxRow.turn_id.is_(None)).values(text=text, payload=payload))
    row.text, row.payload = text, payload
