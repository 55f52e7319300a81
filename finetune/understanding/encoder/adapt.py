"""Teaches a smaller encoder to mean, in Darija too, what the base model means: each text is drawn to its target's vector.

Multilingual knowledge distillation (Reimers and Gurevych 2020), with the other targets of the batch as contrast. Vectors of the base model
lie close together (Wang et al. 2024 trained it at temperature 0.01), so the mean of all targets is taken out first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from finetune.understanding.encoder.descent import Descent, Say
from finetune.understanding.encoder.model import TextEncoder, average
from finetune.understanding.encoder.pairs import Pair
from finetune.understanding.noise import noisy
from retrieval import encoder

LONGEST = 40  # tokens read of one text
BATCH = 64
RATE = 3e-4
CONTRAST = 0.05  # temperature of the contrast


def padded(tokenizer: Tokenizer, texts: Sequence[str | tuple[str, str]], longest: int = LONGEST) -> tuple[torch.Tensor, torch.Tensor]:
    """ids and mask (n, tokens) of texts, or of (before, text) pairs, padded and cut as they are served."""
    ids, mask = encoder.padded(tokenizer, texts, longest)
    return torch.from_numpy(ids), torch.from_numpy(mask)


@torch.inference_mode()
def meanings(model: TextEncoder, tokenizer: Tokenizer, texts: Sequence[str], say: Say = lambda share, text: None, prefix: str = "") -> np.ndarray:
    """Unit vectors (n, width) of `texts`, in their order, computed shortest first."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    found = np.zeros((len(texts), model.shape.width), dtype=np.float32)
    for at in range(0, len(order), 128):
        part = order[at : at + 128]
        ids, mask = padded(tokenizer, [prefix + texts[number] for number in part], 64)
        with half():
            found[part] = average(model(ids, mask), mask).float().numpy()
        say(at / len(order), "what the base model means")
    return found


def half() -> torch.autocast:
    """Matrix products in bfloat16, twice as fast where the processor knows it; everything else stays float32."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.autocast(device, torch.bfloat16, enabled=device == "cuda" or torch.cpu._is_avx512_bf16_supported())


def centred(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors without their common mean."""
    moved = vectors - vectors.mean(axis=0)
    out: np.ndarray = moved / np.linalg.norm(moved, axis=1, keepdims=True).clip(1e-6)
    return out


def batches(lengths: Sequence[int], draw: random.Random, size: int = BATCH) -> Iterator[list[int]]:
    """All numbers once, in batches of like lengths, shuffled."""
    order = sorted(range(len(lengths)), key=lambda at: lengths[at] + draw.random() * 6)
    groups = [order[at : at + size] for at in range(0, len(order), size)]
    draw.shuffle(groups)
    yield from groups


def drawn(student: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How far each vector (n, width) is from its own target, and how near to others' targets."""
    likeness = student @ wanted.T
    same = (wanted @ wanted.T) > 0.98  # a target met twice is no contrast to itself
    contrast = likeness / CONTRAST
    contrast = contrast.masked_fill(same & ~torch.eye(len(wanted), dtype=torch.bool), -1e4)
    return (1 - likeness.diagonal()).mean() + 0.3 * functional.cross_entropy(contrast, torch.arange(len(wanted)))


def adapt(
    model: TextEncoder, tokenizer: Tokenizer, pairs: Sequence[Pair], wanted: np.ndarray, epochs: int, kept: Path, say: Say, seed: int = 5
) -> TextEncoder:
    """Trains `model` in place for `epochs` rounds over `pairs`; `wanted` (n, width) are their targets' vectors.

    Goes on from `kept` where it was stopped.
    """
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    per_epoch = (len(pairs) + BATCH - 1) // BATCH
    steps = per_epoch * epochs
    descent = Descent(model, optimiser, steps, warm=300, lowest=0.03, doing="adapting", say=say)
    if kept.is_file():
        state = torch.load(kept, weights_only=True)
        if state["steps"] == steps:
            model.load_state_dict(state["model"])
            descent.go_on(state["optimiser"], state["step"])
    targets = torch.from_numpy(wanted)
    lengths = [len(pair.text) for pair in pairs]
    start, step = descent.done, 0
    for epoch in range(epochs):
        draw = random.Random(f"{seed}/{epoch}")
        for group in batches(lengths, draw):
            step += 1
            if step <= start:
                continue
            texts = [noisy(pairs[at].text, pairs[at].language, draw) if draw.random() < 0.4 else pairs[at].text for at in group]
            model.train()
            ids, mask = padded(tokenizer, texts)
            with half():
                vectors = average(model(ids, mask), mask)
            descent.step(drawn(vectors.float(), targets[group]))
            if step % 500 == 0 or step == steps:
                torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "steps": steps}, kept)
    return model
