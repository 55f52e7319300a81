"""A model file serves only if it is what was measured, reads what this code builds, and passed; else the rule does, and one line says why."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot import models_command
from domain.learning import registry
from domain.learning.asof import FeatureSet
from domain.learning.registry import Entry, ModelRefused
from domain.learning.trees import Trees
from domain.pricing import cost_model
from domain.pricing.cost_model import FEATURES, FILE, CostModel

LEAF = Trees.constant(0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "cost"
    CostModel(np.zeros(12), LEAF, LEAF, LEAF, np.array([[0.2, 0.3], [0.4, 0.5]]), "").save(place / FILE)
    files = {FILE: registry.file_hash(place / FILE)}
    found = Entry("cost", "v1", "score", 0.08, 0.1, 0.07, 0.66, (0.5, 0.8), True, "passed", features=registry.describe(FEATURES), files=files)
    registry.write(place, found)
    return place


def test_a_model_that_passed_serves_and_says_its_version(folder: Path) -> None:
    model = cost_model.serving(folder)
    assert model is not None and model.version == "cost-v1"
    assert registry.read(folder) == registry.verified(folder, FEATURES)
    said, unsaid = np.zeros(11), np.full(11, np.nan)
    np.testing.assert_allclose(model.ratios(np.array([said, unsaid])), np.exp([[-0.1, 0.1, 0.4], [-0.3, 0.1, 0.6]]))


def test_what_passed_and_was_not_switched_on_is_not_listed_as_serving(folder: Path) -> None:
    (told,) = models_command.told(folder.parent)
    assert told["serving"] is False and "BRICOL_LEARNT=cost" in told["reason"]


def refused(folder: Path, caplog: pytest.LogCaptureFixture) -> str:
    """The one line of two starts."""
    with caplog.at_level(logging.WARNING):
        assert registry.champion(folder, FEATURES) is None and registry.champion(folder, FEATURES) is None
    (line,) = caplog.messages
    assert line.endswith("the rule serves") and "\n" not in line
    (listed,) = models_command.told(folder.parent)
    assert listed["serving"] is False
    return line


def test_a_model_of_another_feature_version_is_refused_in_one_line(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    entry = registry.read(folder)
    registry.write(folder, replace(entry, features=registry.describe(FeatureSet("cost", 0, FEATURES.features))))
    assert "reads features cost v0, this code builds cost v1; train it again: bricol train cost" in refused(folder, caplog)


def test_a_file_that_is_not_the_measured_one_is_refused(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / FILE).write_bytes((folder / FILE).read_bytes() + b"x")
    assert "is not the file that was measured" in refused(folder, caplog)


def test_a_missing_file_is_refused(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / FILE).unlink()
    assert f"{FILE} is not there" in refused(folder, caplog)


def test_a_model_that_did_not_pass_stays_off(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry.write(folder, replace(registry.read(folder), serving=False, reason="does not beat its rule"))
    assert "stays off (does not beat its rule)" in refused(folder, caplog)


def test_an_entry_that_cannot_be_read_is_refused_and_listed_as_such(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / registry.FILE).write_text("{")
    assert "train it again" in refused(folder, caplog)


def test_trees_that_are_none_are_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(b"no trees")
    with pytest.raises(ModelRefused, match="train it again"):
        CostModel.read(folder / FILE, "v1")


def test_the_leaderboard_has_every_key_and_the_interval_as_a_list(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRICOL_LEARNT", "cost")
    (listed,) = models_command.listed(folder.parent)
    assert tuple(listed) == models_command.KEYS
    assert json.loads(json.dumps(listed))["ci"] == [0.5, 0.8] and listed["serving"] is True


def test_the_model_that_ships_is_the_one_that_was_measured_and_reads_what_this_code_builds() -> None:
    shipped = registry.verified(models_command.ARTIFACTS / cost_model.NAME, FEATURES)
    model = cost_model.serving(models_command.ARTIFACTS / cost_model.NAME)
    assert (model is not None) is shipped.serving and shipped.ci is not None
