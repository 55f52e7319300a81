"""Reads places/<city>.yaml: every town and district we serve, with its names in both scripts and a rough centre."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from domain.files import read_yaml

FOLDER = Path(__file__).parent / "places"


@dataclass(frozen=True)
class District:
    """`id` is lower-case Latin ("hay riad"); `aliases` are other ways people write it, in either script."""

    id: str
    city: str
    latn: str
    arab: str
    aliases: tuple[str, ...]
    lat: float
    lon: float

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id, self.latn, self.arab, *self.aliases)


@dataclass(frozen=True)
class City:
    """`id` as in prompts/intents.yaml ("el_jadida"); `radius_km` is how far its districts reach from the centre."""

    id: str
    latn: str
    arab: str
    aliases: tuple[str, ...]
    lat: float
    lon: float
    districts: Mapping[str, District]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id.replace("_", " "), self.latn, self.arab, *self.aliases)


@cache
def cities() -> dict[str, City]:
    """Every town by id. A file that lacks something raises ValueError naming the file and the key."""
    return {city.id: city for city in map(_read, sorted(FOLDER.glob("*.yaml")))}


def display(place_id: str, script: str, city: str | None = None) -> str:
    """The name of a city or district as written in `latn` or `arab`; an id we do not know comes back with capitals.

    `city` says which of two districts with one name is meant; without it the first that has the id is used.
    """
    town = cities().get(place_id) if city is None else None
    homes = [cities()[city]] if city in cities() else list(cities().values())
    named: City | District | None = town or next((home.districts[place_id] for home in homes if place_id in home.districts), None)
    if named is None:
        return place_id.replace("_", " ").title()
    return named.arab if script == "arab" else named.latn


def _read(path: Path) -> City:
    data = read_yaml(path)
    try:
        districts = {
            row["id"]: District(
                id=row["id"],
                city=path.stem,
                latn=row.get("latn") or row["id"].title(),
                arab=row["arab"],
                aliases=tuple(map(str, row.get("aliases", ()))),
                lat=float(row["at"][0]),
                lon=float(row["at"][1]),
            )
            for row in data["districts"]
        }
        return City(path.stem, data["latn"], data["arab"], tuple(data.get("aliases", ())), float(data["at"][0]), float(data["at"][1]), districts)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: a place needs {error}; see domain/geo/places/README.md") from error
