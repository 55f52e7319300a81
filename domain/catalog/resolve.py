"""Finds which service and which fault a person's words mean, by the words of the taxonomy, forgiving of spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import exp

from rapidfuzz import fuzz, process

from domain.catalog.context import is_everyday, small_words
from domain.catalog.taxonomy import Node, get_node, services
from domain.spelling import bare, clean, fold, is_arabic, stems

#: What one match says about the service: the trade's own word decides, a thing nearly does, a hint alone does not.
#: A phrase that says what is wrong ("lcompteur kaytiy7") outweighs a thing that may only be mentioned.
TRADE, FAULT, THING, HINT, NODE = 3.0, 2.2, 2.0, 0.8, 1.0
SURE = 1.5
_WANTED = 2.0  # "bghit trisian" outweighs a trade that is only mentioned
_DONE_TO = 0.5  # what a fault has done to something else is named after the fault
_UNTIL_WITHIN = 4  # words
_MULTI = 0.7  # each further word of a phrase makes chance agreement rarer
_FUZZY_FROM, _FUZZY_AT = 6, 86  # letters, per cent: below, everyday words start to look like trades
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_MAX_CHARS = 2000


@dataclass(frozen=True)
class NodeMatch:
    """`score` 0..1 grows with the evidence; it is not a probability."""

    node_id: str
    service: str
    score: float


@dataclass(frozen=True)
class _Phrase:
    keys: tuple[str, ...]
    service: str
    node: str | None
    weight: float


@dataclass(frozen=True)
class _Hit:
    start: int
    end: int
    phrase: _Phrase


def resolve_service(text: str, locale: str | None = None) -> list[NodeMatch]:
    """The jobs a text may mean, best first; empty when no word of the taxonomy occurs.

    Words of all five locales are read whatever `locale` says: people mix them.
    """
    words = _words(text)
    hits = _hits(words)
    by_service = _service_scores(words, hits)
    found: dict[str, float] = {}
    for service, score in by_service.items():
        for node, extra in _node_scores(hits, service).items():
            found[node] = score + extra
        if not any(get_node(node).service == service for node in found):
            found[f"{service}.general"] = score
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [NodeMatch(node, node.partition(".")[0], round(1 - exp(-score / 3), 4)) for node, score in ranked]


def service_of(text: str) -> tuple[str, float] | None:
    """The service a text surely names and its score (1.5 upwards), or None. Two services: the first said, unless one is clearly what is wanted."""
    words = _words(text)
    hits = _hits(words)
    scores = _service_scores(words, hits)
    if not scores:
        return None
    first = {service: min((hit.start for hit in hits if hit.phrase.service == service), default=0) for service in scores}
    best = max(scores, key=lambda service: (round(scores[service], 3), -first[service]))
    return (best, scores[best]) if scores[best] >= SURE else None


def node_for(service: str, issue_text: str | None) -> Node:
    """The fault of `service` that the words fit best; the service's usual small job when none does. Raises DomainError unknown_service."""
    general = get_node(service)
    scores = _node_scores(_hits(_words(issue_text or ""), {service}), general.service)
    # of two that fit as well, the simpler job: a quote may grow on site, it should not start high
    return get_node(max(scores, key=lambda node: (scores[node], -get_node(node).price_factor))) if scores else general


def says(text: str, phrases: Iterable[str]) -> bool:
    """Whether one of the phrases is in the text, spelling forgiven as for the words of the taxonomy."""
    keys = [_text_keys(word) for word in _words(text)]
    wanted = (_Phrase(tuple(map(_key, _words(phrase))), "", None, 0.0) for phrase in phrases)
    return any(phrase.keys[0] in keys[at] and _continues(phrase, keys, at) for phrase in wanted for at in range(len(keys)))


def _service_scores(words: list[str], hits: list[_Hit]) -> dict[str, float]:
    said: dict[tuple[str, str], float] = {}
    for hit in hits:
        phrase = hit.phrase
        if not phrase.weight or _is_not(words, hit.start) or is_everyday(words, hit.start, hit.end):
            continue
        weight = phrase.weight * (_DONE_TO if _is_done_to(words, hits, hit) else 1.0)
        weight += _WANTED if phrase.weight >= TRADE and _is_wanted(words, hit.start) else 0.0
        place = (phrase.service, " ".join(words[hit.start : hit.end]))
        said[place] = max(said.get(place, 0.0), weight)
    scores: dict[str, float] = {}
    for (service, _), weight in said.items():
        scores[service] = scores.get(service, 0.0) + weight
    return scores


def _node_scores(hits: list[_Hit], service: str) -> dict[str, float]:
    said: dict[tuple[str, int], float] = {}  # a word counts once for a fault, however many of its phrases hold it
    for hit in hits:
        if hit.phrase.service == service and hit.phrase.node:
            place = (hit.phrase.node, hit.start)
            said[place] = max(said.get(place, 0.0), NODE + _MULTI * (len(hit.phrase.keys) - 1))
    scores: dict[str, float] = {}
    for (node, _), weight in said.items():
        scores[node] = scores.get(node, 0.0) + weight
    return scores


def _is_not(words: list[str], at: int) -> bool:
    return any(word in small_words("not_this") for word in words[max(0, at - 1) : at])


def _is_done_to(words: list[str], hits: list[_Hit], hit: _Hit) -> bool:
    """Whether it is what the fault of another trade has done: "the air conditioner drips until the paint swells"."""
    until = next((at for at in range(hit.start - 1, max(-1, hit.start - 1 - _UNTIL_WITHIN), -1) if words[at] in small_words("until")), None)
    if until is None or _is_wanted(words, hit.start):
        return False
    return any(other.end <= until and other.phrase.service != hit.phrase.service and other.phrase.weight >= THING for other in hits)


def _is_wanted(words: list[str], at: int) -> bool:
    return any(word in small_words("wanted") for word in words[max(0, at - 3) : at])


def _words(text: str) -> list[str]:
    return _WORD.findall(clean(text[:_MAX_CHARS]))


def _hits(words: list[str], only: set[str] | None = None) -> list[_Hit]:
    """Every phrase of the taxonomy in the text; where phrases of different services overlap, only the longest counts for the service."""
    keys = [_text_keys(word) for word in words]
    found = [
        _Hit(at, at + len(phrase.keys), phrase)
        for at, here in enumerate(keys)
        for key in here
        for phrase in _index().get(key, ())
        if (only is None or phrase.service in only) and _continues(phrase, keys, at)
    ]
    longest: dict[int, int] = {}
    for hit in found:
        for position in range(hit.start, hit.end):
            longest[position] = max(longest.get(position, 0), hit.end - hit.start)
    kept = [hit for hit in found if hit.end - hit.start >= max(longest[p] for p in range(hit.start, hit.end)) or only]
    return [hit for hit in kept if hit.phrase.service]


def _continues(phrase: _Phrase, keys: list[frozenset[str]], at: int) -> bool:
    return at + len(phrase.keys) <= len(keys) and all(key in keys[at + i] for i, key in enumerate(phrase.keys[1:], 1))


@lru_cache(maxsize=20_000)
def _text_keys(word: str) -> frozenset[str]:
    """The forms under which a word of a message is looked up, with the nearest known word where none is known."""
    if word in small_words("everyday"):
        return frozenset({f"={word}"})  # may still be part of a fixed phrase
    forms = {_key(form) for form in bare(word) if form == word or form not in small_words("as_spelt")}
    if is_arabic(word) and len(word) < 4:
        forms = {_key(word)}
    elif is_arabic(word) and len(word) > 4 and word.endswith("ا") and "ال" not in word[:3]:
        forms |= {_key(form) for form in bare(word[:-1])}  # the accusative: "أريد سباكا"; never with the article
    known = _index()
    if not any(form in known for form in forms) and len(fold(word)) >= _FUZZY_FROM:
        near = process.extractOne(fold(word), _fuzzy_words(), scorer=fuzz.ratio, score_cutoff=_FUZZY_AT)
        if near and _begins_alike(word, near[0]):
            forms.add(near[0])
    return frozenset(forms)


def _begins_alike(word: str, known: str) -> bool:
    """People misspell the middle of a word; another beginning is another word (location, relocation)."""
    return any(stem[:1] == known.removeprefix("ال")[:1] for stem in stems(word))


@lru_cache(maxsize=20_000)
def _key(word: str) -> str:
    """Short words must be spelt alike, longer ones must sound alike."""
    if word in small_words("as_spelt"):
        return f"={word}"
    sound = fold(word)
    digraphs = sum(map(str.isupper, sound))  # kh, gh and ch are one sound each
    return sound if len(sound) + digraphs >= 5 or is_arabic(word) else f"={word}"


@cache
def _index() -> dict[str, tuple[_Phrase, ...]]:
    found: dict[str, list[_Phrase]] = {}
    for phrase in _phrases():
        for key in {phrase.keys[0], *(_article_less(phrase))}:
            found.setdefault(key, []).append(phrase)
    return {key: tuple(phrases) for key, phrases in found.items()}


def _article_less(phrase: _Phrase) -> Iterator[str]:
    key = phrase.keys[0]
    if key.startswith("ال") and len(key) > 4:
        yield key[2:]
    elif key.startswith("l") and len(key) > 5 and key[1] not in "aiu":
        yield key[1:]


def _phrases() -> Iterator[_Phrase]:
    for text in small_words("no_trade"):  # longer than the trade's word in it, they take its place
        yield _Phrase(tuple(map(_key, _words(text))), "", None, 0.0)
    for service in services().values():
        things = {tuple(map(_key, _words(text))) for text in (*service.trade, *service.things)}
        for texts, weight in (((*service.trade, *service.names.values()), TRADE), (service.things, THING), (service.hints, HINT)):
            yield from _as_phrases(texts, service.id, None, weight)
        for node in service.nodes.values():
            for phrase in _as_phrases((*node.words, *node.names.values()), service.id, node.id, 0.0, speaks=node.danger != "gas"):
                yield replace(phrase, weight=0.0) if phrase.keys in things else phrase


def _as_phrases(texts: Iterable[str], service: str, node: str | None, weight: float, *, speaks: bool = False) -> Iterator[_Phrase]:
    for text in texts:
        keys = tuple(_key(word) for word in _words(text))
        if keys and weight:
            yield _Phrase(keys, service, None, weight + _MULTI * (len(keys) - 1))
        elif keys:
            # a phrase of a fault speaks for its service too (a gas smell for none); its single words are already among the service's
            decides = speaks and len(keys) > 1 and clean(text) not in small_words("any_trade")
            yield _Phrase(keys, service, node, FAULT + _MULTI * (len(keys) - 1) if decides else 0.0)


@cache
def _fuzzy_words() -> list[str]:
    return sorted({p.keys[0] for p in _phrases() if len(p.keys) == 1 and p.weight >= THING and p.keys[0][0] != "=" and len(p.keys[0]) >= _FUZZY_FROM})
