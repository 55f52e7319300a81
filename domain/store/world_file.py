"""Reads a world file, technicians, clients and rules, and tells every mistake with its file, line and cure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from domain import catalog
from domain.errors import DomainError
from domain.files import LOADER
from domain.geo import city_of, locate
from domain.pricing.estimate import baseline
from domain.rules import MarketRules
from domain.scheduling.hours import working_hours
from domain.store.people import is_phone

LANGUAGES, SCRIPTS = ("ary", "fr", "ar", "en"), ("latn", "arab")


class WorldError(Exception):
    """A world, or rows given on top of one, that cannot be loaded: where, what, and what to write instead."""


@dataclass(frozen=True)
class World:
    """Checked rows, in the file's order. Values are as tables.py wants them, but for names of other people."""

    technicians: tuple[dict[str, Any], ...]
    clients: tuple[dict[str, Any], ...]
    rules: MarketRules


def read_world(source: Path | str | Mapping[str, Any]) -> World:
    """A world from a path, or from data already read (places in messages are then `world:technicians[3]`). Raises WorldError."""
    if isinstance(source, Mapping):
        return _checked(source, lambda section, row, key: f"world:{section}" + (f"[{row}]" if row is not None else ""))
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.load(text, Loader=LOADER)
    except OSError as error:
        raise WorldError(f"{path}: {error.strerror}; give the path of a world file, such as evals/worlds/demo.yaml") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise WorldError(f"{path}:{mark.line + 1 if mark else 1}: not YAML ({getattr(error, 'problem', error)}); mend this line") from error
    if not isinstance(data, dict):
        raise WorldError(f"{path}:1: a world is a mapping; write technicians:, clients: and rules:")

    def where(section: str, row: int | None, key: str | None) -> str:
        return f"{path}:{_line(yaml.compose(text, Loader=LOADER), section, row, key)}"

    return _checked(data, where)


Where = Callable[[str, int | None, str | None], str]


def _checked(data: Mapping[str, Any], where: Where) -> World:
    if unknown := sorted(set(data) - {"technicians", "clients", "rules"}):
        raise WorldError(f"{where(unknown[0], None, None)}: unknown section {unknown[0]!r}; write technicians, clients or rules")
    try:
        rules = MarketRules.from_mapping(data.get("rules") or {})
    except (ValueError, TypeError, InvalidOperation) as error:
        raise WorldError(f"{where('rules', None, None)}: {error}") from error
    phones: set[str] = set()
    technicians = tuple(_rows(data, "technicians", TECHNICIAN, ("name", "phone", "trades", "city", "district", "rate"), phones, where))
    clients = tuple(_rows(data, "clients", CLIENT, ("phone",), phones, where))
    names = {t["name"].casefold() for t in technicians}
    for number, client in enumerate(clients):
        last = client.get("last_technician")
        if last is not None and last.casefold() not in names:
            raise WorldError(f"{where('clients', number, 'last_technician')}: no technician {last!r}; name one of this world's technicians")
    return World(technicians, clients, rules)


def _rows(data: Mapping[str, Any], section: str, readers: Readers, required: Collection[str], phones: set[str], where: Where) -> list[dict[str, Any]]:
    rows = data.get(section) or []
    if not isinstance(rows, list):
        raise WorldError(f"{where(section, None, None)}: {section} is a list; begin each row with a dash")
    found = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise WorldError(f"{where(section, number, None)}: a row is a mapping; write it as {{phone: ..., name: ...}}")
        for key in required:
            if row.get(key) is None:
                raise WorldError(f"{where(section, number, None)}: no {key}; every row of {section} needs {', '.join(required)}")
        values = read_row(row, readers, lambda key, n=number: where(section, n, key))  # type: ignore[misc]
        if values["phone"] in phones:
            raise WorldError(f"{where(section, number, 'phone')}: {values['phone']} is there twice; give each person their own phone")
        phones.add(values["phone"])
        if values.get("district") and values.get("city"):
            values["district"] = locate(values["city"], values["district"]).district  # one spelling in the store
        found.append(values)
    return found


def read_row(row: Mapping[str, Any], readers: Readers, where: Callable[[str], str]) -> dict[str, Any]:
    """Column -> value for the keys that are there. Raises WorldError for an unknown key or an unreadable value."""
    values: dict[str, Any] = {}
    for key, value in row.items():
        if key not in readers:
            raise WorldError(f"{where(key)}: unknown key {key!r}; one of {', '.join(readers)}")
        column, read = readers[key]
        try:
            values[column] = None if value is None else read(value)
        except (ValueError, TypeError, ArithmeticError, DomainError) as error:
            cure = error.args[0] if error.args and not isinstance(error, ArithmeticError | DomainError) else "write it as demo.yaml does"
            raise WorldError(f"{where(key)}: {key} {value!r} cannot be read; {cure}") from error
    return values


def _phone(value: Any) -> str:
    if not isinstance(value, str) or not is_phone(value):
        raise ValueError('write it in quotes with its country, "+212661000001"')
    return value


def _text(value: Any) -> str:
    text = " ".join(str(value).split())
    if not text or isinstance(value, list | dict):
        raise ValueError("write some words")
    return text


def _trades(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("write a list of services, [plumbing, water_heater]")
    for service in value:
        try:
            baseline(service)
        except (DomainError, TypeError) as error:
            raise ValueError(f"{service!r} is no service of domain/pricing/baselines.yaml") from error
    return list(value)


def _skills(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("write a list of skills, [plumbing.copper_pipe]")
    for skill in value:
        if skill not in catalog.skills():
            raise ValueError(f"{skill!r} is no skill of domain/catalog/taxonomy; write it as plumbing.copper_pipe")
    return list(value)


def _city(value: Any) -> str:
    if found := city_of(str(value)):
        return found
    raise ValueError("no file of domain/geo/places has this city")


def money(value: Any) -> Decimal:
    """MAD, 0 or more, at most what the column holds."""
    amount = Decimal(str(value))
    if isinstance(value, bool) or not 0 <= amount < 10_000_000:
        raise ValueError("write an amount in MAD, 0 or more")
    return amount


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not low <= float(value) <= high:
            raise ValueError(f"write a number from {low:g} to {high:g}")
        return float(value)

    return read


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("write a whole number, 0 or more")
    return value


def flag(value: Any) -> bool:
    """true or false, nothing else."""
    if not isinstance(value, bool):
        raise ValueError("write true or false")
    return value


def one_of(choices: Collection[str]) -> Callable[[Any], str]:
    """Reads one of a few words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read


def _hours(value: Any) -> str:
    working_hours(value if isinstance(value, str) else str(value))
    return str(value)


def _days(value: Any) -> str:
    working_hours("08:00-20:00", str(value))
    return str(value)


#: key in the file -> (column, how it is read)
Readers = Mapping[str, tuple[str, Callable[[Any], Any]]]
TECHNICIAN: Readers = {
    "name": ("name", _text),
    "phone": ("phone", _phone),
    "trades": ("trades", _trades),
    "skills": ("skills", _skills),
    "city": ("city", _city),
    "district": ("district", _text),
    "hours": ("hours", _hours),
    "days": ("days", _days),
    "rate": ("rate_mad", money),
    "rating": ("rating", _number(1, 5)),
    "jobs": ("jobs", _count),
    "radius_km": ("radius_km", _number(1, 200)),
    "language": ("language", one_of(LANGUAGES)),
    "script": ("script", one_of(SCRIPTS)),
    "available": ("available", flag),
}
CLIENT: Readers = {
    "phone": ("phone", _phone),
    "name": ("name", _text),
    "language": ("language", one_of(LANGUAGES)),
    "script": ("script", one_of(SCRIPTS)),
    "city": ("city", _city),
    "district": ("district", _text),
    "address": ("address", _text),
    "bookings_done": ("bookings_before", _count),
    "last_technician": ("last_technician", _text),
    "credit_mad": ("credit_mad", money),
    "opted_out": ("opted_out", flag),
}


def _line(root: Any, section: str, row: int | None, key: str | None) -> int:
    """The line of the deepest of section, row and key that the file has."""
    line, node = 1, root
    for part in (section, row, key):
        if part is None or node is None:
            break
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
