"""Sets up logging once per process: one line per event, phone and card numbers masked before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

PHONE = re.compile(r"(?<![\w-])(\+?\d{2,5})[\d .-]{5,12}(\d{2})(?![\w-])")


class Masked(logging.Formatter):
    """Masks anything shaped like a phone or card number: '+212661000001' is written '+2126…01'."""

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = super().format(record).split(" ", 2)  # the time is digits too
        return " ".join([first, *(PHONE.sub(r"\1…\2", part) for part in rest)])


def configure(level: str = "INFO", file: Path | None = None) -> None:
    """Logs to standard error, or to `file` where the terminal belongs to a conversation."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(Masked("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "twilio", "urllib3", "alembic", "asyncio", "python_multipart"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
