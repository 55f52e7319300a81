"""Cuts the base model's 250,002 pieces to those that our languages use, keeping the numbers of the special pieces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer
from wordfreq import top_n_list

SPECIAL = 4  # <s> <pad> </s> <unk>
COMMON = {"fr": 25000, "en": 15000, "ar": 15000}  # words whose pieces stay though no text of ours has them


def common_words() -> list[str]:
    """The most frequent words of each written language (wordfreq, Speer 2022): what people may yet say."""
    return [word for language, count in COMMON.items() for word in top_n_list(language, count)]


def ready(described: dict[str, Any]) -> Tokenizer:
    """A tokenizer that neither cuts nor pads."""
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def pruned(described: dict[str, Any], texts: Iterable[str], words: Iterable[str], most: int) -> tuple[dict[str, Any], list[int]]:
    """The tokenizer cut to at most `most` pieces, and the old number of each piece it kept.

    Kept first: special pieces and single characters, then what `texts` and `words` are made of, the most used first.
    """
    tokenizer = ready(described)
    counts: Counter[int] = Counter()
    for weight, chunk in ((2, texts), (1, words)):
        batch = list(chunk)
        for at in range(0, len(batch), 2000):
            for encoded in tokenizer.encode_batch(batch[at : at + 2000], add_special_tokens=False):
                counts.update({number: weight * count for number, count in Counter(encoded.ids).items()})
    pieces: list[list[Any]] = described["model"]["vocab"]
    first = [number for number in counts if number >= SPECIAL and len(pieces[number][0].lstrip("▁")) <= 1]
    rest = [number for number, _ in counts.most_common() if number >= SPECIAL and len(pieces[number][0].lstrip("▁")) > 1]
    kept = [*range(SPECIAL), *sorted([*first, *rest][: most - SPECIAL])]
    smaller = dict(described)
    smaller["model"] = {**described["model"], "vocab": [pieces[number] for number in kept]}
    smaller["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < SPECIAL]
    return smaller, kept
