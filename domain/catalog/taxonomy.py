"""Reads taxonomy/<service>.yaml: every service and every fault or job under it, with names, usual time on site and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from domain.engagement.reply import LOCALES
from domain.errors import DomainError
from domain.files import read_yaml

FOLDER = Path(__file__).parent / "taxonomy"

SERVICES = (
    "plumbing", "electricity", "painting", "hvac", "carpentry", "locksmith", "appliance_repair", "masonry", "tiling", "cleaning", "gardening",
    "moving", "satellite_tv", "water_heater", "pest_control", "glazing", "general_handyman",
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One fault or job: `id` is "<service>.<name>".

    `minutes` on site (p10, p50, p90). `price_mad` is the usual price of one such job in a large town; `unit`/`unit_mad` where it goes by
    the m2, piece, room or person. `danger`: gas, sparks, water_near_current, locked_in, or None.
    `parts`: what is usually replaced, in French trade words.
    """

    id: str
    service: str
    names: Mapping[str, str]
    words: tuple[str, ...]
    minutes: tuple[int, int, int]
    price_factor: float
    price_mad: Decimal
    unit: str | None = None
    unit_mad: Decimal | None = None
    danger: str | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skill:
    """What not everybody of a trade can do: `id` is "<service>.<name>", `names` the special work, `words` what people say of it.

    `nodes`: faults that ask for it. `needs`: skills one has before it. `general` 0..1: how well the job goes when one of the trade without
    it does it. `near`: other skills that can stand in, with what is then left, 0..1.
    """

    id: str
    service: str
    names: Mapping[str, str]
    words: tuple[str, ...]
    nodes: frozenset[str]
    needs: tuple[str, ...]
    general: float
    near: Mapping[str, float]


@dataclass(frozen=True)
class Service:
    """A trade. `trade` words decide it, `things` belong to it, `hints` lean towards it. `small_job_mad`: a usual small job, call-out included.
    `parts_mad`: what a part of its faults costs, (low, high).
    """

    id: str
    names: Mapping[str, str]
    trade: tuple[str, ...]
    things: tuple[str, ...]
    hints: tuple[str, ...]
    small_job_mad: Decimal
    related: tuple[str, ...]
    nodes: Mapping[str, Node]
    skills: Mapping[str, Skill]
    parts_mad: Mapping[str, tuple[Decimal, Decimal]]

    @property
    def general(self) -> Node:
        """What is meant when only the service is known: the call-out for a usual small job."""
        every = list(self.nodes.values())
        p10, p50, p90 = (sorted(node.minutes[i] for node in every)[len(every) // 2] for i in range(3))
        return Node(f"{self.id}.general", self.id, self.names, (), (p10, p50, p90), 1.0, self.small_job_mad)


@cache
def services() -> dict[str, Service]:
    """Every service by id, in the order of SERVICES. A file that lacks something raises ValueError naming the file and the key."""
    return {service: _read(FOLDER / f"{service}.yaml") for service in SERVICES}


def get_node(node_id: str) -> Node:
    """The node of an id; "<service>.general" is the service's usual small job. Raises DomainError unknown_service."""
    service_id, _, _ = node_id.partition(".")
    if service := services().get(service_id):
        if node := service.nodes.get(node_id):
            return node
        if node_id in (service_id, f"{service_id}.general"):
            return service.general
    raise DomainError("unknown_service", service=node_id, suggestions=list(SERVICES))


def service_name(service: str, locale: str) -> str:
    """The work in one of the five locales ("plomberie", "البلومبي"). Raises DomainError unknown_service."""
    if service not in services():
        raise DomainError("unknown_service", service=service, suggestions=list(SERVICES))
    return services()[service].names[locale]


def _read(path: Path) -> Service:
    data = read_yaml(path)
    service = path.stem
    try:
        base = Decimal(data["small_job_mad"])
        nodes = [_node(service, base, row) for row in data["nodes"]]
        return Service(
            id=service,
            names=dict(zip(LOCALES, data["names"], strict=True)),
            trade=tuple(data["trade"]),
            things=tuple(data["things"]),
            hints=tuple(data.get("hints", ())),
            small_job_mad=base,
            related=tuple(data["related"]),
            nodes={node.id: node for node in nodes},
            skills={f"{service}.{row['id']}": _skill(service, row) for row in data["skills"]},
            parts_mad={part: (Decimal(low), Decimal(high)) for part, (low, high) in data["parts_mad"].items()},
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {error}; see domain/catalog/taxonomy/README.md") from error


def _skill(service: str, row: Mapping[str, Any]) -> Skill:
    return Skill(
        id=f"{service}.{row['id']}",
        service=service,
        names=dict(zip(LOCALES, row["names"], strict=True)),
        words=tuple(map(str, row["words"])),
        nodes=frozenset(f"{service}.{node}" for node in row["for"]),
        needs=tuple(f"{service}.{skill}" for skill in row.get("needs", ())),
        general=float(row["general"]),
        near={skill: float(kept) for skill, kept in row.get("near", {}).items()},
    )


def _node(service: str, base: Decimal, row: Mapping[str, Any]) -> Node:
    p10, p50, p90 = row["minutes"]
    factor = float(row["price"])
    return Node(
        id=f"{service}.{row['id']}",
        service=service,
        names=dict(zip(LOCALES, row["names"], strict=True)),
        words=tuple(map(str, row["words"])),
        minutes=(p10, p50, p90),
        price_factor=factor,
        price_mad=(base * Decimal(str(factor))).quantize(Decimal(1)),
        unit=row.get("unit"),
        unit_mad=Decimal(row["unit_mad"]) if "unit_mad" in row else None,
        danger=row.get("danger"),
        parts=tuple(row.get("parts", ())),
    )
