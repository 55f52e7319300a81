"""Reads the public corpora that teach the language head; they are used for training only and never copied into this repository."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from bot.brain.understanding.normalise import script_of


@dataclass(frozen=True)
class Corpus:
    """`field` holds the text, `language` is a language of ours, or the name of the field that tells it."""

    path: str
    field: str
    language: str
    limit: int
    licence: str
    only: tuple[str, str] | None = None


CORPORA = [
    Corpus("doda_mit_2023/sentences.jsonl", "darija", "ary", 7000, "Darija Open Dataset at commit f6b952c, MIT with attribution"),
    Corpus("doda_mit_2023/sentences.jsonl", "english", "en", 2500, "Darija Open Dataset at commit f6b952c, MIT with attribution"),
    Corpus("afrisenti/ary_train.jsonl", "text", "ary", 4000, "AfriSenti (Muhammad et al. 2023), CC BY 4.0"),
    Corpus("nllb_seed_ary/ary_eng.jsonl", "text", "ary", 1500, "NLLB-Seed / OLDI, CC BY-SA 4.0"),
    Corpus("sib200/ary_Arab.jsonl", "text", "ary", 1000, "SIB-200, CC BY-SA 4.0"),
    Corpus("sib200/arb_Arab.jsonl", "text", "ar", 1000, "SIB-200, CC BY-SA 4.0"),
    Corpus("sib200/fra_Latn.jsonl", "text", "fr", 1000, "SIB-200, CC BY-SA 4.0"),
    Corpus("sib200/eng_Latn.jsonl", "text", "en", 500, "SIB-200, CC BY-SA 4.0"),
    Corpus("banking77_en/train.jsonl", "text", "en", 1500, "Banking77 (Casanueva et al. 2020), CC BY 4.0"),
    Corpus("clinc150_en/data_full.jsonl", "text", "en", 2000, "CLINC150 (Larson et al. 2019), CC BY 3.0"),
    Corpus("xsid/ar_valid.jsonl", "text", "ar", 300, "xSID (van der Goot et al. 2021), CC BY-SA 4.0"),
    Corpus("xsid/ar_test.jsonl", "text", "ar", 500, "xSID (van der Goot et al. 2021), CC BY-SA 4.0"),
    Corpus("arsarcasm_v2/arsarcasm_v2.jsonl", "text", "ar", 2500, "ArSarcasm-v2 (Abu Farha et al. 2021), MIT", ("dialect", "msa")),
    Corpus("arbanking77/msa_pal_train.jsonl", "text", "ar", 2000, "ArBanking77 (Jarrar et al. 2023), CC BY-SA 4.0"),
]


HELD_BACK = 20  # one DODa sentence in so many is never trained on: it measures
MOODS = {"positive", "negative", "neutral"}


def held_back(text: str) -> bool:
    """Whether a corpus sentence is kept out of all training, told by its own bytes: the same everywhere."""
    return crc32(text.strip().encode()) % HELD_BACK == 0


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The records of one corpus file; nothing where it is absent."""
    if path.is_file():
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def nameless(text: str) -> str:
    """A tweet without the marks where names were taken out."""
    return text.replace("@user", "").strip()


def tweets(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(text, language, sentiment) of the corpora that tell a mood."""
    for row in rows(folder / "afrisenti/ary_train.jsonl"):
        if row["label"] in MOODS:
            yield nameless(row["text"]), "ary", row["label"]
    for row in rows(folder / "arsarcasm_v2/arsarcasm_v2.jsonl"):
        if row["label"] in MOODS and row["dialect"] in ("msa", "magreb") and len(row["text"]) < 100:
            yield row["text"], "ar" if row["dialect"] == "msa" else "ary", row["label"]


def texts(folder: Path, seed: int = 7) -> Iterator[tuple[str, str]]:
    """(text, language) of every corpus that is present under `folder`, shuffled, cut to its limit; nothing where the folder is absent."""
    for corpus in CORPORA:
        records = list(rows(folder / corpus.path))
        random.Random(seed).shuffle(records)
        taken = 0
        for row in records:
            text = nameless(str(row.get(corpus.field) or ""))
            if corpus.only and row.get(corpus.only[0]) != corpus.only[1]:
                continue
            if corpus.path.startswith("doda") and held_back(str(row["darija"])):
                continue
            if len(text) < 3 or (corpus.language == "ar" and script_of(text) == "latn"):
                continue
            yield text, corpus.language
            taken += 1
            if taken >= corpus.limit:
                break


def licences(folder: Path) -> list[str]:
    """What the model card must say about the corpora that were present."""
    return sorted({corpus.licence for corpus in CORPORA if (folder / corpus.path).is_file()})
