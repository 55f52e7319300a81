"""Writes the trained reader as int8 ONNX, which retrieval/encoder.py serves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from finetune.understanding.encoder.model import Reader, TextEncoder, average


class Flat(nn.Module):
    """A reader, or an encoder alone, whose answers come as a tuple: the vector of the text first, then each head's logits."""

    def __init__(self, inner: Reader | TextEncoder) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        if isinstance(self.inner, TextEncoder):
            return (average(self.inner(ids, mask), mask),)
        found = self.inner(ids, mask)
        return tuple(found[name] for name in outputs(self.inner))


def outputs(model: Reader | TextEncoder) -> list[str]:
    """The names of the answers, in their order."""
    return ["embedding"] if isinstance(model, TextEncoder) else ["embedding", *model.names]


def export(model: Reader | TextEncoder, tokenizer: Mapping[str, Any], folder: Path) -> None:
    """Writes encoder.onnx (weights as int8, one scale per column) and tokenizer.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    model.eval()
    names = outputs(model)
    axes = {"ids": {0: "n", 1: "tokens"}, "mask": {0: "n", 1: "tokens"}, **{name: {0: "n"} for name in names}}
    example = (torch.tensor([[0, 5, 6, 2], [0, 7, 2, 1]]), torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        torch.onnx.export(
            Flat(model), example, str(plain), input_names=["ids", "mask"], output_names=names, dynamic_axes=axes, opset_version=17, dynamo=False
        )
        quantize_dynamic(plain, folder / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    (folder / "tokenizer.json").write_text(json.dumps(lighter(tokenizer), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def lighter(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """The tokenizer with its pieces' scores to three decimals: a third less to store, and one text in 5,000 cut otherwise."""
    model = tokenizer["model"]
    return {**tokenizer, "model": {**model, "vocab": [[piece, round(score, 3)] for piece, score in model["vocab"]]}}
