"""The real recogniser library on a tiny random model: sound is decoded and heard without a network; what lies about itself is stopped."""

from __future__ import annotations

import io
import wave
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.voice.audio import NotAudio
from bot.voice.transcriber import TooLong
from bot.voice.whisper import RATE, FasterWhisper, decode, hints
from tests.support.sound import ogg_opus, wav
from tests.support.whisper import random_model


def packed(seconds: float, container: str, codec: str, *, rate: int = 48_000) -> bytes:
    """Real sound of a phone's recorder."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        size = stream.codec_context.frame_size or 960
        samples = (np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 220 / rate) * 9000).astype(np.int16)
        for start in range(0, len(samples), size):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + size], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            for heard in av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=rate).resample(frame):
                out.mux(stream.encode(heard))
        out.mux(stream.encode(None))
    return file.getvalue()


RECORDERS = [("ogg", "ogg", "libopus"), ("mp4", "mp4", "aac"), ("webm", "webm", "libopus"), ("aac", "adts", "aac")]


@pytest.mark.parametrize(("family", "container", "codec"), RECORDERS)
def test_what_phones_record_is_decoded(family: str, container: str, codec: str) -> None:
    samples = decode(packed(1.0, container, codec), family, 10)
    assert len(samples) / RATE == pytest.approx(1.0, abs=0.12)
    assert 0.1 < np.abs(samples).max() <= 1.0


def test_a_note_that_is_longer_than_its_head_says_is_stopped_at_the_limit() -> None:
    with pytest.raises(TooLong):
        decode(packed(8.0, "ogg", "libopus"), "ogg", 5)


@given(st.binary(max_size=400))
def test_damaged_sound_is_refused_and_never_an_error(junk: bytes) -> None:
    for family, head in (("ogg", ogg_opus(1.0)[:80]), ("wav", wav(0.01)[:44]), ("mp3", b"ID3"), ("mp4", b"\0\0\0\x20ftypM4A "), ("amr", b"#!AMR\n")):
        with suppress(NotAudio, TooLong):
            assert np.isfinite(decode(head + junk, family, 5)).all()


def test_a_playlist_called_sound_opens_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    with wave.open(str(secret), "wb") as out:
        out.setparams((1, 2, RATE, RATE, "NONE", ""))
        out.writeframes(b"\1\0" * RATE)
    for trick in (f"#EXTM3U\n#EXTINF:1,\n{secret}\n", f"ffconcat version 1.0\nfile '{secret}'\n"):
        for family in ("ogg", "mp3", "mp4", "aac", "webm"):
            try:
                found = decode(trick.encode(), family, 5)
            except NotAudio:
                continue
            assert len(found) == 0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_model(tmp_path_factory.mktemp("whisper"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))


@pytest.mark.usefixtures("no_network")
def test_the_library_hears_with_a_model_from_a_folder_and_no_network(model: Path) -> None:
    found = FasterWhisper(model, skip_silence=False).transcribe(packed(1.5, "ogg", "libopus"), "ogg", 10)
    assert found.seconds == pytest.approx(1.5, abs=0.12)
    assert found.text, "a random model babbles"
    assert found.language in hints()["languages"].values(), "in one of our languages, whatever it would have guessed"
    assert found.confidence is not None and 0 <= found.confidence <= 1


@pytest.mark.usefixtures("no_network")
def test_where_nobody_speaks_nothing_is_made_up(model: Path) -> None:
    assert FasterWhisper(model).transcribe(wav(2.0), "wav", 10).text == ""


def test_words_to_expect_are_told_and_only_our_languages_are_heard() -> None:
    assert set(hints()["languages"]) == {"ar", "fr", "en"} and len(hints()["hint"]) > 50
