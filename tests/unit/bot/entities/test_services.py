"""The trade a message names is the one a person would hear, and everyday words that look like a trade name none; run the file to read the misses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from bot.brain.understanding.entities import extract

FILES = ("services.yaml", "services_second.yaml")
FLOOR = 0.88


def rows(*names: str) -> list[tuple[str, str, str | None]]:
    """Every case of the named files as (locale, message, service or None)."""
    files = [yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8")) for name in names or FILES]
    split = [(locale, *line.rpartition(" => ")[::2]) for data in files for locale, lines in data.items() for line in lines]
    return [(locale, text, None if service == "none" else service) for locale, text, service in split]


@pytest.mark.parametrize(("locale", "text", "service"), rows("services.yaml"))
def test_a_message_names_the_trade_a_person_would_hear(locale: str, text: str, service: str | None) -> None:
    assert extract(text).get("service") == service


def test_messages_the_words_were_not_mended_by_are_read_as_well() -> None:
    cases = rows("services_second.yaml")
    wrong = [f"{text} [{wanted}, read {extract(text).get('service')}]" for _, text, wanted in cases if extract(text).get("service") != wanted]
    assert 1 - len(wrong) / len(cases) >= FLOOR, "\n".join(wrong)


if __name__ == "__main__":
    cases = rows(*sys.argv[1:])
    for name in sorted({locale for locale, _, _ in cases}):
        here = [(text, service, extract(text).get("service")) for locale, text, service in cases if locale == name]
        for kind, chosen in (("named", [row for row in here if row[1]]), ("none", [row for row in here if not row[1]])):
            wrong = [row for row in chosen if row[1] != row[2]]
            sys.stdout.write(f"{name} {kind}: {len(chosen) - len(wrong)}/{len(chosen)}\n")
            sys.stdout.writelines(f"    {text}  [{wanted} <- {read}]\n" for text, wanted, read in wrong)
