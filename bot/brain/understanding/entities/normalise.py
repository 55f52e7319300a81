"""Cuts one message into words that know their spellings, and finds the phrases of a word list among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from domain.files import read_yaml
from domain.spelling import clean, fold, is_arabic, slips, stems

LEXICON = Path(__file__).parents[4] / "prompts" / "lexicon"
MAX_CHARS = 2000  # an entity further into a message than this is not worth the time a flood of text would cost
MAX_WORDS = 450  # 2,000 characters of prose hold about 350
_PUNCTUATION = ',.!?;:()"«»'
_UNITS = r"h|ish|dhs?|dir\w*|drhm|derhem|mad|alf|pm|am|m2|m|min|mn|eme|er|e|th|(?<=2)nd|(?<=3)rd|(?<=1)st|pcs|x|k"
_TOKEN = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{1,2}:\d{2}(?!\d)|\d+(?:/\d+)+"
    rf"|\d+(?:[.,]\d+)*(?=(?:{_UNITS})(?![a-z0-9])|[^a-z0-9]|$)"
    r"|[a-z0-9]*[a-z][a-z0-9]*|\d+|[\u0600-\u06ff]+|[^\s'\-]"
)
_GLUED = re.compile(r"(?<=\d)h(?=\d{2}(?!\d))|(?<![a-z0-9])(?:m3a|f)(?=\d{1,2}(?:h|:|(?![a-z0-9])))")  # 15h30, m3a10, f3
_DOTTED = re.compile(r"(?<=\d)(\s?[ap])\.\s?m\b\.?")  # 2 p.m.
_RANGE = re.compile(rf"(?<![\d/.,:-])(\d{{1,5}})\s?[-/]\s?(\d{{2,5}})(?=\s?(?:{_UNITS}|heures|درهم)(?![a-z]))")  # 10-12h, 150-200 dh
_FIGURES = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


@dataclass(frozen=True)
class Token:
    text: str
    keys: frozenset[str]  # its spellings: "=word" as written, and folded forms with and without what sticks to its front
    glued: bool  # nothing stands between it and the token before
    ordered: tuple[str, ...] = ()  # `keys`, as written first, then the longest

    @property
    def is_number(self) -> bool:
        return self.number is not None

    @cached_property
    def number(self) -> float | None:
        text = self.text
        if not _FIGURES.fullmatch(text) or len(text) > 15:
            return None  # "2000e033" is no number, though float() would read one
        try:
            return float(re.sub("[.,]", "", text) if _THOUSANDS.fullmatch(text) else text.replace(",", "."))
        except ValueError:
            return None

    @cached_property
    def opens_with_digit(self) -> bool:
        """Whether it is a number, an hour of the clock or a date in digits."""
        return self.text[0].isdecimal()

    @cached_property
    def is_break(self) -> bool:
        return self.text in _PUNCTUATION


@lru_cache(maxsize=20_000)  # words come again, within a message and in the next one
def _token(word: str, glued: bool) -> Token:
    keys = _forms(word)
    return Token(word, keys, glued, tuple(sorted(keys, key=lambda key: (key[0] != "=", -len(key)))))


def _forms(word: str) -> frozenset[str]:
    meant = _slipped().get(word)
    return _spellings(word) | (_spellings(meant) if meant else frozenset())


@cache
def _slipped() -> dict[str, str]:
    """A word of time with a slip of the thumb -> the word: "thursdya", "المخيس" (prompts/lexicon/slips.yaml)."""
    words, other = (frozenset(clean(str(word)) for word in entries("slips", name)) for name in ("words", "other_words"))
    return {slip: word for word in sorted(words) for slip in slips(word) - words - other}


def _spellings(word: str) -> frozenset[str]:
    keys = {"=" + word, *stems(word)}
    if word.startswith("لل") and len(word) > 4:
        keys.add(fold("ال" + word[2:]))  # "للخميس" is ل + الخميس
    return frozenset(keys - {""})  # a lone hamza has no sound


def tokens_of(text: str) -> list[Token]:
    """The words, numbers and clause marks of a cleaned text, in order; hyphens and apostrophes only separate."""
    text = _RANGE.sub(r"\1 a \2", _DOTTED.sub(r"\1m", text[:MAX_CHARS]))
    text = _GLUED.sub(r"\g<0> ", text)
    found: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        found.append(_token(match.group(), match.start() == end))
        end = match.end()
        if len(found) >= MAX_WORDS:
            break
    return found


class Lexicon:
    """Phrases under labels. A word of a phrase fits any word of the same sound; short words, and phrases opened by "=", only fit as written."""

    def __init__(self, entries: Mapping[Any, Iterable[Any]]) -> None:
        self._first: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
        for label, phrases in entries.items():
            for phrase in phrases:
                exact = str(phrase).startswith("=")
                words = [token.text for token in tokens_of(clean(str(phrase).removeprefix("=")))]
                if not words:
                    raise ValueError(f"the phrase {phrase!r} of {label!r} holds no word; correct it in prompts/lexicon")
                keys = tuple("=" + word if exact or len(fold(word)) < 3 else fold(word) for word in words)
                self._first.setdefault(keys[0], []).append((keys, label))
        for found in self._first.values():
            found.sort(key=lambda entry: -len(entry[0]))
        self._heads = frozenset(self._first)

    def at(self, tokens: list[Token], index: int) -> tuple[Any, int] | None:
        """(label, index after it) of the longest phrase that starts at `index`; the spelling as written wins among equals."""
        if not 0 <= index < len(tokens) or tokens[index].keys.isdisjoint(self._heads):
            return None
        best: tuple[Any, int] | None = None
        for key in tokens[index].ordered:
            if key not in self._first:
                continue
            for keys, label in self._first[key]:
                end = index + len(keys)
                if best is not None and end <= best[1]:
                    break
                if end <= len(tokens) and all(part in tokens[index + n].keys for n, part in enumerate(keys)):
                    best = (label, end)
                    break
        return best

    def all(self, tokens: list[Token]) -> list[tuple[Any, int, int]]:
        """(label, start, end) of every phrase, left to right, none overlapping."""
        found, done = [], 0
        for index in openings(tokens, self._heads):
            hit = self.at(tokens, index) if index >= done else None
            if hit:
                done = hit[1]
                found.append((hit[0], index, done))
        return found

    def firsts(self) -> frozenset[str]:
        """The first keys of its phrases."""
        return self._heads

    def within(self, tokens: list[Token]) -> bool:
        return any(self.at(tokens, index) for index in openings(tokens, self._heads))

    def ends_at(self, tokens: list[Token], index: int, longest: int = 4) -> int | None:
        """The start of a phrase that ends just before `index`, else None."""
        for start in range(max(0, index - longest), index):
            hit = self.at(tokens, start)
            if hit and hit[1] == index:
                return start
        return None


def openings(tokens: list[Token], heads: frozenset[str], digits: bool = False) -> list[int]:
    """Where a phrase may begin that opens with one of `heads`, or with digits: a few places of a message, found by one look at each word."""
    return [index for index, token in enumerate(tokens) if not token.keys.isdisjoint(heads) or (digits and token.opens_with_digit)]


@lru_cache
def lexicon(file: str, section: str) -> Lexicon:
    """One section of prompts/lexicon/<file>.yaml; a plain list becomes one label, True."""
    found = entries(file, section)
    return Lexicon(found if isinstance(found, dict) else {True: found})


@lru_cache
def firsts(file: str, *sections: str) -> frozenset[str]:
    """What a phrase of these sections may begin with: most words of a message are turned away by one look at it."""
    return frozenset().union(*(lexicon(file, section).firsts() for section in sections))


def entries(file: str, section: str) -> Any:
    """One section of prompts/lexicon/<file>.yaml as written. Raises KeyError for one that is not there."""
    found = _read(file).get(section)
    if found is None:
        raise KeyError(f"prompts/lexicon/{file}.yaml has no section {section!r}; add it")
    return found


@lru_cache
def _read(file: str) -> dict[str, Any]:
    loaded: dict[str, Any] = read_yaml(LEXICON / f"{file}.yaml")
    return loaded


@dataclass
class Message:
    """One message as the grammars see it. A grammar marks the tokens it has read, so that no number is read twice."""

    text: str  # cleaned
    tokens: list[Token]
    role: str
    asked: str | None  # what our last words asked for: time date rating amount quantity options, or nothing
    ramadan: bool = False
    ours: str = ""  # what we said just before, cleaned
    used: set[int] = field(default_factory=set)
    memo: dict[str, Any] = field(default_factory=dict)  # what a grammar asks again and again of the whole message

    @cached_property
    def before(self) -> Message:
        """What we said just before, for the same grammars; nothing was asked before it."""
        return Message(self.ours, tokens_of(self.ours), self.role, None, self.ramadan)

    def take(self, start: int, end: int) -> None:
        self.used.update(range(start, end))

    def free(self, start: int, end: int) -> bool:
        return self.used.isdisjoint(range(start, end))


__all__ = ["Lexicon", "Message", "Token", "clean", "entries", "is_arabic", "lexicon", "tokens_of"]
