"""What the encoder is adapted with: texts, each with a text that means the same and that the base model already understands."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wordfreq import top_n_list

from bot.brain.understanding.normalise import script_of
from finetune.understanding.corpora import held_back, nameless, rows
from finetune.understanding.noise import romanised
from prompts.sentences import Sentence

LONGEST = 130  # characters: people write short messages, and long texts take most of the time
# corpus, its language, how many of its texts
KNOWN_LANGUAGES = (
    ("arbanking77/msa_pal_train", "ar", 12000),
    ("banking77_en/train", "en", 3000),
    ("clinc150_en/data_full", "en", 4000),
    ("xsid/ar_valid", "ar", 300),
)


@dataclass(frozen=True)
class Pair:
    """`text` should mean what the base model reads in `target`."""

    text: str
    target: str
    language: str


def pairs(data: Path, sentences: Sequence[Sentence], seed: int = 11) -> list[Pair]:
    """Translations first, then texts of languages the base model knows, which shall go on meaning what they mean."""
    draw = random.Random(seed)
    found: list[Pair] = []

    def same(text: str, language: str) -> None:
        found.append(Pair(text, text, language))

    for row in rows(data / "doda_mit_2023/sentences.jsonl"):
        if not held_back(row["darija"]):
            found.append(Pair(row["darija"], row["english"], "ary"))
            same(row["english"], "en")
    for row in rows(data / "nllb_seed_ary/ary_eng.jsonl"):
        if len(row["text"]) < LONGEST:
            found.append(Pair(row["text"], row["eng"], "ary"))
            found.append(Pair(romanised(row["text"], draw), row["eng"], "ary"))
    english = {row["id"]: row["text"] for row in rows(data / "sib200/eng_Latn.jsonl")}
    for name, language in (("ary_Arab", "ary"), ("arb_Arab", "ar"), ("fra_Latn", "fr")):
        for row in rows(data / f"sib200/{name}.jsonl"):
            if row["id"] in english and len(row["text"]) < LONGEST:
                found.append(Pair(row["text"], english[row["id"]], language))
                if language == "ary":
                    found.append(Pair(romanised(row["text"], draw), english[row["id"]], "ary"))
    seen = set()
    for row in rows(data / "doda_mit_2023/lexicon.jsonl"):
        meaning = str(row.get("english") or row.get("eng") or "").replace("_", " ")
        for key in ("n1", "n2", "n3", "n4", "general_darija", "darija_ar", "noun", "masculine", "feminine"):
            word = str(row.get(key) or "").strip()
            if meaning and word and (word, meaning) not in seen:
                seen.add((word, meaning))
                found.append(Pair(word, meaning, "ary"))
    for row in rows(data / "afrisenti/ary_train.jsonl"):
        text = nameless(row["text"])
        if script_of(text) == "arab" and 3 < len(text) < LONGEST:
            same(text, "ary")
            found.append(Pair(romanised(text, draw), text, "ary"))
    for path, language, most in KNOWN_LANGUAGES:
        texts = [row["text"] for row in rows(data / f"{path}.jsonl") if len(row["text"]) < LONGEST]
        draw.shuffle(texts)
        for text in texts[:most]:
            same(text, language)
    for row in rows(data / "arsarcasm_v2/arsarcasm_v2.jsonl"):
        if row["dialect"] == "msa" and len(row["text"]) < LONGEST and draw.random() < 0.4:
            same(row["text"], "ar")
    for language in ("fr", "ar"):  # corpora hold little French
        for word in top_n_list(language, 6000):
            same(word, language)
    for sentence in sentences:
        if sentence.script == "arab" or sentence.language != "ary":
            same(sentence.text, sentence.language)
        if sentence.script == "arab" and sentence.language == "ary":
            found.append(Pair(romanised(sentence.text, draw), sentence.text, "ary"))
    return found
