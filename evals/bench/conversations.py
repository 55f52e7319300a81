"""How long a turn takes, and how many fit in a second: our scenarios' first messages through the real agent."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bot import inbox, turn
from channels.base import InboundMessage
from evals import stage
from evals.bench.figures import Figure, at_most, quantile
from evals.scenario import files, load

TURNS = 240


def measure() -> list[Figure]:
    scenarios = [s for path in files([Path("evals/scenarios")]) if (s := load(path)) and s.who == "client" and s.turns[0].say]
    took: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bricol-bench-") as folder:
        house = stage.build(scenarios[0].model_copy(update={"given": []}), Path(folder), "embedded")
        for n in range(TURNS + 20):
            said = scenarios[n % len(scenarios)].turns[0].say or ""
            message = InboundMessage("whatsapp", f"bench-{n}", f"+2126630{n:05}", "text", said)
            (arrival,) = inbox.accept(house, [message])
            begun = time.perf_counter()
            gathered = turn.gather(house, arrival.conversation_id, window=0)
            assert gathered is not None
            turn.play(house, gathered)
            took.append((time.perf_counter() - begun) * 1000)
        house.close()
    took = took[20:]  # the first ones also load models
    return [
        at_most("embedded turn (gather to commit), p50", quantile(took, 0.5), "ms", 25, f"{len(took)} first messages, SQLite, one thread"),
        at_most("embedded turn (gather to commit), p95", quantile(took, 0.95), "ms", 60),
    ]
