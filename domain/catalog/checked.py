"""Looks for mistakes in the skills and parts of taxonomy files and tells each with its file, line and cure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from domain.catalog.taxonomy import FOLDER, LOCALES
from domain.files import LOADER
from domain.spelling import is_arabic

_KEYS = {"id", "names", "words", "for", "needs", "general", "near"}
_ARABIC = ("ary-Arab", "ar")


@dataclass(frozen=True)
class _File:
    path: Path
    data: dict[str, Any]
    root: yaml.MappingNode

    def at(self, *keys: str | int) -> str:
        """ "file:line" of the deepest of the keys that the file has."""
        line, node = 1, self.root
        for key in keys:
            pairs = node.value if isinstance(node, yaml.MappingNode) else ()
            pair = next(((k, v) for k, v in pairs if k.value == key), None)
            if pair is not None:
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
                node = node.value[key]
                line = node.start_mark.line + 1
            else:
                break
        return f"{self.path}:{line}"


def mistakes(folder: Path = FOLDER) -> list[str]:
    """Every mistake as "file:line: what; cure", in the order of files and lines; empty when all is well."""
    found: list[str] = []
    files: dict[str, _File] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            files[path.stem] = _read(path)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            found.append(f"{path}:{line}: not YAML ({error.problem}); mend this line")
    known = {f"{name}.{row.get('id')}": row for name, file in files.items() for row in file.data.get("skills") or []}
    for name, file in files.items():
        for number, row in enumerate(file.data.get("skills") or []):
            found += list(_skill(file, name, number, row, known))
        found += list(_parts(file))
    return found


def _read(path: Path) -> _File:
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=LOADER)
    assert isinstance(root, yaml.MappingNode)
    return _File(path, yaml.load(text, Loader=LOADER), root)


def _skill(file: _File, service: str, number: int, row: dict[str, Any], known: dict[str, dict[str, Any]]) -> Iterator[str]:
    here = ("skills", number)
    own = f"{service}.{row.get('id')}"
    for key in sorted(set(row) ^ _KEYS - {"needs", "near"}):
        if key not in _KEYS:
            yield f"{file.at(*here, key)}: unknown key {key!r}; a skill has {', '.join(sorted(_KEYS))}"
        elif key not in row:
            yield f"{file.at(*here)}: {own} has no {key}; see README.md beside it"
    nodes = [node["id"] for node in file.data["nodes"]]
    if row.get("id") in nodes:
        yield f"{file.at(*here, 'id')}: {own} is a fault too; give the skill another id"
    names = row.get("names") or []
    if len(names) != len(LOCALES):
        yield f"{file.at(*here, 'names')}: {len(names)} names; write one for each of {', '.join(LOCALES)}"
    for locale, said in zip(LOCALES, names, strict=False):
        if is_arabic(str(said)) != (locale in _ARABIC):
            yield f"{file.at(*here, 'names')}: {said!r} is not in the letters of {locale}; write the names in the order {', '.join(LOCALES)}"
    words = [str(word) for word in row.get("words") or []]
    if len({is_arabic(word) for word in words}) < 2:
        yield f"{file.at(*here, 'words')}: {own} needs words in Latin and in Arabic letters; add what people write"
    for node in row.get("for") or []:
        if node not in nodes:
            yield f"{file.at(*here, 'for')}: no fault {node!r} in {service}; one of {', '.join(nodes)}"
    if not 0 < float(row.get("general", 0.5)) < 1:
        yield f"{file.at(*here, 'general')}: general {row['general']}; write what is left without the skill, between 0 and 1"
    for skill, kept in (row.get("near") or {}).items():
        if skill not in known or skill == own:
            yield f"{file.at(*here, 'near', skill)}: no skill {skill!r}; write it as <service>.<skill>, another than this one"
        if not 0 < float(kept) < 1:
            yield f"{file.at(*here, 'near', skill)}: {kept}; write what is left, between 0 and 1"
    for skill in row.get("needs") or []:
        if f"{service}.{skill}" not in known:
            yield f"{file.at(*here, 'needs')}: no skill {skill!r} in {service}; needs names skills of the same file"
    if _needs_itself(own, service, known):
        yield f"{file.at(*here, 'needs')}: {own} needs itself in the end; break the circle"


def _needs_itself(own: str, service: str, known: dict[str, dict[str, Any]]) -> bool:
    waiting, seen = [own], set()
    while waiting:
        for needed in known.get(waiting.pop(), {}).get("needs") or []:
            skill = f"{service}.{needed}"
            if skill == own:
                return True
            if skill not in seen:
                seen.add(skill)
                waiting.append(skill)
    return False


def _parts(file: _File) -> Iterator[str]:
    prices = file.data.get("parts_mad") or {}
    for number, node in enumerate(file.data["nodes"]):
        for part in node.get("parts") or []:
            if part not in prices:
                yield f"{file.at('nodes', number, 'parts')}: no price for {part!r}; add it to parts_mad as [low, high] in MAD"
    used = {part for node in file.data["nodes"] for part in node.get("parts") or []}
    for part, pair in prices.items():
        if part not in used:
            yield f"{file.at('parts_mad', part)}: no fault uses {part!r}; name it in a fault's parts, or take it out"
        if not (isinstance(pair, list) and len(pair) == 2 and 0 < pair[0] <= pair[1]):
            yield f"{file.at('parts_mad', part)}: {pair}; write [low, high] in MAD"
