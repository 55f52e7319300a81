from __future__ import annotations

import json
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.brain.understanding import NoArtefact, is_stale, load
from bot.brain.understanding.reader import ARTEFACT
from finetune.cli import train
from finetune.understanding.build import Recipe, build
from finetune.understanding.encoder.base import Shape
from finetune.understanding.encoder.export import Evened
from finetune.understanding.encoder.model import cut
from finetune.understanding.encoder.scratch import scratch
from finetune.understanding.encoder.vocabulary import lengthened, pruned, ready
from finetune.understanding.languages import measure
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


def tiny() -> tuple[Shape, dict[str, torch.Tensor], dict[str, Any]]:
    """A base model of two narrow layers with pieces of its own, that knows nothing: the whole pipeline in seconds."""
    return scratch([s.text for s in sentences()[::4]], 0, lambda share, text: None, Shape(1500, width=32, layers=2, heads=2, inner=64, longest=64))


def test_an_encoder_that_begins_from_nothing_learns_to_guess_hidden_pieces() -> None:
    losses: list[float] = []
    texts, shape = [s.text for s in sentences()[::20]], Shape(600, width=32, layers=2, heads=2, inner=64, longest=64)
    _, weights, described = scratch(texts, 8, lambda share, text: losses.append(float(text.rsplit(" ", 1)[1])), shape)
    assert losses[-1] < losses[0] - 0.1  # means of the last hundred steps
    assert weights["words.weight"].shape == (len(described["model"]["vocab"]), 32)


@pytest.mark.timeout(400)  # a minute on two quiet cores
def test_a_small_training_gives_an_artefact_that_serves_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    """Without any corpus at hand, on a few intents: what is learned is read back by the serving reader."""
    learnt = {"cancel", "track", "book_service", "accept_job", "decline_job"}
    few = [s for s in sentences() if set(s.intents) & learnt][::6]
    recipe = Recipe(pieces=1200, words=50, layers=(0, 1), pairs=600, adapting=1, teaching=1.0)
    said: list[str] = []

    def train_it() -> dict[str, Any]:
        said.clear()
        return build(few, tmp_path / "no-corpora", tmp_path, tmp_path / "work", recipe, tiny, say=lambda share, text: said.append(text.split(",")[0]))

    meta = train_it()
    assert meta["corpus_texts"] == 0 and meta["licences"] == [] and meta["sentences"] == len(few)
    assert {"what the base model means", "teaching"} <= set(said)
    reader = load(tmp_path)
    learned = [reader.understand(s.text, role=s.role, context=s.context).main in s.intents for s in few]
    assert sum(learned) / len(learned) > 0.9
    weights = (tmp_path / "encoder.onnx").read_bytes()
    train_it()
    assert "teaching" not in said and "what the base model means" not in said  # all that takes long was kept
    assert (tmp_path / "encoder.onnx").read_bytes() == weights


def test_a_map_whose_inputs_are_evened_says_the_same_and_sees_no_input_that_dwarfs_the_others() -> None:
    linear, x = torch.nn.Linear(32, 8), torch.randn(200, 32, generator=torch.Generator().manual_seed(1))
    x[:, 3] *= 40  # as the base model has them: one scale for all loses the others in int8
    said = linear(x)
    even = Evened(linear, x.abs().amax(0))
    sizes = (x * even.smaller).abs().amax(0)
    assert torch.allclose(even(x), said, atol=1e-4)
    assert sizes.max() < 5 * sizes.median()


def test_words_of_darija_become_one_piece_that_begins_as_the_mean_of_its_old_ones() -> None:
    shape, weights, described = tiny()
    messages = ["chi wa7ed chaf ssba7", "Ssba7, chi 7aja?", "ssba7 bach nchouf"] * 5
    longer, parts = lengthened(described, messages, 3)
    small, kept = pruned(longer, messages, (), 400)
    added = [piece for piece, _ in longer["model"]["vocab"][shape.vocabulary :]]
    assert len(added) == len(parts) == 3 and "▁ssba7" in added
    encoded = ready(small).encode("ssba7", add_special_tokens=False)
    assert encoded.tokens == ["▁ssba7"]
    begun = cut(shape, weights, kept, parts, (0, 1), 64).words.weight[encoded.ids[0]]
    old = ready(described).encode("ssba7", add_special_tokens=False).ids
    assert len(old) > 1 and torch.allclose(begun, weights["words.weight"][old].mean(0))


def test_a_damaged_or_missing_encoder_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    for name in ("meta.json", "weights.npz", "tokenizer.json"):
        shutil.copy(ARTEFACT / name, tmp_path / name)
    with pytest.raises(NoArtefact, match=r"encoder\.onnx is missing; run `bricol train understanding`"):
        load(tmp_path)
    (tmp_path / "encoder.onnx").write_bytes(b"not a model")
    with pytest.raises(NoArtefact, match=r"damaged.*run `bricol train understanding`"):
        load(tmp_path)
    shutil.copy(ARTEFACT / "encoder.onnx", tmp_path / "encoder.onnx")
    (tmp_path / "weights.npz").write_bytes((ARTEFACT / "weights.npz").read_bytes()[:1000])
    with pytest.raises(NoArtefact, match=r"damaged.*run `bricol train understanding`"):
        load(tmp_path)


def test_the_shipped_artefact_tells_what_it_was_made_from() -> None:
    meta = json.loads((ARTEFACT / "meta.json").read_text(encoding="utf-8"))
    assert meta["sentences"] > 2500 and len(meta["sentences_hash"]) == len(fingerprint())
    assert any("Darija Open Dataset" in licence for licence in meta["licences"]) and "darija-open-dataset" in meta["notice"]
    assert sum(path.stat().st_size for path in ARTEFACT.iterdir()) <= 30_000_000
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


def test_languages_are_told_on_sentences_kept_out_of_training(tmp_path: Path) -> None:
    nothing = CliRunner().invoke(train, ["languages", "--data", str(tmp_path)])
    assert nothing.exit_code == 2 and "doda_mit_2023/sentences.jsonl" in nothing.output.replace("\n", "")
    said = ["@user bghit nmchi l dar daba", "wach kayn chi jdid lyoum", "\u0635\u0628\u0627\u062d \u0627\u0644\u062e\u064a\u0631"]
    (tmp_path / "afrisenti").mkdir()
    (tmp_path / "afrisenti" / "ary_dev.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in said), encoding="utf-8")
    ours = next(told for told in measure(tmp_path) if told.identifier == "this reader")
    assert (ours.corpus, ours.right, ours.count, ours.taken_for) == ("AfriSenti dev", 2, 2, {})  # Arabic script is told by its letters
    assert "AfriSenti dev" in CliRunner().invoke(train, ["languages", "--data", str(tmp_path)]).output
