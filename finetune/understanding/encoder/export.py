"""Writes the trained reader as int8 ONNX, which retrieval/encoder.py serves."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from finetune.understanding.encoder.model import Layer, Reader
from finetune.understanding.encoder.vocabulary import ready
from retrieval.encoder import LONGEST, padded

EVENED = 0.8  # how much of the difference between a map's inputs goes into its weights: the least error of the logits among .3 to 1
TRIED = 512  # messages that tell how large the inputs are


class Flat(nn.Module):
    """A reader whose answers come as a tuple: the vector of the text first, then each head's logits."""

    def __init__(self, inner: Reader) -> None:
        super().__init__()
        self.inner = inner
        self.answers = ["embedding", *inner.names]

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        found = self.inner(ids, mask)
        return tuple(found[name] for name in self.answers)


class Evened(nn.Module):
    """A linear map whose inputs are first brought to like sizes and its weights the other way: the same map, of which int8 loses less.

    Inputs share one scale, and a few of them are twenty times as large as the others (SmoothQuant, Xiao et al. 2023). `largest`: of each input.
    """

    def __init__(self, linear: nn.Linear, largest: Tensor) -> None:
        super().__init__()
        size = largest.clamp(min=1e-5) ** EVENED / linear.weight.abs().amax(0).clamp(min=1e-5) ** (1 - EVENED)
        self.linear = linear
        self.linear.weight = nn.Parameter(linear.weight * size)
        self.smaller = nn.Parameter(1 / size)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x * self.smaller)


@torch.no_grad()
def evened(reader: Reader, tokenizer: Mapping[str, Any], messages: Sequence[str | tuple[str, str]]) -> Reader:
    """A copy of the reader that says the same, with the wide and the narrow map of each layer evened by what `messages` bring to them."""
    reader = deepcopy(reader)
    largest: dict[nn.Linear, Tensor] = {}

    def look(linear: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(linear, nn.Linear)
        seen = inputs[0].abs().flatten(0, -2).amax(0)
        largest[linear] = torch.maximum(largest.get(linear, seen), seen)

    layers = [layer for layer in reader.modules() if isinstance(layer, Layer)]
    hooks = [linear.register_forward_pre_hook(look) for layer in layers for linear in (layer.wide, layer.narrow)]
    cut = ready(dict(tokenizer))
    tried = sorted(messages[:: max(1, len(messages) // TRIED)], key=lambda message: len(str(message)))  # of like lengths: little padding
    for at in range(0, len(tried), 16):
        ids, mask = padded(cut, tried[at : at + 16], LONGEST)
        reader(torch.from_numpy(ids), torch.from_numpy(mask))
    for hook in hooks:
        hook.remove()
    for layer in layers:
        layer.wide, layer.narrow = (Evened(linear, largest[linear]) for linear in (layer.wide, layer.narrow))  # type: ignore[assignment]
    return reader


def export(reader: Reader, tokenizer: Mapping[str, Any], folder: Path, messages: Sequence[str | tuple[str, str]]) -> None:
    """Writes encoder.onnx (weights as int8, one scale per column) and tokenizer.json into `folder`; `messages` show what it will read."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = Flat(evened(reader.eval(), tokenizer, messages))
    axes = {"ids": {0: "n", 1: "tokens"}, "mask": {0: "n", 1: "tokens"}, **{name: {0: "n"} for name in flat.answers}}
    example = (torch.tensor([[0, 5, 6, 2], [0, 7, 2, 1]]), torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]))
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        torch.onnx.export(
            flat, example, str(plain), input_names=["ids", "mask"], output_names=flat.answers, dynamic_axes=axes, opset_version=17, dynamo=False
        )
        quantize_dynamic(plain, folder / "encoder.onnx", weight_type=QuantType.QInt8, per_channel=True)
    (folder / "tokenizer.json").write_text(json.dumps(lighter(tokenizer), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def lighter(tokenizer: Mapping[str, Any]) -> dict[str, Any]:
    """The tokenizer with its pieces' scores to three decimals: a third less to store, and one text in 5,000 cut otherwise."""
    model = tokenizer["model"]
    return {**tokenizer, "model": {**model, "vocab": [[piece, round(score, 3)] for piece, score in model["vocab"]]}}
