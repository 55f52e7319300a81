from __future__ import annotations

import json
import random
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.brain.understanding import is_stale, load
from bot.brain.understanding.reader import ARTEFACT
from finetune.cli import train
from finetune.understanding.build import build
from finetune.understanding.noise import noisy
from prompts.sentences import fingerprint
from prompts.sentences import load as sentences


@given(text=st.text(min_size=1, max_size=80).filter(str.strip), language=st.sampled_from(["ary", "fr", "ar", "en"]), seed=st.integers(0, 99))
def test_a_respelling_is_never_empty_and_repeats_with_its_seed(text: str, language: str, seed: int) -> None:
    once = noisy(text, language, random.Random(seed))
    assert once and once == noisy(text, language, random.Random(seed))


def test_respellings_keep_the_digits_of_times_and_amounts() -> None:
    for seed in range(40):
        assert "14:30" in noisy("demain à 14:30 si possible", "fr", random.Random(seed)).replace(" ", "")


def test_a_small_training_gives_an_artefact_that_serves(tmp_path: Path) -> None:
    """Without any corpus at hand, on a few intents: what is learned is read back by the serving reader."""
    learnt = {"cancel", "track", "book_service", "accept_job", "decline_job"}
    few = [s for s in sentences() if set(s.intents) & learnt][::4]
    meta = build(few, tmp_path / "no-corpora", tmp_path)
    assert meta["corpus_texts"] == 0 and meta["licences"] == [] and meta["sentences"] == len(few)
    reader = load(tmp_path)
    learned = [reader.understand(s.text, role=s.role, context=s.context).main in s.intents for s in few]
    assert sum(learned) / len(learned) > 0.9
    assert (tmp_path / "weights.npz").read_bytes()


def test_the_shipped_artefact_tells_what_it_was_made_from() -> None:
    meta = json.loads((ARTEFACT / "meta.json").read_text(encoding="utf-8"))
    assert meta["sentences"] > 2500 and len(meta["sentences_hash"]) == len(fingerprint())
    assert any("Darija Open Dataset" in licence for licence in meta["licences"]) and "darija-open-dataset" in meta["notice"]
    assert (ARTEFACT / "weights.npz").stat().st_size <= 8_000_000
    if is_stale():
        warnings.warn("sentences were written since the artefact was trained: run `bricol train understanding`", stacklevel=1)


def test_an_artefact_of_other_sentences_is_stale(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text('{"sentences_hash": "of yesterday"}', encoding="utf-8")
    assert is_stale(tmp_path)
    (tmp_path / "meta.json").write_text(json.dumps({"sentences_hash": fingerprint()}), encoding="utf-8")
    assert not is_stale(tmp_path)


def test_measuring_needs_a_file_that_exists(tmp_path: Path) -> None:
    result = CliRunner().invoke(train, ["understanding", "--evaluate", str(tmp_path / "none.jsonl")])
    assert result.exit_code == 2 and "is not there" in result.output.replace("\n", "")


def test_measuring_names_the_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "oui"\n', encoding="utf-8")
    result = CliRunner().invoke(train, ["understanding", "--evaluate", str(path)])
    assert result.exit_code == 2 and "gold.jsonl:1" in result.output.replace("\n", "")


@pytest.mark.parametrize("language", ["ary", "fr"])
def test_measuring_counts_what_is_right(tmp_path: Path, language: str) -> None:
    text = {"ary": "bghit nlghi rdv dyali", "fr": "je veux annuler mon rendez-vous"}[language]
    path = tmp_path / "gold.jsonl"
    path.write_text(
        f'{{"id": "a", "role": "client", "text": "{text}", "language": "{language}", "script": "latn", "intents": ["cancel"], "entities": {{}}, '
        '"urgency": "normal", "sentiment": "neutral", "context": null}\n',
        encoding="utf-8",
    )
    result = CliRunner().invoke(train, ["understanding", "--evaluate", str(path)])
    assert result.exit_code == 0 and "main intent" in result.output
