"""Hears with faster-whisper, when the extra `voice` is installed and a model folder is set; loaded at the first voice note."""

from __future__ import annotations

import io
import math
import threading
from functools import cache
from pathlib import Path
from typing import Any

from bot.voice.audio import NotAudio
from bot.voice.transcriber import TooLong, Transcript
from domain.files import read_yaml

WORDS = Path(__file__).parents[2] / "prompts" / "system" / "voice.yaml"
RATE = 16_000  # samples a second that Whisper hears
DEMUXERS = {"ogg": "ogg", "mp4": "mp4", "mp3": "mp3", "aac": "aac", "amr": "amr", "wav": "wav", "webm": "matroska"}


class FasterWhisper:
    """A CTranslate2 Whisper model in a folder. One note at a time: recognition already uses every core.

    `skip_silence`: only where somebody speaks is anything recognised; Whisper invents words for silence.
    """

    def __init__(self, folder: Path, *, skip_silence: bool = True) -> None:
        self._folder, self._skip_silence, self._lock = folder, skip_silence, threading.Lock()
        self._model: Any = None

    def transcribe(self, audio: bytes, family: str, most_seconds: float) -> Transcript:
        samples = decode(audio, family, most_seconds)
        seconds = len(samples) / RATE
        if not len(samples):
            return Transcript("", 0.0)
        with self._lock:
            model = self._loaded()
            options: dict[str, Any] = {"initial_prompt": hints()["hint"], "vad_filter": self._skip_silence, "condition_on_previous_text": False}
            segments, info = model.transcribe(samples, **options)
            spoken = hints()["languages"]
            if info.language not in spoken:  # a tongue nobody here writes: the likeliest of ours is meant
                likely = dict(info.all_language_probs or ())
                segments, info = model.transcribe(samples, language=max(spoken, key=lambda name: likely.get(name, 0.0)), **options)
            found = list(segments)  # recognised here, one after the other
        text = " ".join(s.text.strip() for s in found).strip()
        sure = math.exp(sum(s.avg_logprob for s in found) / len(found)) if found else None
        return Transcript(text, round(seconds, 1), spoken.get(info.language), sure and round(min(1.0, sure), 3))

    def _loaded(self) -> Any:
        if self._model is None:
            from faster_whisper import WhisperModel

            self._model = WhisperModel(str(self._folder), device="auto", compute_type="auto", local_files_only=True)
        return self._model


def decode(audio: bytes, family: str, most_seconds: float) -> Any:
    """Mono samples in -1 to 1 at RATE, decoded no further than `most_seconds`. Raises TooLong, NotAudio."""
    import av
    import numpy as np

    pieces, most, count = [], int(most_seconds * RATE), 0
    try:
        # the demuxer is named: left to guess, it would also try playlists and other formats that open further files
        with av.open(io.BytesIO(audio), format=DEMUXERS[family], mode="r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(audio=0):
                for heard in resampler.resample(frame):
                    pieces.append(heard.to_ndarray().reshape(-1))
                    count += pieces[-1].size
                if count > most:
                    raise TooLong
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise NotAudio("not_audio") from error
    return np.concatenate(pieces).astype(np.float32) / 32768.0 if pieces else np.zeros(0, np.float32)


@cache
def hints() -> dict[str, Any]:
    """prompts/system/voice.yaml: `hint`, words to expect; `languages`, Whisper's codes and ours."""
    found: dict[str, Any] = read_yaml(WORDS)
    return found
