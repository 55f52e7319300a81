"""Reads the service and place a call names, and says what is wrong with them in codes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from domain.errors import DomainError
from domain.files import read_yaml
from domain.geo import Place, locate
from prompts import wording


@cache
def _services() -> tuple[str, ...]:
    return tuple(read_yaml(Path(wording.FOLDER).parent / "intents.yaml")["services"])


#: Service ids, as prompts/intents.yaml names them.
SERVICES = _services()


def service_of(service: str) -> str:
    """Raises `unknown_service` with the ids that exist."""
    if service not in SERVICES:
        raise DomainError("unknown_service", service=service, services=list(SERVICES))
    return service


def place_of(city: str | None, district: str | None = None, lat: float | None = None, lon: float | None = None) -> Place:
    """Raises `unknown_place` (suggestions) or `ambiguous_place` (cities)."""
    return locate(city, district, lat, lon)
