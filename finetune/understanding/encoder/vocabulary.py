"""Cuts the base model's 250,002 pieces to those that our languages use, and gives it whole words of Darija, which it spells out piece by piece."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from tokenizers import Tokenizer
from wordfreq import top_n_list

SPECIAL = 4  # <s> <pad> </s> <unk>
WORD = re.compile(r"▁[^\W_]+")
SEEN = 5  # times a word must be met to become a piece: fewer would not teach its vector
COMMON = {"fr": 25000, "en": 15000, "ar": 15000}  # words whose pieces stay though no text of ours has them


def common_words() -> list[str]:
    """The most frequent words of each written language (wordfreq, Speer 2022): what people may yet say. The more frequent come first."""
    lists = [top_n_list(language, count) for language, count in COMMON.items()]
    return [word for rank in zip_longest(*lists) for word in rank if word]


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
        for ids in numbers(tokenizer, chunk):
            counts.update({number: weight * count for number, count in Counter(ids).items()})
    pieces: list[list[Any]] = described["model"]["vocab"]
    first = [number for number in counts if number >= SPECIAL and len(pieces[number][0].lstrip("▁")) <= 1]
    rest = [number for number, _ in counts.most_common() if number >= SPECIAL and len(pieces[number][0].lstrip("▁")) > 1]
    kept = [*range(SPECIAL), *sorted([*first, *rest][: most - SPECIAL])]
    smaller = {**described, "model": {**described["model"], "vocab": [pieces[number] for number in kept]}}
    smaller["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < SPECIAL]
    return smaller, kept


def lengthened(described: dict[str, Any], messages: Iterable[str], most: int) -> tuple[dict[str, Any], list[list[int]]]:
    """The tokenizer with at most `most` more pieces, and for each of them the numbers of those that stood for it.

    They are the words that make `messages` shortest: a Darija word takes two of the base model's pieces, and time goes with pieces.
    """
    tokenizer = ready(described)
    counts = Counter(word for message in messages for word in WORD.findall(f"▁{tokenizer.normalizer.normalize_str(message)}".replace(" ", "▁")))
    known = [word for word, count in counts.items() if count >= SEEN]
    parts = dict(zip(known, numbers(tokenizer, [word.removeprefix("▁") for word in known]), strict=True))
    longer = sorted((word for word in known if len(parts[word]) > 1), key=lambda word: (-counts[word] * (len(parts[word]) - 1), word))[:most]
    added = [[word, math.log(counts[word] / counts.total())] for word in longer]
    return {**described, "model": {**described["model"], "vocab": [*described["model"]["vocab"], *added]}}, [parts[word] for word in longer]


def numbers(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[list[int]]:
    """The pieces of each text."""
    batch = list(texts)
    for at in range(0, len(batch), 2000):
        for encoded in tokenizer.encode_batch(batch[at : at + 2000], add_special_tokens=False):
            yield encoded.ids
