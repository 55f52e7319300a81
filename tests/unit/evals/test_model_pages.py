"""The pages of the models: whatever an examination kept is on them, and whatever it did not is said to be missing."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot import cli
from domain.learning import registry
from evals.market_models import details, pages
from evals.market_models.examined import Judged


def judged(seed: int = 0, rows: int = 2000) -> Judged:
    """Amounts that a model told well, but for one town."""
    rng = np.random.default_rng(seed)
    said, town = rng.uniform(0.8, 1.6, rows), rng.choice(["casablanca", "fes", "dakhla"], rows, p=[0.5, 0.4, 0.1])
    noise = rng.normal(0, 0.2, rows) + np.where(town == "dakhla", 0.6, 0.0)
    true = said * np.exp(noise)
    losses = {"model": np.abs(noise), "rule": np.abs(noise) + np.where(town == "dakhla", -0.2, 0.05), "oracle": np.abs(rng.normal(0, 0.2, rows))}
    return Judged("amount", said, true, losses, {"city": town}, said * 0.6, said * 1.5, {"hurry": 0.1})


class Balanced(HTMLParser):
    """Fails on a page whose elements do not close; keeps what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br", "line", "circle", "polyline", "rect"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag, tag


def read(path: Path) -> tuple[str, Balanced]:
    text, parser = path.read_text(encoding="utf-8"), Balanced()
    parser.feed(text)
    assert not parser.open
    assert all(not link.startswith(("http", "//")) for link in parser.fetched)
    return text, parser


def test_the_worst_slice_is_the_one_that_is_bad_and_what_is_said_rises_with_what_is_seen() -> None:
    told = details.details([judged(0), judged(1)], "rule")
    assert told["worst"][0]["name"] == "dakhla" and told["worst"][0]["rule_better"]
    assert {row["name"] for row in told["worst"]} == {"dakhla"}
    assert sum(row["rows"] for row in told["reliability"]) == told["whole"]["rows"] == 4000
    assert [row["seen"] for row in told["reliability"]] == sorted(row["seen"] for row in told["reliability"])


def test_shares_are_reliable_where_they_come_true() -> None:
    rng = np.random.default_rng(2)
    said = rng.uniform(0, 1, 4000)
    true = (rng.uniform(0, 1, 4000) < said).astype(float)
    loss = dict.fromkeys(("model", "rule", "oracle"), (said - true) ** 2)
    rows = details.details([Judged("probability", said, true, loss)], "rule")["reliability"]
    assert sum(row["low"] <= row["said"] <= row["high"] for row in rows) >= 8


def test_what_was_kept_is_on_the_page_and_what_was_not_is_said_to_be_missing(tmp_path: Path) -> None:
    place = tmp_path / "artifacts" / "cost"
    entry = registry.Entry("cost", "1", "loss", 0.2, 0.3, 0.1, 0.5, (0.4, 0.6), False, "measured on 1 world", "rule", 0.1)
    registry.write(place, entry)
    bare = pages.write(tmp_path / "bare", tmp_path / "artifacts")
    assert "bricol eval models cost --audit" in read(bare[1])[0]
    head = {"simulated": True, "parameters": "0" * 64, "judged_rows": 4000, "curve": []}
    plan = {"worlds": ["W1"], "seeds": 1, "bookings": 1000, "technicians": 100, "days": 90}
    details.write(place, head | {"plan": plan} | details.details([judged()], "rule"))
    index, page = pages.write(tmp_path / "told", tmp_path / "artifacts")
    text, _ = read(page)
    assert "dakhla" in text and "What it is bad at" in text and "of the outcomes fell within the range" in text and "measured on 1 world" in text
    assert 'href="cost.html"' in read(index)[0]


def test_a_file_that_cannot_be_read_still_has_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "a" / "match").mkdir(parents=True)
    (tmp_path / "a" / "match" / "model.json").write_text("{")
    assert "cannot be read" in read(pages.write(tmp_path / "out", tmp_path / "a")[1])[0]


def test_too_much_for_a_page_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give fewer groups"):
        details.write(tmp_path, {"x": "y" * details.MOST_BYTES})


def test_bricol_models_draws_every_shipped_model_and_the_reader(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["models", "--html", str(tmp_path)])
    assert result.exit_code == 0, result.output
    shipped = {path.parent.name for path in Path(pages.ARTIFACTS).glob("*/m*.json")}
    for name in shipped:
        read(tmp_path / f"{name}.html")
    assert "ary-latn" in (tmp_path / "understanding.html").read_text(encoding="utf-8")
