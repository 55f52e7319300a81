"""The training loop: LoRA on a causal model, the loss on the assistant's tokens alone; stopped anywhere, it goes on as if it had not been."""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from peft.utils import get_peft_model_state_dict
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer

from finetune.llm.data import Lesson
from finetune.llm.encode import IGNORED, Encoded, encode
from finetune.llm.options import Options, split
from finetune.llm.templates import Family, choose

LOWEST = 0.1  # of the rate, at the end
Progress = Callable[[int, int, float], None]  # (step, steps, loss)


class BadBase(Exception):
    """The base model cannot be loaded or does not fit; the message says what to give instead."""


class OtherRun(Exception):
    """The output folder holds a run of other data or choices."""


@dataclass
class Run:
    """What a training gave: figures, and where adapter and merged model are."""

    steps: int
    lessons: int
    held_out: int
    too_long: int
    tokens_learnt: int
    trained_parameters: int
    losses: list[float] = field(default_factory=list)
    held_out_before: float | None = None
    held_out_after: float | None = None
    family: str = ""
    parser: str = ""


def load_tokenizer(base: str) -> Any:
    """The base's fast tokenizer. Raises BadBase."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except Exception as error:
        raise BadBase(f"{base}: no tokenizer ({_first(error)}); give a folder with a model in the transformers format") from error
    if not tokenizer.is_fast:
        raise BadBase(f"{base}: its tokenizer has no tokenizer.json, which says where each token stands in the text; convert it first")
    return tokenizer


def train(options: Options, lessons: Sequence[Lesson], *, progress: Progress = lambda *_: None, stop_after: int | None = None) -> Run | None:
    """Trains, and writes adapter/ and (with `merge`) merged/ under `options.out`. None when stopped by `stop_after` steps of this call.

    Uses a GPU in bfloat16 where there is one, else the processor in float32. Raises BadBase, BadTemplate or OtherRun.
    """
    tokenizer = load_tokenizer(options.base)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    model = _model(options.base, device)
    family = choose(tokenizer, str(model.config.model_type), options.template)
    encoded = [e for lesson in lessons if (e := encode(lesson, tokenizer, family, options.most_tokens))]
    if not encoded:
        raise BadBase(f"no lesson fits in {options.most_tokens} tokens; raise --tokens (the manual and the tools alone take several thousand)")
    highest = max(max(e.ids) for e in encoded)
    if highest >= model.get_input_embeddings().weight.shape[0]:
        raise BadBase(f"{options.base}: the tokenizer knows token {highest}, the model does not; they belong to different models")
    learn, held = split(encoded, options.held_out)
    model = _with_adapter(model, options)
    run = Run(0, len(learn), len(held), len(lessons) - len(encoded), sum(e.learnt for e in learn), _trained(model))
    run.family, run.parser = family.name, family.parser
    if not _loop(model, options, learn, held, run, options.fingerprint(encoded), device, progress, stop_after):
        return None
    _write(model, tokenizer, family, options, run)
    return run


def _loop(
    model: Any, options: Options, learn: list[Encoded], held: list[Encoded], run: Run, fingerprint: str, device: str,
    progress: Progress, stop_after: int | None,
) -> bool:  # fmt: skip
    """Whether it came to the end. Every step seeds its own chance, so that a run taken up again is the same run."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.0)
    batches = list(_batches(learn, options))
    run.steps = len(batches)
    state = options.out / "state"
    begin = _resume(state, model, optimizer, run, fingerprint)
    if begin == 0 and held:
        run.held_out_before = _loss_of(model, held, device)
    for step in range(begin, len(batches)):
        if stop_after is not None and step - begin == stop_after:
            return False
        torch.manual_seed(options.seed * 1_000_003 + step)
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = options.rate * _schedule(step, len(batches), options.warmup)
        count = sum(e.learnt for e in batches[step])
        total = 0.0
        for lesson in batches[step]:
            loss = _loss_sum(model, lesson, device) / count
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        run.losses.append(round(total, 5))
        progress(step + 1, len(batches), total)
        if (step + 1) % options.save_every == 0 and step + 1 < len(batches):
            _save(state, model, optimizer, run, fingerprint)
    run.held_out_after = _loss_of(model, held, device) if held else None
    return True


def _batches(lessons: list[Encoded], options: Options) -> Iterator[list[Encoded]]:
    """Every lesson once an epoch, in another order each time; the last, partial epoch takes the first of its order."""
    left = round(options.epochs * len(lessons))
    epoch = 0
    pool: list[Encoded] = []
    while left > 0:
        order = sorted(lessons, key=lambda e: e.id)
        random.Random(options.seed * 7919 + epoch).shuffle(order)
        pool += order[:left]
        left -= len(order)
        epoch += 1
    for start in range(0, len(pool), options.batch):
        yield pool[start : start + options.batch]


def _loss_sum(model: Any, lesson: Encoded, device: str) -> torch.Tensor:
    """Cross-entropy summed over the learnt tokens. Only their logits are computed: a large vocabulary times a long lesson is gigabytes."""
    ids = torch.tensor([lesson.ids], device=device)
    targets = torch.tensor(lesson.labels[1:], device=device)
    places = (targets != IGNORED).nonzero().squeeze(-1)
    logits = model(input_ids=ids, logits_to_keep=places, use_cache=False).logits[0]
    return cross_entropy(logits.float(), targets[places], reduction="sum")


@torch.no_grad()
def _loss_of(model: Any, lessons: list[Encoded], device: str) -> float:
    """Mean loss of a learnt token, in nats."""
    model.eval()
    return round(float(sum(_loss_sum(model, e, device) for e in lessons)) / sum(e.learnt for e in lessons), 5)


def _schedule(step: int, steps: int, warmup: float) -> float:
    """Up in a line, down along a half cosine to LOWEST."""
    up = max(1, math.ceil(steps * warmup))
    if step < up:
        return (step + 1) / up
    return LOWEST + (1 - LOWEST) * 0.5 * (1 + math.cos(math.pi * (step - up) / max(1, steps - up)))


def _model(base: str, device: str) -> Any:
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16 if device == "cuda" else torch.float32)
    except Exception as error:
        raise BadBase(f"{base}: no causal language model ({_first(error)}); give a folder in the transformers format") from error
    return model.to(device)


def _with_adapter(model: Any, options: Options) -> Any:
    if next(model.parameters()).is_cuda:  # on a processor memory is not what is short
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    config = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, lora_dropout=options.dropout, target_modules="all-linear", task_type="CAUSAL_LM", bias="none"
    )  # fmt: skip
    return get_peft_model(model, config)


def _trained(model: Any) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _save(state: Path, model: Any, optimizer: Any, run: Run, fingerprint: str) -> None:
    """All or nothing: written beside, then moved into place."""
    fresh = state.with_name("state.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    torch.save({"adapter": get_peft_model_state_dict(model), "optimizer": optimizer.state_dict()}, fresh / "weights.pt")
    kept = {"fingerprint": fingerprint, "losses": run.losses, "held_out_before": run.held_out_before}
    (fresh / "run.json").write_text(json.dumps(kept), encoding="utf-8")
    shutil.rmtree(state, ignore_errors=True)
    fresh.rename(state)


def _resume(state: Path, model: Any, optimizer: Any, run: Run, fingerprint: str) -> int:
    """The step to begin with: 0, or where a run of the same data and choices was stopped. Raises OtherRun."""
    if not (state / "run.json").exists():
        return 0
    kept = json.loads((state / "run.json").read_text(encoding="utf-8"))
    if kept["fingerprint"] != fingerprint:
        raise OtherRun(f"{state.parent}: holds a stopped run of other data or choices; give another --out, or remove {state} to begin anew")
    weights = torch.load(state / "weights.pt", map_location="cpu", weights_only=True)
    set_peft_model_state_dict(model, weights["adapter"])
    optimizer.load_state_dict(weights["optimizer"])
    run.losses, run.held_out_before = list(kept["losses"]), kept["held_out_before"]
    return len(run.losses)


def _write(model: Any, tokenizer: Any, family: Family, options: Options, run: Run) -> None:
    """The adapter, and the merged model with the template it was taught: a server then shows conversations as they were learnt."""
    from finetune.llm.card import card

    tokenizer.chat_template = family.template
    model.save_pretrained(options.out / "adapter")
    tokenizer.save_pretrained(options.out / "adapter")
    if options.merge:
        merged = model.merge_and_unload()
        merged.config.use_cache = True
        ends = tokenizer(family.end, add_special_tokens=False)["input_ids"]
        known = merged.generation_config.eos_token_id
        others = known if isinstance(known, list) else [known] if known is not None else []
        merged.generation_config.eos_token_id = list(dict.fromkeys([*(ends if len(ends) == 1 else []), *others])) or None
        merged.save_pretrained(options.out / "merged")
        tokenizer.save_pretrained(options.out / "merged")
    (options.out / "README.md").write_text(card(options, run), encoding="utf-8")
    shutil.rmtree(options.out / "state", ignore_errors=True)


def _first(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:160] if str(error).strip() else ''}".rstrip(": ")
