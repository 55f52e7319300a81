"""The encoder and its heads in torch: a plain BERT (Devlin et al. 2019), an average that means the text, and one attentive reading per task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.understanding.encoder.base import Shape


class Layer(nn.Module):
    """Attention, then a wide and a narrow map, each added to what came in and normalised."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv, self.out = nn.Linear(shape.width, 3 * shape.width), nn.Linear(shape.width, shape.width)  # query, key and value by one map
        self.wide, self.narrow = nn.Linear(shape.width, shape.inner), nn.Linear(shape.inner, shape.width)
        self.after_attention = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.after_wide = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.dropout = nn.Dropout(0.1)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """states (n, tokens, width), bias (n, 1, 1, tokens): 0 where a token is, -inf-like where padding is."""
        n, tokens, width = states.shape
        q, k, v = self.qkv(states).view(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5 + bias, dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(n, tokens, width)
        states = self.after_attention(states + self.dropout(self.out(mixed)))
        return self.after_wide(states + self.dropout(self.narrow(functional.gelu(self.wide(states)))))


class TextEncoder(nn.Module):
    """Tokens to states (n, tokens, width)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(shape.longest, shape.width)
        self.first = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids, mask (n, tokens) integers; mask 1 where a token is."""
        states = self.dropout(self.first(self.words(ids) + self.places.weight[: ids.shape[1]]))
        bias = (1.0 - mask[:, None, None, :].to(states.dtype)) * -1e4
        for layer in self.layers:
            states = layer(states, bias)
        return states


def average(states: Tensor, mask: Tensor) -> Tensor:
    """The unit vector (n, width) of the mean of the tokens' states."""
    weight = mask[:, :, None].to(states.dtype)
    return functional.normalize((states * weight).sum(1) / weight.sum(1).clamp(min=1.0), dim=-1)


class Reader(nn.Module):
    """An encoder with a head for each task: the task's own attention over the tokens, then a linear map to its labels."""

    def __init__(self, encoder: TextEncoder, labels: Mapping[str, int]) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.shape.width
        self.names = list(labels)
        self.looks = nn.Linear(width, len(labels))
        self.mix = nn.ModuleDict({name: nn.Linear(2 * width, width) for name in labels})
        self.heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in labels.items()})
        self.dropout = nn.Dropout(0.2)

    def forward(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """{"embedding": (n, width) unit, task: (n, labels) logits ...}"""
        states = self.encoder(ids, mask)
        mean = average(states, mask)
        looks = torch.softmax(self.looks(states) + ((1.0 - mask[:, :, None].to(states.dtype)) * -1e4), dim=1)  # n, tokens, tasks
        seen = looks.transpose(1, 2) @ states  # n, tasks, width
        found = {"embedding": mean}
        for at, name in enumerate(self.names):
            both = self.dropout(torch.cat([seen[:, at], states[:, 0]], dim=-1))
            found[name] = self.heads[name](self.dropout(functional.gelu(self.mix[name](both))))
        return found


def cut(
    shape: Shape, weights: Mapping[str, Tensor], kept: Sequence[int], words: Sequence[Sequence[int]], layers: Sequence[int], longest: int
) -> TextEncoder:
    """An encoder of fewer pieces (`kept`: their old numbers), layers and positions, with the base model's weights in what is left.

    Numbers behind the base model's are `words`, each of which begins as the mean of its pieces.
    """
    pieces = torch.cat([weights["words.weight"], *(weights["words.weight"][list(parts)].mean(0, keepdim=True) for parts in words)])
    small = Shape(len(kept), shape.width, len(layers), shape.heads, shape.inner, longest, shape.epsilon)
    model = TextEncoder(small)
    taken = {"words.weight": pieces[list(kept)], "places.weight": weights["places.weight"][:longest]}
    taken |= {name: weights[name] for name in ("first.weight", "first.bias")}
    for new, old in enumerate(layers):
        head = f"layers.{old}."
        taken |= {f"layers.{new}.{name.removeprefix(head)}": tensor for name, tensor in weights.items() if name.startswith(head)}
    model.load_state_dict(taken)
    return model
