"""The card of a fine-tuned model: what it was made from, how, and what was measured; nothing that was not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from finetune.llm.options import Options

if TYPE_CHECKING:
    from finetune.llm.train import Run


def card(options: Options, run: Run) -> str:
    """Markdown, the figures as JSON at its end for machines."""
    window = max(1, len(run.losses) // 10)
    first, last = _mean(run.losses[:window]), _mean(run.losses[-window:])
    held = "none was held back"
    if run.held_out_before is not None and run.held_out_after is not None:
        held = f"{run.held_out_before:.4f} before, {run.held_out_after:.4f} after ({run.held_out} lessons)"
    served = f" --tool-call-parser {run.parser}" if run.parser else ""
    figures = {**asdict(run), "options": {k: str(v) for k, v in asdict(options).items()}}
    figures.pop("losses")
    return f"""# {options.out.name}

LoRA on `{options.base}` for Bricol's tools and manner (rank {options.rank}, alpha {options.alpha}, {run.trained_parameters:,} trained parameters).
The licence of the base model holds for the merged model; the lessons hold no phone, address, card or identity number.

| what | value |
|---|---|
| lessons learnt | {run.lessons} in {run.steps} steps ({options.epochs:g} epochs of batches of {options.batch}) |
| lessons that did not fit in {options.most_tokens} tokens | {run.too_long} |
| tokens learnt (the assistant's own) | {run.tokens_learnt:,} |
| loss per learnt token, first and last tenth of the steps | {first:.4f}, {last:.4f} |
| the same on lessons held back | {held} |

A falling loss says that the lessons were learnt, not that people are served well: play the scenarios against it.

    vllm serve {options.out}/merged --served-model-name bricol --enable-auto-tool-choice{served}
    BRICOL_MODEL_BASE_URL=http://localhost:8000/v1 BRICOL_MODEL_API_KEY=none bricol eval run evals/scenarios --model openai:bricol

```json
{json.dumps(figures, indent=1)}
```
"""


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
