"""Keeps every played trial on disk as it comes, so that a run stopped half way goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from evals.records import Played

ROOT = Path(__file__).parent.parent
#: What decides how a conversation goes; when any of it changed, kept results are of another Bricol.
SERVING = ("bot", "channels", "tools", "retrieval", "prompts", "domain", "evals", "finetune/artifacts")
DATA = frozenset((".py", ".yaml", ".md", ".json", ".npz", ".onnx", ".bin"))


class JournalError(Exception):
    """A journal that cannot be gone on with; the message says why and the cure."""


@dataclass
class Journal:
    """One JSON object a line: first what the run is, then each trial. A line cut off by a crash is played again."""

    path: Path
    about: dict[str, Any]  # model, seed, inject, code
    known: dict[tuple[str, int, str], Played] = field(default_factory=dict)
    aside: int = 0  # results there that other code gave: they are played again

    @classmethod
    def open(cls, path: Path, *, model: str, seed: int, inject: Sequence[str], fresh: bool = False) -> Journal:
        """The journal at `path` (a folder: `run.jsonl` in it), begun when it is not there, or anew when `fresh`.

        Raises JournalError when it is of a run with another model, seed or faults, or no journal at all. Results of other code are left aside.
        """
        path = path / "run.jsonl" if path.is_dir() or not path.suffix else path
        about = {"model": model, "seed": seed, "inject": sorted(inject), "code": code()}
        journal = cls(path, about)
        if path.exists() and not fresh:
            journal._read()
        if not journal.known:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"journal": about}) + "\n", encoding="utf-8")
        return journal

    def find(self, scenario_id: str, trial: int, text: str) -> Played | None:
        """What was played of this very scenario (`text`: `digest`), if anything."""
        return self.known.get((scenario_id, trial, text))

    def add(self, played: Played, text: str) -> None:
        line = json.dumps({"text": text, "played": played.to_dict()}, ensure_ascii=False, default=str)  # an expected day is a date
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _read(self) -> None:
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        try:
            about = json.loads(lines[0])["journal"]
        except (IndexError, KeyError, TypeError, ValueError):
            raise JournalError(f"{self.path}: is no journal of a run; name another file after --resume") from None
        for name in ("model", "seed", "inject"):
            if about.get(name) != self.about[name]:
                there, here = about.get(name), self.about[name]
                raise JournalError(f"{self.path}: is of a run with --{name} {there!r}, this one has {here!r}; give the same, or another file")
        if about.get("code") != self.about["code"]:
            self.aside = len(lines) - 1
            return
        whole = []
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                played = Played.from_dict(entry["played"])
            except (KeyError, TypeError, ValueError):
                continue  # the line being written when the run was stopped
            self.known[played.id, played.trial, entry["text"]] = played
            whole.append(line)
        if len(whole) < len(lines) - 1:
            self.path.write_text("\n".join([lines[0], *whole]) + "\n", encoding="utf-8")


def digest(path: str) -> str:
    """Of a scenario file's text: an edited scenario is another one."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


@cache
def code() -> str:
    """A fingerprint of everything that serves, from names, sizes and times of change."""
    found = hashlib.sha256()
    for folder in SERVING:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in DATA and "scenarios" not in path.parts:
                stat = path.stat()
                found.update(f"{path.relative_to(ROOT)}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()[:16]
