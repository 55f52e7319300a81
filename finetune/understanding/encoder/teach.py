"""Teaches the adapted encoder our labels: one head per task, on our sentences respelt each time, with corpora for language and sentiment."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from bot.brain.understanding.features import chosen_option
from finetune.understanding.corpora import texts as corpus_texts
from finetune.understanding.corpora import tweets
from finetune.understanding.encoder.adapt import drawn, half, padded
from finetune.understanding.encoder.asking import Sections, apart
from finetune.understanding.encoder.descent import Descent, Say
from finetune.understanding.encoder.model import Reader, TextEncoder, average
from finetune.understanding.encoder.pairs import Pair
from finetune.understanding.noise import noisy
from finetune.understanding.tasks import Task, contexts_of_groups, tasks
from prompts.sentences import Sentence
from retrieval.encoder import asked

LONGEST = 64  # tokens of context and text together
BATCH = 48
BESIDE = 16  # pairs of meaning kept in mind with each batch
ASKING, ASKED = 0.8, 2  # how much finding the right paragraph counts, and every so many steps
DRAWN = 1 / 2  # of the messages drawn from patterns, anew each round
LENT = 1 / 8  # of the corpus examples, drawn anew each round
RATE, HEAD_RATE = 1.5e-4, 1e-3
SMOOTH = 0.05
RESPELT = 0.6  # of the texts, each time anew
SHARE = {"client": 1.0, "technician": 1.0, "urgency": 0.5, "danger": 0.5, "sentiment": 0.4, "service": 0.6, "language": 0.5}


@dataclass(frozen=True)
class Example:
    """A text, what was said before, and for some tasks the chance of each label, with a weight."""

    text: str
    language: str
    contexts: tuple[str, ...]
    wanted: Mapping[str, np.ndarray]
    weight: Mapping[str, float] = field(default_factory=dict)
    source: Literal["written", "drawn", "corpus"] = "written"


def examples(sentences: Sequence[Sentence], data: Path | None, seed: int = 3) -> list[Example]:
    """Our sentences, then corpus texts that teach language and sentiment alone."""
    shared = contexts_of_groups(sentences)
    known = tasks()
    totals: dict[str, Counter[str]] = {task.name: Counter() for task in known}
    lessons = [{task.name: task.teach(s) for task in known} for s in sentences]
    for lesson in lessons:
        for name, labels in lesson.items():
            for label, share in labels:
                totals[name][label] += share  # type: ignore[assignment]
    found = []
    for s, lesson in zip(sentences, lessons, strict=True):
        wanted, weight = {}, {}
        for task in known:
            if not (labels := lesson[task.name]):
                continue
            wanted[task.name] = spread(task, labels)
            mean = sum(totals[task.name].values()) / len(totals[task.name])
            weight[task.name] = sum(share * min(3.0, (mean / totals[task.name][label]) ** 0.5) for label, share in labels)
        contexts = tuple(shared.get(s.group) or [s.context]) if s.context else ()
        found.append(Example(s.text, s.language, contexts, wanted, weight, "drawn" if s.drawn else "written"))
    if data is not None:
        language, feeling = (next(task for task in known if task.name == name) for name in ("language", "sentiment"))
        for text, name in corpus_texts(data):
            found.append(Example(text[:160], name, (), {"language": spread(language, [(name, 1.0)])}, {"language": 0.5}, "corpus"))
        for text, name, mood in tweets(data):
            found.append(Example(text[:200], name, (), {"sentiment": spread(feeling, [(mood, 1.0)])}, {"sentiment": 0.5}, "corpus"))
    random.Random(seed).shuffle(found)
    return found


def spread(task: Task, labels: Sequence[tuple[str, float]]) -> np.ndarray:
    """(labels,) chances that sum to one, a little smoothed."""
    chance = np.full(len(task.labels), SMOOTH / len(task.labels), dtype=np.float32)
    total = sum(share for _, share in labels)
    for label, share in labels:
        chance[task.labels.index(label)] += (1 - SMOOTH) * share / total
    return chance


def teach(
    encoder: TextEncoder,
    tokenizer: Tokenizer,
    taught: Sequence[Example],
    pairs: Sequence[Pair],
    wanted: np.ndarray,
    rounds: float,
    say: Say,
    sections: Sections | None = None,
    seed: int = 9,
) -> Reader:
    """A reader trained for `rounds` passes over our sentences; `LENT` of the corpus examples go with each.

    `pairs` keep the meaning, `sections` bring questions to what answers them.
    """
    torch.manual_seed(seed)
    draw = random.Random(seed)
    known = tasks()
    reader = Reader(encoder, {task.name: len(task.labels) for task in known})
    inside = set(map(id, reader.encoder.parameters()))
    optimiser = torch.optim.AdamW(
        [
            {"params": list(reader.encoder.parameters()), "lr": RATE},
            {"params": [p for p in reader.parameters() if id(p) not in inside], "lr": HEAD_RATE},
        ],
        weight_decay=0.02,
        fused=True,
    )
    own, plain, lent = ([e for e in taught if e.source == source] for source in ("written", "drawn", "corpus"))
    steps = math.ceil(rounds * (len(own) + len(plain) * DRAWN + len(lent) * LENT) / BATCH)
    descent = Descent(reader, optimiser, steps, warm=150, lowest=0.02, doing="teaching", say=say)
    targets = torch.from_numpy(wanted)
    queue: list[list[Example]] = []
    for step in range(steps):
        if not queue:
            some = [*own, *draw.sample(plain, int(len(plain) * DRAWN)), *draw.sample(lent, int(len(lent) * LENT))]
            some.sort(key=lambda e: len(e.text) + (len(e.contexts[0]) if e.contexts else 0) + 10 * draw.random())
            queue = [some[at : at + BATCH] for at in range(0, len(some), BATCH)]
            draw.shuffle(queue)
        group = queue.pop()
        reader.train()
        ids, mask = padded(tokenizer, [said(e, draw) for e in group], LONGEST)
        with half():
            found = reader(ids, mask)
        loss = mistakes({name: values.float() for name, values in found.items()}, group, known)
        if pairs:
            beside = [draw.randrange(len(pairs)) for _ in range(BESIDE)]
            ids, mask = padded(tokenizer, [pairs[at].text for at in beside], LONGEST // 2)
            with half():
                vectors = average(reader.encoder(ids, mask), mask)
            loss = loss + drawn(vectors.float(), targets[beside])
        if sections and step % ASKED == 0:
            loss = loss + ASKING * apart(reader.encoder, tokenizer, *sections.batch(draw))
        descent.step(loss)
    return reader


def said(example: Example, draw: random.Random) -> str | tuple[str, str]:
    """The text as another thumb may write it, behind one of the things that may have been said before."""
    context = draw.choice(example.contexts) if example.contexts else None
    text = chosen_option(example.text, context)
    if draw.random() < RESPELT:
        text = noisy(text, example.language, draw)
    return asked(text, context)


def mistakes(found: Mapping[str, torch.Tensor], group: Sequence[Example], known: Sequence[Task]) -> torch.Tensor:
    """The weighted cross-entropy of each task over the examples that teach it."""
    total = torch.zeros(())
    for task in known:
        at = [number for number, e in enumerate(group) if task.name in e.wanted]
        if at:
            wanted = torch.from_numpy(np.stack([group[number].wanted[task.name] for number in at]))
            weight = torch.tensor([group[number].weight[task.name] for number in at])
            loss = -(wanted * functional.log_softmax(found[task.name][at], dim=-1)).sum(-1)
            total = total + SHARE[task.name] * (loss * weight).sum() / len(group)
    return total


@torch.inference_mode()
def logits(reader: Reader, tokenizer: Tokenizer, messages: Sequence[str | tuple[str, str]]) -> dict[str, np.ndarray]:
    """Every head's logits (n, labels) for texts or (context, text) pairs, in their order."""
    reader.eval()
    order = sorted(range(len(messages)), key=lambda at: len(str(messages[at])))
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    for at in range(0, len(order), 64):
        ids, mask = padded(tokenizer, [messages[number] for number in order[at : at + 64]], LONGEST)
        for name, values in reader(ids, mask).items():
            parts[name].append(values.numpy())
    back = np.argsort(np.array(order))
    return {name: np.concatenate(values)[back] for name, values in parts.items()}
