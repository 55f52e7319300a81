"""What must be there before anybody's voice is listened to; what is missing is told at start, with the cure."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from bot.settings import WHISPER_FILES, SettingsError, load
from bot.voice.listen import ears
from tests.support.builders import settings_in


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "whisper"
    folder.mkdir()
    for name in WHISPER_FILES:
        (folder / name).touch()
    return folder


def test_without_a_model_nobody_listens_and_nothing_is_needed(tmp_path: Path) -> None:
    assert ears(settings_in(tmp_path)) is None


@pytest.mark.parametrize("missing", WHISPER_FILES)
def test_a_folder_that_is_no_model_refuses_to_start(model: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_VOICE_MODEL", str(model))
    assert load().voice_model == model
    (model / missing).unlink()
    with pytest.raises(SettingsError, match=rf"BRICOL_VOICE_MODEL: has no {missing}: .*docs/voice.md.* Example: BRICOL_VOICE_MODEL="):
        load()


def test_a_model_without_the_extra_refuses_to_start_with_the_command_that_mends_it(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "faster_whisper" else real(name, *rest))
    with pytest.raises(SettingsError, match=r"uv pip install -e '.\[voice\]'"):
        ears(settings_in(tmp_path, voice_model=model))


def test_nothing_heavy_is_loaded_before_the_first_voice_note(tmp_path: Path, model: Path) -> None:
    """The model file here is empty: loading it would fail."""
    found = ears(settings_in(tmp_path, voice_model=model, voice_max_seconds=60))
    assert found is not None and found.most_seconds == 60


@pytest.mark.parametrize(("name", "value"), [("MAX_SECONDS", "1"), ("MAX_SECONDS", "9999"), ("MAX_BYTES", "5"), ("TIMEOUT_SECONDS", "0")])
def test_limits_out_of_reason_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    monkeypatch.setenv(f"BRICOL_VOICE_{name}", value)
    with pytest.raises(SettingsError, match=f"BRICOL_VOICE_{name}"):
        load()
