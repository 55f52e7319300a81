"""Turns texts into vectors, and answers the questions its heads were taught, with the shipped encoder on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

FILES = ("encoder.onnx", "tokenizer.json")
FOLDER = Path(__file__).parents[1] / "finetune" / "artifacts" / "understanding"
LONGEST = 64  # tokens read of a message with what was said before it; the end is kept
LONGEST_PASSAGE = 128  # tokens read of a text to be found again
PAD = 1
Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


def asked(text: str, context: str | None = None) -> str | tuple[str, str]:
    """What the encoder is asked about a message: its text, behind what was said before; a long one's beginning and end."""
    if len(text) > 280:
        text = f"{text[:170]} {text[-100:]}"
    return (context[-160:], text) if context else text


def padded(tokenizer: Tokenizer, texts: Sequence[str | tuple[str, str]], longest: int) -> tuple[Ids, Ids]:
    """ids and mask (n, tokens) of texts, or of (before, text) pairs; of one with more than `longest` tokens the end is kept."""
    rows = []
    for encoded in tokenizer.encode_batch(list(texts)):
        whole = encoded.ids
        rows.append(whole if len(whole) <= longest else [whole[0], *whole[-longest + 1 :]])
    ids: Ids = np.full((len(rows), max(map(len, rows))), PAD, dtype=np.int64)
    mask: Ids = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask


class NoEncoder(FileNotFoundError):
    """The encoder is missing or damaged; the message says which command mends it."""


class Encoder:
    """An int8 encoder with heads; one thread, safe to call from several."""

    def __init__(self, folder: Path) -> None:
        for name in FILES:
            if not (folder / name).is_file():
                raise NoEncoder(f"{folder / name} is missing; run `bricol train understanding`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise NoEncoder(f"the encoder in {folder} is damaged ({error}); run `bricol train understanding`") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Encoder:
        """The encoder of `folder`, the same for all who ask as long as its files are. Raises NoEncoder."""
        with _loading:
            return _loaded(folder.resolve(), *(path.stat().st_mtime_ns if path.is_file() else 0 for path in (folder / name for name in FILES)))

    @cached_property
    def heads(self) -> list[str]:
        """The names of the questions it answers beside the text's vector."""
        return [output.name for output in self._session.get_outputs()][1:]

    def embed(self, texts: Sequence[str], batch: int = 16) -> Array:
        """Unit vectors (n, width) of texts in any of our languages: those that mean the same lie close."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found: list[Array] = []
        for at in range(0, len(order), batch):
            ids, mask = padded(self._tokenizer, [texts[number] for number in order[at : at + batch]], LONGEST_PASSAGE)
            found.append(self._session.run(["embedding"], {"ids": ids, "mask": mask})[0])
        width = self._session.get_outputs()[0].shape[1]
        out = np.zeros((len(texts), width), dtype=np.float32)
        if order:
            out[order] = np.concatenate(found)
        return out

    def read(self, text: str, context: str | None = None) -> dict[str, Array]:
        """{"embedding": (width,), head: logits (labels,)} of one message, said after `context`."""
        ids, mask = padded(self._tokenizer, [asked(text, context)], LONGEST)
        answers: list[Any] = self._session.run(None, {"ids": ids, "mask": mask})
        return {output.name: answer[0] for output, answer in zip(self._session.get_outputs(), answers, strict=True)}


_loading = Lock()  # the reader and the knowledge search may ask at the same moment, from two threads


@lru_cache(maxsize=2)
def _loaded(folder: Path, *written: int) -> Encoder:
    """One session per process, some 50 MB: read anew when a file was `written` since."""
    return Encoder(folder)
