"""Looks at sound before anything decodes it: what it really is, and how long it says it lasts."""

from __future__ import annotations

import struct

#: What providers call each family. The family is read from the content; a name that belongs to another is a lie.
NAMES: dict[str, frozenset[str]] = {
    "ogg": frozenset(("audio/ogg", "audio/opus", "application/ogg")),
    "mp4": frozenset(("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/3gpp", "audio/3gpp2", "audio/aac")),
    "mp3": frozenset(("audio/mpeg", "audio/mp3", "audio/mpeg3")),
    "aac": frozenset(("audio/aac", "audio/aacp", "audio/x-aac")),
    "amr": frozenset(("audio/amr", "audio/amr-nb", "audio/amr-wb", "audio/3gpp")),
    "wav": frozenset(("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")),
    "webm": frozenset(("audio/webm",)),
}
_AMR_NB = (12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0)  # bytes of a 20 ms frame after its head, by mode (3GPP TS 26.101)
_AMR_WB = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0)  # 3GPP TS 26.201
_OPUS_RATE = 48_000  # granules per second whatever was recorded (RFC 7845)


class NotAudio(Exception):
    """Not sound we know, or not what it is called. `code`: not_audio or lies."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def family_of(content: bytes, *names: str) -> str:
    """Which of NAMES the content is. Raises NotAudio when it is none, or when a name it was given (empty: not given) is another's."""
    found = _sniff(content)
    if found is None:
        raise NotAudio("not_audio")
    if any(name and name not in NAMES[found] for name in names):
        raise NotAudio("lies")
    return found


def seconds_of(content: bytes, family: str) -> float | None:
    """How long it says it lasts; None where only decoding would tell. Never raises: the content is a stranger's."""
    try:
        seconds = {"ogg": _ogg, "wav": _wav, "amr": _amr}.get(family, lambda _: None)(content)
    except (struct.error, IndexError, ZeroDivisionError):
        return None
    return seconds if seconds is None or seconds >= 0 else None


def _sniff(content: bytes) -> str | None:
    head = content[:16]
    if head.startswith(b"OggS"):
        return "ogg"
    if head[4:8] == b"ftyp":
        return "mp4"
    if head.startswith(b"#!AMR"):
        return "amr"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm"
    if head.startswith(b"ID3"):
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # ADTS: layer bits are zero
        return "aac"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return "mp3"
    return None


def _ogg(content: bytes) -> float | None:
    """From the last page's position (RFC 3533), in the codec's own rate."""
    last = content.rfind(b"OggS")
    (position,) = struct.unpack_from("<q", content, last + 6)
    opus = content.find(b"OpusHead", 0, 512)
    if opus >= 0:
        (skipped,) = struct.unpack_from("<H", content, opus + 10)
        return float(position - skipped) / _OPUS_RATE
    vorbis = content.find(b"\x01vorbis", 0, 512)
    if vorbis < 0:
        return None
    (rate,) = struct.unpack_from("<I", content, vorbis + 12)
    return float(position / rate)


def _wav(content: bytes) -> float | None:
    place = content.find(b"fmt ")
    (per_second,) = struct.unpack_from("<I", content, place + 16)
    return None if place < 0 else (len(content) - 44) / per_second


def _amr(content: bytes) -> float:
    wide = content.startswith(b"#!AMR-WB\n")
    place, frames, sizes = (9 if wide else 6), 0, _AMR_WB if wide else _AMR_NB
    while place < len(content):
        place += 1 + sizes[content[place] >> 3 & 15]
        frames += 1
    return frames * 0.02
