"""The pages of the models: whatever an examination kept is on them, and whatever it did not is said to be missing."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bot import cli
from bot.learnt import MODULES, features
from domain.learning import registry
from domain.learning.asof import FeatureSet
from domain.learning.probability import Probability
from domain.learning.trees import Trees
from evals.market_models import cost, details, known, pages, weak
from evals.market_models.examined import Curve, Explained, Judged
from evals.market_models.explained import sampled, told

SPAN = {"rows": 10, "from": "2026-01-01", "to": "2026-03-01"}
SECTIONS = (
    "What it is bad at", "Does it come true?", "Quantile by quantile", "Curves", "What it looks at", "What moves its answer", "By slice",
    "What a marketplace must hold, and what only the simulator knows", "Which worlds, and when", "Data and files",
)  # fmt: skip


def judged(seed: int = 0, rows: int = 2000) -> Judged:
    """Amounts that a model told well, but for one town."""
    rng = np.random.default_rng(seed)
    said, town = rng.uniform(0.8, 1.6, rows), rng.choice(["casablanca", "fes", "dakhla"], rows, p=[0.5, 0.4, 0.1])
    noise = rng.normal(0, 0.2, rows) + np.where(town == "dakhla", 0.6, 0.0)
    true = said * np.exp(noise)
    losses = {"model": np.abs(noise), "rule": np.abs(noise) + np.where(town == "dakhla", -0.2, 0.05), "oracle": np.abs(rng.normal(0, 0.2, rows))}
    moves = Explained(("hurry", "described"), rng.normal(0, 1, (50, 2)), rng.normal(0, [0.1, 0.01], (50, 2)), "log of final / quoted")
    quantiles = {who: np.column_stack([said * 0.6, said, said * 1.5]) for who in losses}
    return Judged(
        "amount", said, true, losses, {"city": town}, said * 0.6, said * 1.5,
        quantiles=quantiles, levels=(0.025, 0.5, 0.975), explained={"": moves}, curves={"lists": Curve((1, 2), {"model": np.array([0.2, np.nan])})},
        data={"world": "W1", "seed": seed, "taught": SPAN, "judged": SPAN, "sha256": "0123456789ab", "rows": {}},
    )  # fmt: skip


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
    assert read(bare[1])[0].count("Not in this run. Measure it: bricol eval models cost --audit") == 8
    head = {"simulated": True, "parameters": "0" * 64, "judged_rows": 4000, "curve": []}
    plan = {"worlds": ["W1"], "seeds": 1, "bookings": 1000, "technicians": 100, "days": 90}
    parts = [judged()]
    details.write(place, head | {"plan": plan} | details.details(parts, "rule") | known.data(cost.EXAMINER, parts))
    index, page = pages.write(tmp_path / "told", tmp_path / "artifacts")
    text, _ = read(page)
    assert [name for name in SECTIONS if f"<h2>{name}</h2>" not in text] == [] and "Not in this run" not in text
    assert "job_truths.complexity" in text and "0123456789ab" in text
    assert "dakhla" in text and "What it is bad at" in text and "of the outcomes fell within the range" in text and "measured on 1 world" in text
    assert 'href="cost.html"' in read(index)[0]


def test_a_file_from_before_a_section_was_kept_shows_the_rest_and_says_what_it_lacks(tmp_path: Path) -> None:
    place = tmp_path / "artifacts" / "cost"
    registry.write(place, registry.Entry("cost", "1", "loss"))
    whole = details.details([judged()], "rule")
    older = {name: whole[name] for name in ("kind", "baseline", "whole", "reliability", "slices", "worst")}
    plan = {"worlds": ["W1"], "seeds": 1, "bookings": 1000, "technicians": 100, "days": 90}
    details.write(place, {"judged_rows": 2000, "plan": plan, "curve": [], "contributions": {"hurry": 0.125}} | older)
    text, _ = read(pages.write(tmp_path / "out", tmp_path / "artifacts")[1])
    assert "dakhla" in text and "0.125" in text and "of the outcomes fell within the range" in text
    assert text.count("ot in this run. Measure it") == 6  # who the rule beats, quantiles, pictures, curves, tables, worlds


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


def test_a_slice_in_which_the_model_loses_is_named_in_words_and_one_in_which_it_wins_is_not() -> None:
    audit, words = details.details([judged(0), judged(1)], "rule"), {"said": "said", "seen": "seen"}
    (line,) = (line for line in weak.sentences(audit, {}, words) if "clearly loses" in line)
    assert "dakhla (city)" in line and "1 of 3 slices" in line and "fes" not in line and "casablanca" not in line
    better = replace(judged(), losses={**judged().losses, "rule": judged().losses["model"] + 0.1})
    assert "In none of 3 slices" in weak.sentences(details.details([better], "rule"), {}, words)[0]


def test_what_serves_knowing_less_is_named_where_it_is_no_better_than_the_rule() -> None:
    measured = {"losses": {"rule": 0.5, "model": 0.4, "model, nothing described": 0.52, "oracle": 0.1}, "by_world": {"W1": 0.5, "W2": -0.1}}
    lines = weak.sentences({"baseline": "rule"}, measured, {})
    assert any(line.startswith("Nothing described: its loss is 0.52") for line in lines) and "In W2 it does worse than its rule." in lines


def test_questions_about_one_visit_do_not_make_an_interval_narrower() -> None:
    values = np.random.default_rng(3).normal(0, 1, 80)
    once, often = details.mean(values), details.mean(np.repeat(values, 4), np.repeat(np.arange(80), 4))
    assert often == pytest.approx(once) and details.mean(np.repeat(values, 4))[2] < once[2]
    held = (values > 0).astype(float)
    low, high = (details.share(np.repeat(held, 4), unit)[2] for unit in (None, np.repeat(np.arange(80), 4)))
    assert low < high == pytest.approx(details.share(held)[2], abs=0.01)


def test_two_of_three_are_too_few_to_break_a_promise() -> None:
    assert details.share(np.array([1.0, 1.0, 0.0]))[2] > 0.95


def test_of_many_districts_the_worst_and_the_best_stay_and_all_are_counted() -> None:
    one = judged(rows=40_000)
    names = np.random.default_rng(0).integers(0, 200, 40_000).astype(str).astype(object)
    names[one.groups["city"] == "dakhla"] = "the lost one"
    found = details.details([replace(one, groups={"district": names})], "rule")
    assert len(found["slices"]["district"]) == 2 * details.ENDS and found["slices_of"]["district"] == 201
    assert found["slices"]["district"][0]["name"] == found["behind"][0]["name"] == "the lost one"


def test_drawn_shapley_values_add_up_and_are_exact_for_a_sum() -> None:
    rng = np.random.default_rng(4)
    rows, usual, weights = rng.normal(0, 1, (30, 5)), rng.normal(0, 1, (30, 5)), np.arange(5.0)
    assert sampled(lambda x: x @ weights, rows, usual) == pytest.approx((rows - usual) * weights)

    def tangled(x: np.ndarray) -> np.ndarray:
        return np.exp(x[:, 0] * x[:, 1]) + x[:, 2]

    found = sampled(tangled, rows, usual)
    assert found.sum(axis=1) == pytest.approx(tangled(rows) - tangled(usual)) and np.allclose(found[:, 3:], 0)


def test_what_moved_a_chance_adds_up_to_its_log_odds() -> None:
    rng = np.random.default_rng(5)
    model = Probability(np.array([0.2, 1.0, -0.5]), Trees.constant(0.0), np.array([0.1, 0.8, 0.0]))
    inputs, usual = rng.normal(0, 1, (20, 2)), rng.normal(0, 1, (9, 2))
    odds = [np.log(p / (1 - p)) for p in (model.of(inputs), model.of(usual))]
    assert model.contributions(inputs, usual).sum(axis=1) == pytest.approx(odds[0] - odds[1].mean())


def test_a_picture_keeps_no_rows_and_counts_every_answer_once() -> None:
    moves = np.random.default_rng(6).normal(0, 1, (500, 2))
    picture = told([Explained(("a", "b"), np.column_stack([moves[:, 0], np.full(500, np.nan)]), moves, "u")])["inputs"]
    of = {row["name"]: row["picture"] for row in picture}
    assert all(sum(count for _, count, _ in each) == 500 for each in of.values())
    ranks = [rank for _, _, rank in of["a"]]
    assert ranks == sorted(ranks) and {rank for _, _, rank in of["b"]} == {None}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_input_says_what_it_means_its_unit_and_what_it_can_be(name: str) -> None:
    read = features(name)
    assert read is not None
    assert [row["name"] for row in known.inputs(read.features) if not (row["meaning"] and row["unit"] and row["range"] and row["since"])] == []


def test_a_unit_is_for_readers_and_refuses_no_file() -> None:
    read = features("cost")
    assert read is not None
    other = FeatureSet(read.name, read.version, tuple(replace(each, unit="other") for each in read.features))
    assert other.fingerprint == read.fingerprint
