"""What the knowledge search needs of the encoder: questions, and the paragraph that answers them, close together in whatever language."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from finetune.understanding.encoder.adapt import CONTRAST, half, padded
from finetune.understanding.encoder.model import TextEncoder, average
from finetune.understanding.noise import noisy
from prompts import questions
from retrieval import documents

SECTIONS = 20  # of the documents in one batch, two texts of each
PARAGRAPH = 0.3  # of the second texts are the paragraph itself, the others are questions
LONGEST = 80  # tokens


class Sections:
    """The texts of each section: how people ask for it, and its paragraph in every locale."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self._told: dict[tuple[str, str], list[str]] = defaultdict(list)
        for question in questions.load():
            self._asked[question.topic, question.section].append((question.text, question.language))
        for section in documents.read():
            self._told[section.key].append(f"{section.title}. {section.text}")
        self._keys = sorted(key for key in self._asked if key in self._told and len(self._asked[key]) > 1)

    def batch(self, draw: random.Random) -> tuple[list[str], list[str]]:
        """Two lists of texts of different sections, the nth of each of the same one."""
        first, second = [], []
        for key in draw.sample(self._keys, min(SECTIONS, len(self._keys))):
            (one, language), (other, _) = draw.sample(self._asked[key], 2)
            first.append(noisy(one, language, draw) if draw.random() < 0.5 else one)
            second.append(draw.choice(self._told[key]) if draw.random() < PARAGRAPH else other)
        return first, second


def apart(encoder: TextEncoder, tokenizer: Tokenizer, first: Sequence[str], second: Sequence[str]) -> torch.Tensor:
    """How badly each text of `first` is told from the others by its partner in `second`, and the other way."""
    vectors = encoded(encoder, tokenizer, [*first, *second])
    likeness = vectors[: len(first)] @ vectors[len(first) :].T / CONTRAST
    same = torch.arange(len(first))
    return (functional.cross_entropy(likeness, same) + functional.cross_entropy(likeness.T, same)) / 2


def encoded(encoder: TextEncoder, tokenizer: Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """Unit vectors (n, width) of texts in their order. The longest fifth, paragraphs among questions, goes apart: padding is what takes time."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    most = len(order) * 4 // 5
    parts = []
    for some in (order[:most], order[most:]):
        ids, mask = padded(tokenizer, [texts[at] for at in some], min(LONGEST, encoder.shape.longest))
        with half():
            parts.append(average(encoder(ids, mask), mask).float())
    return torch.cat(parts)[torch.tensor(order).argsort()]
