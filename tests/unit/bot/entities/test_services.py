"""The trade a message names is the one a person would hear, and everyday words that look like a trade name none; run the file to read the misses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from bot.brain.understanding.entities import extract


def rows() -> list[tuple[str, str, str | None]]:
    """Every case as (locale, message, service or None)."""
    data = yaml.safe_load(Path(__file__).with_name("services.yaml").read_text(encoding="utf-8"))
    split = [(locale, *line.rpartition(" => ")[::2]) for locale, lines in data.items() for line in lines]
    return [(locale, text, None if service == "none" else service) for locale, text, service in split]


@pytest.mark.parametrize(("locale", "text", "service"), rows())
def test_a_message_names_the_trade_a_person_would_hear(locale: str, text: str, service: str | None) -> None:
    assert extract(text).get("service") == service


if __name__ == "__main__":
    for name in sorted({locale for locale, _, _ in rows()}):
        here = [(text, service, extract(text).get("service")) for locale, text, service in rows() if locale == name]
        for kind, chosen in (("named", [row for row in here if row[1]]), ("none", [row for row in here if not row[1]])):
            wrong = [row for row in chosen if row[1] != row[2]]
            sys.stdout.write(f"{name} {kind}: {len(chosen) - len(wrong)}/{len(chosen)}\n")
            sys.stdout.writelines(f"    {text}  [{wanted} <- {read}]\n" for text, wanted, read in wrong)
