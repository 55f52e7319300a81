"""Makes the artefact that serves, from sentences to weights: adapts and teaches the encoder, fits the linear half, blends, tunes, exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_LZMA, ZipFile
from zlib import crc32

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from bot.brain.understanding.danger import find_hazard
from bot.brain.understanding.features import chosen_option
from bot.brain.understanding.fitting import blend_weights
from bot.brain.understanding.reader import ARTEFACT, softmax
from finetune.understanding import blend, card
from finetune.understanding.corpora import licences
from finetune.understanding.encoder import adapt, base, export, model, scratch, teach, vocabulary
from finetune.understanding.encoder.asking import Sections
from finetune.understanding.encoder.descent import Say
from finetune.understanding.encoder.pairs import Pair, pairs
from finetune.understanding.linear import Array, LanguageHead, Trained, build_rows, fit_heads, fit_language, logits_of, quantised
from finetune.understanding.tasks import Task, tasks
from prompts.sentences import Sentence, fingerprint
from retrieval.encoder import asked

Base = Callable[[], tuple[base.Shape, dict[str, torch.Tensor], dict[str, Any]]]
# What the n-gram half counts where the held-back sentences cannot say: many of them have a twin in another language that the encoder was
# taught, so that they give it two thirds. Read off the validation sample, where anything from .6 to .9 does as well (finetune/LOG.md).
BY_GRAMS = {"client": 0.7, "technician": 0.7, "sentiment": 0.7, "language": 0.5}
# They hold more near misses than people send, too: on the validation sample the reader is right four times in a hundred more than it would say.
SURER = {"client": 1.2, "technician": 1.2}


@dataclass(frozen=True)
class Recipe:
    """What may be turned: sizes and lengths of training. The defaults are what ships (finetune/LOG.md says why)."""

    pieces: int = 31_000  # at most
    words: int = 2_000  # of those pieces, at most: whole words of our sentences that the base model has in several pieces
    layers: tuple[int, ...] = (0, 2, 4, 7, 9, 11)  # of the base model's twelve
    pairs: int = 1_000_000  # of meaning, at most; 0: the encoder has no base model whose meanings it could keep
    adapting: int = 2  # rounds over the pairs
    teaching: float = 6.0  # rounds over our sentences
    held: int = 6  # per cent of our sentences kept from the encoder: they weigh the halves and calibrate


def recovered() -> tuple[base.Shape, dict[str, torch.Tensor], dict[str, Any]]:
    """The base model of the shipped reader. Raises base.NoBase."""
    described = base.tokenizer_json()
    return *base.base(), described


FROM_SCRATCH = Recipe(layers=tuple(range(scratch.SHAPE.layers)), words=0, pairs=0, adapting=0)
GUESSING = 1  # rounds of hidden pieces, from scratch: each took a quarter of an hour of two busy cores


def from_scratch(sentences: Sequence[Sentence], data: Path, work: Path, say: Say) -> Base:
    """What `build` begins with, with FROM_SCRATCH as its recipe, to compare with the base model; kept in `work`."""
    at = work / "scratch.pt"

    def origin() -> tuple[base.Shape, dict[str, torch.Tensor], dict[str, Any]]:
        if at.is_file():
            kept = torch.load(at, weights_only=True)
            return base.Shape(**kept["shape"]), kept["weights"], kept["tokenizer"]
        meant = pairs(data, [s for s in sentences if not s.drawn])
        texts = sorted({*(p.text for p in meant), *(p.target for p in meant), *(s.text for s in sentences)})
        shape, weights, described = scratch.scratch(texts, GUESSING, say)
        torch.save({"shape": asdict(shape), "weights": weights, "tokenizer": described}, at)
        return shape, weights, described

    return origin


def build(
    sentences: Sequence[Sentence],
    data: Path,
    folder: Path = ARTEFACT,
    work: Path = Path("var/train"),
    recipe: Recipe = Recipe(),
    origin: Base = recovered,
    keep: str = "",
    say: Say = lambda share, text: None,
) -> dict[str, Any]:
    """Trains on `sentences`, written and drawn, and the corpora under `data`; writes the artefact into `folder` and gives its meta.

    Stopped half-way, it goes on from what it left in `work`. `keep`: "adapted" keeps the encoder's adaptation though sentences were written
    since, "encoder" keeps what it was taught too, so that only the linear half and the blend are made anew.
    """
    work.mkdir(parents=True, exist_ok=True)
    known = tasks()
    written = [s for s in sentences if not s.drawn]
    small, adapted, meaning, wanted = adapted_encoder(written, data, work, recipe, origin, bool(keep), say)
    tokenizer = vocabulary.ready(small)
    held = np.array([not s.drawn and crc32(f"{s.text}|{s.context}".encode()) % 100 < recipe.held for s in sentences])

    learnt = [s for s, out in zip(sentences, held, strict=True) if not out]
    reader = taught_reader(learnt, data, work, recipe, adapted, tokenizer, meaning, wanted, keep == "encoder", say)

    def linear_say(text: str) -> None:
        say(0.0, text)

    # The linear half is quick: weighed without the held-back sentences, then fitted on all of them.
    rows, idf = build_rows(sentences)
    tested = [s for s, out in zip(sentences, held, strict=True) if out]
    by_grams = [task for task in known if task.name != "language"]
    heads = fit_heads(rows, sentences, by_grams, ~held, linear_say)
    from_encoder = teach.logits(reader, tokenizer, served(tested))
    from_linear = {name: logits_of(rows, head, np.flatnonzero(held).astype(np.int64)) for name, head in heads.items()}
    from_linear["language"] = fit_language(learnt, data).logits([s.text for s in tested])
    tuned = tune(tested, known, from_linear, from_encoder)
    heads = fit_heads(rows, sentences, by_grams, np.ones(len(sentences), dtype=np.bool_), linear_say)
    language = fit_language(sentences, data)
    folder.mkdir(parents=True, exist_ok=True)
    export.export(reader, small, folder, served(learnt))
    save(folder / "weights.npz", stored(heads, idf, language))
    meta = {
        "name": "understanding",
        "version": f"blend-{fingerprint()}",
        "sentences": len(written),
        "drawn": len(sentences) - len(written),
        "sentences_hash": fingerprint(),
        "corpus_texts": language.corpus_texts,
        "recipe": asdict(recipe),
        "heads": {task.name: {"labels": task.labels, **shares(task.name, tuned)} for task in known},
        "thresholds": tuned.thresholds,
        "held_out": tuned.figures,
        "licences": licences(data),
        "notice": "This software includes data sourced from Darija Open Dataset. https://github.com/darija-open-dataset/dataset",
    }
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    card.write(folder, meta, written)
    return meta


def served(sentences: Sequence[Sentence]) -> list[str | tuple[str, str]]:
    """What the encoder is asked of each, as when it serves."""
    return [asked(chosen_option(s.text, s.context), s.context) for s in sentences]


def messages_of(sentences: Sequence[Sentence]) -> list[str]:
    """Each sentence, and what it answers."""
    return [message for s in sentences for message in (s.text, s.context) if message]


def taught_reader(
    learnt: Sequence[Sentence],
    data: Path,
    work: Path,
    recipe: Recipe,
    adapted: model.TextEncoder,
    tokenizer: Tokenizer,
    meaning: Sequence[Pair],
    wanted: npt.NDArray[np.float32],
    keep: bool,
    say: Say,
) -> model.Reader:
    """A reader taught from the adapted encoder; kept in `work`, so that what comes after may be tried again."""
    key = digest(asdict(recipe), [(s.text, s.intents, s.context, s.urgency, s.sentiment) for s in learnt], float(adapted.words.weight.detach().sum()))
    before = next(work.glob("taught-*.pt"), None) if keep else None
    at = before or work / f"taught-{key}.pt"
    if at.is_file():
        reader = model.Reader(adapted, {task.name: len(task.labels) for task in tasks()})
        reader.load_state_dict(torch.load(at, weights_only=True))
        return reader
    taught = teach.examples(learnt, data if data.is_dir() else None)
    reader = teach.teach(adapted, tokenizer, taught, meaning, wanted, recipe.teaching, say, Sections())
    for old in work.glob("taught-*.pt"):
        old.unlink()
    torch.save(reader.state_dict(), at)
    return reader


def adapted_encoder(
    sentences: Sequence[Sentence], data: Path, work: Path, recipe: Recipe, origin: Base, keep: bool, say: Say
) -> tuple[dict[str, Any], model.TextEncoder, list[Pair], npt.NDArray[np.float32]]:
    """The cut tokenizer, the adapted encoder, the pairs it was adapted with and their targets' vectors."""
    meant = pairs(data, sentences) if recipe.pairs else []
    meant = meant[:: max(1, -(-len(meant) // max(1, recipe.pairs)))]
    key_file, kept_file, state = work / "adapted.json", work / "vocabulary.json", work / "adapted.pt"
    key = digest(asdict(recipe) | {"teaching": 0, "held": 0}, [(p.text, p.target) for p in meant])
    done = key_file.is_file() and state.is_file() and (keep or json.loads(key_file.read_text(encoding="utf-8")) == key)
    shape, weights, described = origin()
    if done:
        small, kept, words = json.loads(kept_file.read_text(encoding="utf-8"))
    else:
        longer, words = vocabulary.lengthened(described, messages_of(sentences), recipe.words)
        texts = [*(p.text for p in meant), *(p.target for p in meant), *messages_of(sentences)]
        small, kept = vocabulary.pruned(longer, texts, vocabulary.common_words(), recipe.pieces)
        kept_file.write_text(json.dumps([small, kept, words]), encoding="utf-8")
    encoder = model.cut(shape, weights, kept, words, recipe.layers, longest=min(128, shape.longest))
    wanted = vectors_of([p.target for p in meant], shape, weights, described, work, say) if meant else np.zeros((0, shape.width), np.float32)
    if done:
        encoder.load_state_dict(torch.load(state, weights_only=True))
        return small, encoder, meant, wanted
    going = work / f"adapting-{key}.pt"
    if meant:
        adapt.adapt(encoder, vocabulary.ready(small), meant, wanted, recipe.adapting, going, say)
    torch.save(encoder.state_dict(), state)
    key_file.write_text(json.dumps(key), encoding="utf-8")
    going.unlink(missing_ok=True)
    return small, encoder, meant, wanted


def vectors_of(
    targets: Sequence[str], shape: base.Shape, weights: dict[str, torch.Tensor], described: dict[str, Any], work: Path, say: Say
) -> npt.NDArray[np.float32]:
    """What the base model means by each target (n, width), centred; those computed before are read from `work`."""
    at = work / "meanings.npz"
    known: dict[str, npt.NDArray[np.float32]] = {}
    if at.is_file():
        with np.load(at) as before:
            known = dict(zip(before["texts"].tolist(), before["vectors"], strict=True))
    new = sorted(set(targets) - set(known))
    if new:
        whole = model.TextEncoder(shape)
        whole.load_state_dict(weights)
        known |= dict(zip(new, adapt.meanings(whole, vocabulary.ready(described), new, say, prefix="query: "), strict=True))
        np.savez(at, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
    return adapt.centred(np.stack([known[target] for target in targets])).astype(np.float32)


@dataclass
class Tuned:
    """`blend`: task -> weight of the linear logits, of the encoder's. `figures`: measured on sentences kept out of training."""

    blend: dict[str, tuple[float, float]]
    thresholds: dict[str, float]
    figures: dict[str, float]


def tune(tested: Sequence[Sentence], known: Sequence[Task], linear: dict[str, Array], encoder: dict[str, Array]) -> Tuned:
    """Weighs the halves and sets thresholds, on sentences neither half saw; logits (n, labels) by task."""
    out = Tuned({}, {}, {})
    hazard = np.array([find_hazard(s.text) is not None for s in tested])
    for task in known:
        mine = [at for at, s in enumerate(tested) if task.teach(s) and (s.role == task.name or task.name not in ("client", "technician"))]
        if not mine:
            out.blend[task.name] = (0.5, 0.5)
            continue
        gold = [[label for label, _ in task.teach(tested[at])] for at in mine]
        target = np.array([task.labels.index(labels[0]) for labels in gold])
        a, b = linear[task.name][mine], encoder[task.name][mine]
        weights = blend_weights(a, b, target)
        if share := BY_GRAMS.get(task.name):
            weights = round(share * sum(weights), 4), round((1 - share) * sum(weights), 4)
        out.blend[task.name] = weights
        chances = softmax(out.blend[task.name][0] * a + out.blend[task.name][1] * b)
        alone = [blend.right(softmax(x), gold, task.labels) for x in (a, b)]
        out.figures[task.name] = round(blend.right(chances, gold, task.labels), 4)
        out.figures[f"{task.name}, linear"], out.figures[f"{task.name}, encoder"] = round(alone[0], 4), round(alone[1], 4)
        if task.name in ("client", "technician"):
            for group in sorted({f"{tested[at].language}-{tested[at].script}" for at in mine}):
                of = [row for row, at in enumerate(mine) if f"{tested[at].language}-{tested[at].script}" == group]
                share = blend.right(chances[of], [gold[row] for row in of], task.labels)
                out.figures[f"group {task.name} {group} ({len(of)})"] = round(share, 4)
        if task.name == "client":
            out.thresholds["second"] = blend.second_threshold(chances, gold, task.labels)
            out.figures["calibration error"] = round(blend.calibration_error(chances, gold, task.labels), 4)
        if task.name == "danger":
            out.thresholds["danger"] = blend.recall_threshold(chances[:, 1], target == 1, hazard[mine])
        if task.name == "urgency":
            out.thresholds["emergency"] = blend.recall_threshold(chances[:, 2], target == 2, hazard[mine])
            found = blend.both(chances[:, 2] >= out.thresholds["emergency"], target == 2, hazard[mine])
            out.figures["emergency recall"], out.figures["emergency precision"] = found
        if task.name == "service":
            out.thresholds["service"] = blend.service_threshold(chances, target, task.labels)
    for name, usual in (("second", 0.4), ("danger", 0.5), ("emergency", 0.5), ("service", 0.5)):
        out.thresholds.setdefault(name, usual)
    return out


def shares(head: str, tuned: Tuned) -> dict[str, float]:
    """How much each half of the reader counts for a head when it serves."""
    linear, encoder = tuned.blend[head]
    return {"linear": round(SURER.get(head, 1.0) * linear, 4), "encoder": round(SURER.get(head, 1.0) * encoder, 4)}


def stored(heads: dict[str, Trained], idf: Array, language: LanguageHead) -> dict[str, npt.NDArray[Any]]:
    """The linear half as it is written: int8 weights of the buckets that training touched."""
    touched = np.flatnonzero(idf > 0)
    found: dict[str, npt.NDArray[Any]] = {"text.buckets": touched.astype(np.uint32), "text.idf": idf.astype(np.float16)}
    for name, head in heads.items():
        found[f"{name}.weights"], found[f"{name}.scale"] = quantised(head, touched)
        found[f"{name}.bias"] = head.bias
    buckets = np.flatnonzero(np.abs(language.trained.weights).sum(axis=1) > 0)
    found["language.weights"], found["language.scale"] = quantised(language.trained, buckets)
    found |= {"language.bias": language.trained.bias, "language.buckets": buckets.astype(np.uint32), "language.idf": language.idf.astype(np.float16)}
    return found


def save(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """An .npz that np.load reads, a fifth smaller than numpy's own: most weights are zero, which LZMA tells best."""
    with ZipFile(path, "w", ZIP_LZMA) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w") as out:
                np.lib.format.write_array(out, array)


def digest(*parts: Any) -> str:
    """Sixteen hex digits of anything that JSON can write."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
