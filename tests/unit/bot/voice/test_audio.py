"""Sound is what its content says, not its name; its length is read before it is decoded."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.audio import NAMES, NotAudio, family_of, seconds_of
from tests.support.sound import amr, ogg_opus, wav

HEADS = {
    "ogg": b"OggS\0\x02", "mp4": b"\0\0\0\x20ftypM4A ", "mp3": b"ID3\x04", "aac": b"\xff\xf1\x50\x80", "amr": b"#!AMR\n",
    "wav": b"RIFF\0\0\0\0WAVEfmt ", "webm": b"\x1a\x45\xdf\xa3",
}  # fmt: skip


@pytest.mark.parametrize("family", NAMES)
def test_each_family_is_known_by_its_content_under_each_of_its_names(family: str) -> None:
    assert {family_of(HEADS[family], name) for name in NAMES[family]} == {family}


def test_mp3_without_tags_is_no_aac() -> None:
    assert family_of(b"\xff\xfb\x90\x00", "audio/mpeg") == "mp3"


@given(st.sampled_from(sorted(HEADS)), st.sampled_from(["image/jpeg", "text/html", "application/octet-stream", "audio/x-unknown", "video/mp4"]))
def test_sound_under_a_name_that_is_not_its_own_is_a_lie(family: str, name: str) -> None:
    with pytest.raises(NotAudio, match="lies"):
        family_of(HEADS[family], name)


@given(st.binary(max_size=64).filter(lambda b: not any(b[:3] == h[:3] or b[4:8] == b"ftyp" or b[:1] == b"\xff" for h in HEADS.values())))
def test_what_is_no_sound_is_refused_under_any_name(content: bytes) -> None:
    with pytest.raises(NotAudio, match="not_audio"):
        family_of(content, "audio/ogg")


def test_a_web_page_called_ogg_is_refused() -> None:
    with pytest.raises(NotAudio):
        family_of(b"<!doctype html><script>", "audio/ogg")


@given(st.floats(0.1, 4000))
def test_the_length_of_opus_is_read_from_its_last_page(seconds: float) -> None:
    assert seconds_of(ogg_opus(seconds), "ogg") == pytest.approx(seconds, abs=0.001)


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_the_length_of_wav_and_amr_is_read_too(seconds: float) -> None:
    assert seconds_of(wav(seconds), "wav") == pytest.approx(seconds, abs=0.02)
    assert seconds_of(amr(seconds), "amr") == pytest.approx(seconds, abs=0.02)


@given(st.sampled_from(sorted(HEADS)), st.binary(max_size=300))
def test_a_damaged_file_has_a_length_or_none_but_no_error(family: str, rest: bytes) -> None:
    seconds = seconds_of(HEADS[family] + rest, family)
    assert seconds is None or seconds >= 0


def test_a_negative_position_is_no_length() -> None:
    assert seconds_of(ogg_opus(1.0)[:-30] + b"OggS\0\x04" + struct.pack("<q", -5) + b"\0" * 16, "ogg") is None
