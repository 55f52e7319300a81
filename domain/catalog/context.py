"""Tells, for a trade's word found in a message, whether it means the trade there or is an everyday word; resolve.py asks before it counts a word."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from domain.files import read_yaml
from domain.spelling import bare, clean

_SIGNS = 2  # words of a language that make a message speak it: one alone may be borrowed
_ALONE = 1  # further words beside an answer of one word ("le four", "four svp")
_ARTICLES = ("l", "el", "al", "ll", "ال", "لل")


@cache
def small_words(name: str) -> frozenset[str]:
    """One flat list of words.yaml, cleaned: not_this, wanted, as_spelt, everyday, until, no_trade or any_trade."""
    return frozenset(clean(word) for word in _data()[name])


def is_everyday(words: list[str], start: int, end: int) -> bool:
    """Whether the words from start to end, though a trade's, are said here without it: another language's, or in no company that fits the trade."""
    said = " ".join(words[start:end])
    if any(said in own and len(signs.intersection(words)) >= _SIGNS for signs, own in _languages()):
        return True
    if start and any(said in forms and words[start - 1] in before for forms, before in _participles()):
        return True
    company = _company(said)
    if company is None or len(words) - (end - start) <= _ALONE:
        return False
    if any(word in small_words("wanted") for word in words[max(0, start - 3) : start]):
        return False
    return all(start <= at < end for at in _keepers(company, tuple(words)))


@lru_cache(maxsize=256)
def _keepers(company: frozenset[str], words: tuple[str, ...]) -> tuple[int, ...]:
    """Where the words stand that keep a trade's word a trade's; looked for once a message, however often the trade is said in it."""
    kept = {word: _keeps(company, word) for word in set(words)}
    return tuple(at for at, word in enumerate(words) if kept[word])


def _keeps(company: frozenset[str], word: str) -> bool:
    forms = bare(word)
    return any(form in company or any(f"{form[:n]}-" in company for n in range(2, len(form) + 1)) for form in forms)


def _company(said: str) -> frozenset[str] | None:
    """The words one of which must stand by, or None for words that are always the trade's."""
    for forms, company, article_firm in _loose():
        if said in forms or (not article_firm and any(form in forms for form in bare(said))):
            return company
        if article_firm and not said.startswith(_ARTICLES) and any(form in forms for form in bare(said)):
            return company
    return None


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = read_yaml(Path(__file__).parent / "words.yaml")
    return data


@cache
def _languages() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((frozenset(map(clean, lists["signs"])), frozenset(map(clean, lists["own"]))) for lists in _data()["languages"].values())


@cache
def _participles() -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    return tuple((frozenset(map(clean, row["words"])), frozenset(map(clean, row["after"]))) for row in _data()["participles"])


@cache
def _loose() -> tuple[tuple[frozenset[str], frozenset[str], bool], ...]:
    groups = _data()["company"]
    return tuple(
        (
            frozenset(map(clean, row["words"])),
            frozenset(clean(word) for group in row["with"] for word in groups[group]),
            bool(row.get("article_firm")),
        )
        for row in _data()["loose"]
    )
