"""A worker in a process of its own that is killed (SIGKILL) at a named point: `python -m evals.bench.day.dying FOLDER URLS NOW POINT TIMES`."""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bot import checkpoints, logs
from domain.clock import SettableClock
from domain.store.tables import Conversation
from evals.bench.day.service import Urls, Worker, build


def main(folder: str, urls: str, now: str, point: str, times: str) -> None:
    """Plays what waits until `point` was reached `times` times; then nothing is put in order, as when the machine fails."""
    left = int(times)

    def die(reached: str) -> None:
        nonlocal left
        left -= reached == point
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    logs.configure("ERROR")
    house = build(Path(folder), Urls(**json.loads(urls)), SettableClock(datetime.fromisoformat(now)))
    with house.db.reading() as session:
        worker = Worker(house, begun=set(session.scalars(select(Conversation.id))))
    checkpoints.on_reached(die)
    worker.tick()


if __name__ == "__main__":
    main(*sys.argv[1:])
