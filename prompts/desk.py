"""Hands out the words of the desk (prompts/desk/<locale>.yaml) and its ready replies (prompts/desk/canned/<locale>.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from domain.engagement.reply import LOCALES
from domain.files import read_yaml

FOLDER = Path(__file__).parent / "desk"
#: Of the interface; conversations have five.
INTERFACE = ("fr", "ar")
VARIABLES = ("name", "agent", "ref", "technician", "when", "amount")
_GAP = re.compile(r"\{(\w+)\}")


@cache
def words(locale: str) -> dict[str, Any]:
    """Everything an agent reads, by section and key. Raises KeyError for a locale the interface does not have."""
    if locale not in INTERFACE:
        raise KeyError(f"the desk speaks {', '.join(INTERFACE)}, not {locale!r}")
    data: dict[str, Any] = read_yaml(FOLDER / f"{locale}.yaml")
    return data


def say(locale: str, key: str, /, **params: Any) -> str:
    """The words of "section.key", filled. Raises KeyError naming the file to mend."""
    section, _, entry = key.partition(".")
    found = words(locale).get(section, {})
    if entry not in found:
        raise KeyError(f"no words {key!r}; add them to prompts/desk/{locale}.yaml")
    return str(found[entry]).format(**params)


def label(locale: str, section: str, code: str | None) -> str:
    """The name of a code ("reasons", "danger"); the code itself where it has none."""
    return str(words(locale).get(section, {}).get(code, code or ""))


@cache
def canned(locale: str) -> dict[str, str]:
    """Ready replies in one of the five locales, `{variable}` where a fact goes."""
    if locale not in LOCALES:
        raise KeyError(f"unknown locale {locale!r}; one of {', '.join(LOCALES)}")
    data: dict[str, str] = read_yaml(FOLDER / "canned" / f"{locale}.yaml")
    return data


def filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with the variables that are known; the others stay for the agent to fill."""
    return _GAP.sub(lambda gap: known.get(gap[1]) or gap[0], text)


def gaps(text: str) -> list[str]:
    """Variables that nobody filled yet."""
    return [gap for gap in dict.fromkeys(_GAP.findall(text)) if gap in VARIABLES]
