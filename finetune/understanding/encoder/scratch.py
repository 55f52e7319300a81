"""An encoder that begins from nothing, to compare the shipped one with: pieces and first weights come from the corpora and our sentences alone.

Pieces by a unigram model (Kudo 2018, what sentencepiece trains), weights by guessing hidden pieces (Devlin et al. 2019).
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from torch.nn import functional

from finetune.understanding.encoder.adapt import batches, half, padded
from finetune.understanding.encoder.base import Shape
from finetune.understanding.encoder.descent import Descent, Say
from finetune.understanding.encoder.model import TextEncoder

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # numbered as in the base model
UNKNOWN = 3  # stands for a hidden piece, too: it is rare enough in texts
SHAPE = Shape(vocabulary=16_000, width=256, layers=4, heads=4, inner=1024, longest=128)
HIDDEN = 0.15  # of the pieces
RATE = 5e-4


def pieces(texts: Sequence[str], most: int) -> Tokenizer:
    """A unigram tokenizer of at most `most` pieces, learned from `texts`."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        texts, trainers.UnigramTrainer(vocab_size=most, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def scratch(
    texts: Sequence[str], rounds: int, say: Say, shape: Shape = SHAPE, seed: int = 7
) -> tuple[Shape, dict[str, torch.Tensor], dict[str, Any]]:
    """Shape, weights and tokenizer, as `base.base` and `base.tokenizer_json` give them, of at most `shape.vocabulary` pieces.

    `rounds`: passes over `texts` of guessing hidden pieces.
    """
    torch.manual_seed(seed)
    tokenizer = pieces(texts, shape.vocabulary)
    encoder = TextEncoder(replace(shape, vocabulary=tokenizer.get_vocab_size()))
    encoder.words.weight.data.normal_(0, 0.02)
    guess(encoder, tokenizer, texts, rounds, say, seed)
    return encoder.shape, encoder.state_dict(), json.loads(tokenizer.to_str())


def guess(encoder: TextEncoder, tokenizer: Tokenizer, texts: Sequence[str], rounds: int, say: Say, seed: int) -> None:
    """Hides pieces and has `encoder` guess them, in place, against its own word vectors."""
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    lengths = [len(text) for text in texts]
    rows = [group for number in range(rounds) for group in batches(lengths, random.Random(f"{seed}/{number}"))]
    descent = Descent(encoder, optimiser, max(1, len(rows)), warm=min(300, 1 + len(rows) // 10), lowest=0.03, doing="guessing hidden pieces", say=say)
    encoder.train()
    for group in rows:
        ids, mask = padded(tokenizer, [texts[at] for at in group])
        hidden = (torch.rand(ids.shape) < HIDDEN) & (ids > UNKNOWN)
        if not hidden.any():
            continue
        with half():
            states = encoder(ids.masked_fill(hidden, UNKNOWN), mask)[hidden]
            likely = states @ encoder.words.weight.T
        descent.step(functional.cross_entropy(likely.float(), ids[hidden].long()))
