"""Reads what people say: prompts/sentences/<locale>/<intent>.yaml, checked line by line, for training and for tests."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from domain.engagement.reply import LOCALES
from domain.files import read_yaml

FOLDER = Path(__file__).parent / "sentences"
NAMES = Path(__file__).parent / "intents.yaml"
TEMPLATES = "templates.yaml"  # patterns, read by prompts/templates.py
KEYS = {"text", "say", "role", "intents", "context", "urgency", "sentiment", "danger", "service", "entities"}


class BadSentences(ValueError):
    """A sentence file that cannot be used; each line of the message says where and how to mend it."""


@dataclass(frozen=True)
class Sentence:
    """One message as one imagined person wrote it, with what it means (labels of prompts/intents.yaml)."""

    text: str
    role: str
    language: str
    script: str
    intents: tuple[str, ...]
    context: str | None
    urgency: str
    sentiment: str
    danger: bool
    entities: Mapping[str, str] = field(default_factory=dict)
    where: str = ""  # "fr/cancel.yaml:12"
    group: str = ""  # entries of one `say` block share their contexts
    drawn: bool = False  # from a pattern of templates.yaml, not written by a person


@cache
def names() -> dict[str, Any]:
    """The closed lists of prompts/intents.yaml."""
    loaded: dict[str, Any] = read_yaml(NAMES)
    return loaded


def plain(text: str) -> str:
    """A text stripped to what makes two messages the same: letters and digits, lower-case, no accents."""
    folded = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[\W_]+", " ", "".join(c for c in folded if not unicodedata.combining(c))).strip()


def files(folder: Path = FOLDER) -> list[Path]:
    """Every file of sentences and of patterns, in a stable order."""
    return [path for locale in LOCALES for path in sorted((folder / locale).glob("*.yaml"))]


def fingerprint(folder: Path = FOLDER) -> str:
    """Sixteen hex digits that change when any sentence changes; a trained artefact carries the one it was made from."""
    digest = hashlib.sha256()
    for path in [folder / "defaults.yaml", *files(folder)]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def load(folder: Path = FOLDER) -> list[Sentence]:
    """All sentences that were written one by one. Raises BadSentences listing every fault as path:line."""
    found: list[Sentence] = []
    faults: list[str] = []
    seen: dict[tuple[str, ...], str] = {}
    defaults = yaml.load((folder / "defaults.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    for path in files(folder):
        if path.name == TEMPLATES:
            continue
        for item in _read(path, defaults):
            if isinstance(item, str):
                faults.append(item)
                continue
            key = (path.parent.name, item.role, " ".join(item.text.lower().split()), plain(item.context or ""))
            if key in seen:
                faults.append(f"{item.where}: {item.text!r} is already in {seen[key]}; strike one")
            seen[key] = item.where
            found.append(item)
    if faults:
        raise BadSentences("\n".join(faults))
    return found


def _read(path: Path, defaults: Mapping[str, Mapping[str, str]]) -> Iterator[Sentence | str]:
    locale = path.parent.name
    where = f"{locale}/{path.name}"
    intent = path.stem.removeprefix("technician_")
    base = {"role": "technician" if path.stem.startswith("technician_") else "client", **defaults.get(intent, {})}
    loader = yaml.BaseLoader(path.read_text(encoding="utf-8"))
    try:
        root = loader.get_single_node()
        if not isinstance(root, yaml.SequenceNode):
            yield f"{where}:1: must be a list of sentences (see prompts/sentences/README.md)"
            return
        for node in root.value:
            yield from _entry(loader, node, f"{where}", intent, locale, base)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield f"{where}:{line}: not YAML ({error.problem}); quote a text that holds ': ' or ' #'"


def _entry(loader: yaml.BaseLoader, node: yaml.Node, where: str, intent: str, locale: str, base: Mapping[str, str]) -> Iterator[Sentence | str]:
    line = node.start_mark.line + 1
    value = loader.construct_object(node, deep=True)
    if isinstance(value, str):
        yield labelled(value, {}, f"{where}:{line}", "", intent, locale, base)
        return
    if not isinstance(value, dict) or ("text" in value) == ("say" in value):
        yield f"{where}:{line}: an entry is a text, or a mapping with either `text` or `say`"
        return
    written = [key.value for key, _ in node.value]
    if len(written) > len(set(written)):
        yield f"{where}:{line}: a key is written twice; begin a new entry with '- '"
        return
    if unknown := set(value) - KEYS:
        yield f"{where}:{line}: unknown key {', '.join(sorted(unknown))}; one of {', '.join(sorted(KEYS))}"
        return
    contexts = value.get("context")
    contexts = contexts if isinstance(contexts, list) else [contexts]
    lines = {child.start_mark.line + 1: 0 for key, says in node.value if key.value == "say" for child in getattr(says, "value", [])}
    texts = value["say"] if "say" in value else [value["text"]]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        yield f"{where}:{line}: `say` is a list of texts"
        return
    group = f"{where}:{line}" if len(contexts) > 1 else ""
    for number, text in enumerate(texts):
        at = sorted(lines)[number] if len(lines) == len(texts) else line
        labels = {**{k: v for k, v in value.items() if k not in ("say", "text")}, "context": contexts[number % len(contexts)]}
        yield labelled(text, labels, f"{where}:{at}", group, intent, locale, base)


def labelled(text: str, own: Mapping[str, Any], where: str, group: str, intent: str, locale: str, base: Mapping[str, str]) -> Sentence | str:
    """A sentence with its own labels over `base`; or the fault, as "path:line: what and how to mend it"."""
    labels: dict[str, Any] = {**base, **own}
    entities = dict(labels.get("entities") or {})
    if "service" in labels:
        entities["service"] = labels["service"]  # "none": no trade is meant, though a word of the text names one
    intents = tuple(labels.get("intents") or [intent])
    role = labels["role"]
    urgency = labels.get("urgency", "normal")
    language, _, script = locale.partition("-")
    lists = names()
    if not text.strip():
        return f"{where}: empty text; write it or strike the line"
    if role not in ("client", "technician"):
        return f"{where}: unknown role {role!r}; client or technician"
    checks: list[tuple[str, Any, list[str]]] = [("intent", i, lists[f"{role}_intents"]) for i in intents]
    checks += [("urgency", urgency, lists["urgency"]), ("sentiment", labels.get("sentiment", "neutral"), lists["sentiment"])]
    checks += [("entity", e, lists["entities"]) for e in entities]
    checks += [(k, entities[k], lists[v]) for k, v in (("service", "services"), ("city", "cities")) if entities.get(k, "none") != "none"]
    checks += [("danger", labels.get("danger", "false"), ["true", "false"])]
    for kind, name, known in checks:
        if name not in known:
            return f"{where}: unknown {kind} {name!r}; one of {', '.join(known)} (prompts/intents.yaml)"
    return Sentence(
        text=text,
        role=role,
        language=language,
        script=script.lower() or ("arab" if language == "ar" else "latn"),
        intents=intents,
        context=labels.get("context"),
        urgency=urgency,
        sentiment=labels.get("sentiment", "neutral"),
        danger=labels.get("danger", str(urgency == "emergency").lower()) == "true",
        entities=entities,
        where=where,
        group=group,
    )
