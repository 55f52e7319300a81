"""Draws messages from patterns: prompts/sentences/<locale>/templates.yaml brings trades, faults, places, days, hours and sums together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from prompts.sentences import FOLDER, KEYS, TEMPLATES, BadSentences, Sentence, labelled, names

EACH = 8  # messages drawn of a pattern that does not say how many
CHANCE = 0.5  # of what stands in [ ]
TOKEN = re.compile(r"\{[^{}]*\}|[()\[\]|]|[^(){}\[\]|]+|[{}]")
CLOSING = {"(": ")", "[": "]"}
LABELS = (KEYS - {"text", "say", "entities", "service"}) | {"texts", "each"}


class BadPattern(ValueError):
    """A pattern that cannot be read; the message says what is wrong in it."""


@dataclass(frozen=True)
class Words:
    """A list of wordings; with `entity`, those of each value of that entity."""

    entity: str
    of: Mapping[str, tuple[str, ...]]  # value -> wordings; "" where the list names nothing


@dataclass(frozen=True)
class Choice:
    """One of several sequences of parts; possibly none of them."""

    ways: tuple[tuple[Part, ...], ...]
    optional: bool = False


@dataclass(frozen=True)
class Slot:
    """A place for a wording of a list."""

    name: str


Part = str | Slot | Choice


def load(folder: Path = FOLDER) -> list[Sentence]:
    """The messages drawn from every pattern, the same at each call; `drawn` is set. Raises BadSentences listing every fault as path:line."""
    found: dict[tuple[str, str, str, str | None], Sentence] = {}
    faults: list[str] = []
    for path in sorted(folder.glob(f"*/{TEMPLATES}")):
        for item in _read(path):
            if isinstance(item, str):
                faults.append(item)
            else:
                found.setdefault((path.parent.name, item.role, item.text, item.context), item)
    if faults:
        raise BadSentences("\n".join(faults))
    return list(found.values())


def parse(pattern: str, known: Mapping[str, Words]) -> Choice:
    """A pattern as parts: `{list}`, `(this|that)`, `[perhaps|perhaps this]`. Raises BadPattern."""
    tokens = TOKEN.findall(pattern)
    ways, rest = _ways(tokens, 0, "", known)
    if rest < len(tokens):
        raise BadPattern(f"{tokens[rest]!r} closes nothing; strike it or open it before")
    return Choice(ways)


def draw(parts: Choice, known: Mapping[str, Words], dice: random.Random) -> tuple[str, dict[str, str]]:
    """One message of a pattern, and the entities its lists put in it (of two of a kind, the first)."""
    entities: dict[str, str] = {}

    def say(part: Part) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Choice):
            if part.optional and dice.random() >= CHANCE:
                return ""
            return "".join(map(say, dice.choice(part.ways)))
        words = known[part.name]
        value = dice.choice(list(words.of))
        if words.entity:
            entities.setdefault(words.entity, value)
        return dice.choice(words.of[value])

    return re.sub(r"\s+([,.;:!?؟،])", r"\1", " ".join(say(parts).split())), entities


def _ways(tokens: list[str], at: int, closing: str, known: Mapping[str, Words]) -> tuple[tuple[tuple[Part, ...], ...], int]:
    ways: list[list[Part]] = [[]]
    while at < len(tokens):
        token = tokens[at]
        if token in CLOSING:
            inner, end = _ways(tokens, at + 1, CLOSING[token], known)
            if end >= len(tokens):
                raise BadPattern(f"{token!r} is never closed; add {CLOSING[token]!r}")
            ways[-1].append(Choice(inner, optional=token == "["))
            at = end
        elif token in ")]":
            if token != closing:
                break
            return tuple(map(tuple, ways)), at
        elif token == "|" and closing:
            ways.append([])
        elif token[0] in "{}" or token == "|":
            name = token.strip("{}")
            if token == "|" or not token.endswith("}") or not token.startswith("{"):
                raise BadPattern(f"{token!r} stands alone; write {{list}} or (this|that)")
            if name not in known:
                raise BadPattern(f"unknown list {name!r}; one of {', '.join(sorted(known))}")
            ways[-1].append(Slot(name))
        else:
            ways[-1].append(token)
        at += 1
    if closing and at < len(tokens):
        raise BadPattern(f"{tokens[at]!r} closes nothing; {closing!r} is expected")
    return tuple(map(tuple, ways)), at


def _read(path: Path) -> Iterator[Sentence | str]:
    locale = path.parent.name
    where = f"{locale}/{path.name}"
    loader = yaml.BaseLoader(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        top = dict(_items(root))
        if set(top) != {"lists", "patterns"} or not isinstance(top["patterns"], yaml.SequenceNode):
            yield f"{where}:1: needs `lists` and `patterns` (see prompts/sentences/README.md)"
            return
        known: dict[str, Words] = {}
        for name, node in _items(top["lists"]):
            words = _words(loader.construct_object(node, deep=True))
            if isinstance(words, str):
                yield f"{where}:{node.start_mark.line + 1}: list {name!r}: {words}"
            else:
                known[name] = words
        for node in top["patterns"].value:
            yield from _entry(loader, node, where, locale, known)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield f"{where}:{line}: not YAML ({error.problem}); quote a pattern that begins with [ or {{, or holds ': '"


def _items(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value, value


def _words(raw: Any) -> Words | str:
    if isinstance(raw, list) and raw and all(isinstance(word, str) for word in raw):
        return Words("", {"": tuple(raw)})
    if not isinstance(raw, dict) or set(raw) != {"entity", "words"} or not isinstance(raw["words"], dict):
        return "is a list of wordings, or `entity` with `words` (value: [wordings])"
    if raw["entity"] not in names()["entities"]:
        return f"unknown entity {raw['entity']!r}; one of {', '.join(names()['entities'])}"
    for value, wordings in raw["words"].items():
        if not isinstance(wordings, list) or not wordings or not all(isinstance(word, str) for word in wordings):
            return f"{value!r} needs a list of wordings"
    return Words(raw["entity"], {value: tuple(wordings) for value, wordings in raw["words"].items()})


def _entry(loader: yaml.BaseLoader, node: yaml.Node, where: str, locale: str, known: Mapping[str, Words]) -> Iterator[Sentence | str]:
    line = node.start_mark.line + 1
    value = loader.construct_object(node, deep=True)
    if not isinstance(value, dict) or not {"intents", "texts"} <= set(value) <= LABELS:
        yield f"{where}:{line}: patterns that share labels need `intents` and `texts`; allowed are {', '.join(sorted(LABELS))}"
        return
    each = str(value.get("each", EACH))
    if not each.isdigit() or not 1 <= int(each) <= 200:
        yield f"{where}:{line}: `each` is how many messages are drawn of a pattern, 1 to 200, not {each!r}"
        return
    contexts = value.get("context")
    contexts = contexts if isinstance(contexts, list) else [contexts]
    labels = {"role": "client", **{key: label for key, label in value.items() if key not in ("texts", "each", "context")}}
    texts = next(texts for key, texts in node.value if key.value == "texts")
    for text in texts.value:
        at = f"{where}:{text.start_mark.line + 1}"
        if not isinstance(text, yaml.ScalarNode):
            yield f"{at}: a pattern is one text; quote it"
            continue
        try:
            parts = parse(text.value, known)
        except BadPattern as error:
            yield f"{at}: {error}"
            continue
        dice = random.Random(f"{locale}/{text.value}")
        for number in range(int(each)):
            said, entities = draw(parts, known, dice)
            own = {**labels, "entities": entities, "context": contexts[number % len(contexts)]}
            made = labelled(said, own, at, "", str(value["intents"][0]), locale, {})
            yield replace(made, drawn=True) if isinstance(made, Sentence) else made
