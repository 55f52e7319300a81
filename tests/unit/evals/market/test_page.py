from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evals.market.cli import simulate
from evals.market.draw import page
from evals.market.files import columns

app = typer.Typer()
app.command()(simulate)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_draws_everything_and_needs_no_network(w1: Path, tmp_path: Path) -> None:
    text = page(w1, tmp_path / "page.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == [] and tags.seen["svg"] >= 13 and tags.seen["circle"] > 500
    assert "nan" not in re.sub(r"<style>.*?</style>|[a-z]*nan[a-z]+|[a-z]+nan", "", text, flags=re.S).lower()
    assert not re.search(r"https?://|src=", text)
    assert all(f"<td>{table}</td>" in text for side in columns().values() for table in side)


def test_the_command_makes_a_world_and_its_page(tmp_path: Path) -> None:
    size = ["--technicians", "200", "--bookings", "400", "--days", "20", "--start", "2026-03-01"]
    done = CliRunner().invoke(app, [str(tmp_path / "w"), "--world", "w2", *size])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "w" / "page.html").exists() and (tmp_path / "w" / "oracle" / "choice_truths.parquet").exists()
    assert CliRunner().invoke(app, [str(tmp_path / "w"), "--only-page"]).exit_code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--world", "W7"], "W7"),
        (["--days", "3"], "14 to 1400"),
        (["--start", "soon"], "soon"),
        (["--only-page"], "bricol"),
        (["--start", "2040-01-01"], "2040"),
    ],
)
def test_a_wrong_option_is_told_and_not_thrown(options: list[str], says: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [str(tmp_path / "w"), *options])
    assert done.exit_code == 2
    assert says in done.output and "Traceback" not in done.output
