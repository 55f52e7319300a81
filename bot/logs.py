"""Sets up logging once per process: one line per event, personal details redacted before anything is written."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from bot.redact import RedactingFilter


def configure(level: str = "INFO", file: Path | None = None) -> None:
    """Logs to standard error, or to `file` where the terminal belongs to a conversation."""
    handler: logging.Handler
    if file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "twilio", "urllib3", "alembic", "asyncio", "python_multipart"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for talkative in ("pywa", "telegram"):  # on failures they quote whole answers, people's words included; the channels say what went wrong
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
