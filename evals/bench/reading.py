"""How long one message takes to be understood, on one thread."""

from __future__ import annotations

import time
from pathlib import Path

from evals.bench.figures import Figure, at_most, quantile
from evals.scenario import files, load

ARTIFACT = Path("finetune/artifacts/understanding")


def measure() -> list[Figure]:
    from bot.brain.understanding import load as load_reader

    reader = load_reader()
    texts = [step.say for path in files([Path("evals/scenarios")]) if (scenario := load(path)) for step in scenario.turns if step.say]
    took = []
    for n in range(6):
        for text in texts:
            begun = time.perf_counter()
            reader.understand(f"{text} {n}")  # another text each time: nothing comes from a cache
            took.append((time.perf_counter() - begun) * 1000)
    size = sum(p.stat().st_size for p in ARTIFACT.rglob("*") if p.is_file()) / 1e6
    return [
        at_most("understanding one message, p50", quantile(took, 0.5), "ms", 8, f"{len(took)} messages"),
        at_most("understanding one message, p95", quantile(took, 0.95), "ms", 8),
        at_most("understanding model on disk", size, "MB", 30),
    ]
