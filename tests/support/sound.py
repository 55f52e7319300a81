"""Sound for tests: real WAV and AMR, and Opus pages that hold a length but no voice."""

from __future__ import annotations

import io
import math
import struct
import wave

OPUS_HEAD = b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 48_000, 0, 0)


def page(payload: bytes, position: int, kind: int, number: int) -> bytes:
    """One Ogg page (RFC 3533), its checksum left out: nothing here decodes it."""
    return b"OggS\0" + struct.pack("<BqIII", kind, position, 7, number, 0) + bytes([1, len(payload)]) + payload


def ogg_opus(seconds: float) -> bytes:
    return page(OPUS_HEAD, 0, 2, 0) + page(b"OpusTags" + b"\0" * 8, 0, 0, 1) + page(b"\xfc\xff\xfe" * 20, round(seconds * 48_000) + 312, 4, 2)


def wav(seconds: float, *, hertz: float = 220.0, rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * hertz * n / rate))) for n in range(int(seconds * rate))))
    return file.getvalue()


def amr(seconds: float) -> bytes:
    return b"#!AMR\n" + (b"\x3c" + b"\0" * 31) * round(seconds * 50)
