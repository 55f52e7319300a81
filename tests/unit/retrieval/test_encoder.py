"""One encoder serves the reader and the knowledge search of a process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import retrieval
from retrieval.encoder import FILES, Encoder, NoEncoder

pytestmark = pytest.mark.skipif(not (retrieval.ENCODER / "encoder.onnx").exists(), reason="no encoder yet: bricol train understanding")


def test_an_encoder_is_read_once_until_its_file_changes_or_goes(tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(retrieval.ENCODER / name, tmp_path / name)
    first = Encoder.load(tmp_path)
    assert Encoder.load(tmp_path / ".") is first
    os.utime(tmp_path / "encoder.onnx", (1, 1))
    assert Encoder.load(tmp_path) is not first
    (tmp_path / "encoder.onnx").write_bytes(b"not a model")
    with pytest.raises(NoEncoder, match="damaged"):
        Encoder.load(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(NoEncoder, match=r"tokenizer\.json is missing"):
        Encoder.load(tmp_path)
