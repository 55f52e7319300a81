"""Hands out what we say: prompts/replies/<locale>/<file>.yaml, one entry per key, `{name}` where a fact goes."""

from __future__ import annotations

import string
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from domain.engagement.reply import LOCALES
from domain.files import read_yaml

FOLDER = Path(__file__).parent / "replies"


class UnknownReply(KeyError):
    """A key or a parameter that prompts/replies does not have: a bug in the caller or a gap in the data."""


@cache
def entries(locale: str) -> dict[str, list[str]]:
    """All replies of one locale: "<file>.<key>" -> its variants (at least one)."""
    if locale not in LOCALES:
        raise UnknownReply(f"unknown locale {locale!r}; one of {', '.join(LOCALES)}")
    found: dict[str, list[str]] = {}
    for path in sorted((FOLDER / locale).glob("*.yaml")):
        for key, value in (read_yaml(path) or {}).items():
            variants = value if isinstance(value, list) else [value]
            if not variants or not all(isinstance(v, str) for v in variants):
                raise UnknownReply(f"{path}: {key!r} must be a text or a list of texts")
            found[f"{path.stem}.{key}"] = [v.strip() for v in variants]
    return found


def parameters(text: str) -> set[str]:
    """The names between braces in one reply."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def needs(key: str, locale: str) -> set[str]:
    """The parameters of any wording of `key`; none for a key that is not there."""
    return {name for text in entries(locale).get(key, ()) for name in parameters(text)}


def render(key: str, locale: str, /, *, seed: str = "", **params: Any) -> str:
    """The words of `key` ("booking.ask_place") in `locale`, filled with `params`.

    With several variants, `seed` picks one, always the same for the same seed, so that a replayed turn says the same.
    Raises UnknownReply naming the file to mend when the key or a parameter is missing.
    """
    try:
        variants = entries(locale)[key]
    except KeyError:
        file, _, entry = key.partition(".")
        raise UnknownReply(f"no reply {key!r} in {locale}; add {entry!r} to prompts/replies/{locale}/{file}.yaml") from None
    text = variants[crc32(seed.encode()) % len(variants)] if len(variants) > 1 else variants[0]
    missing = parameters(text) - params.keys()
    if missing:
        raise UnknownReply(f"reply {key!r} in {locale} needs {', '.join(sorted(missing))}")
    return text.format(**params).strip()
