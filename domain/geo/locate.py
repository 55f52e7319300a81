"""Turns what a person or a pin says about a place into a point: city, district, coordinates and how exact they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from domain.errors import DomainError
from domain.geo.places import City, District, cities
from domain.geo.spelling import normalise
from domain.geo.travel import haversine_km

PIN_PRECISION_M = 30
DISTRICT_PRECISION_M = 1200
CITY_PRECISION_M = 6000
#: A pin further than this from every district and town we know is not a place we serve.
SERVED_WITHIN_KM = 25.0


@dataclass(frozen=True)
class Place:
    """A point in a city. `district` is an id of places/<city>.yaml, or the words given when we do not know them; `precision_m` is a radius."""

    city: str
    district: str | None
    lat: float
    lon: float
    precision_m: int


def locate(city: str | None, district: str | None = None, lat: float | None = None, lon: float | None = None) -> Place:
    """The point meant by a city, a district of it, or a pin (which wins). Names may be ids or any spelling we know.

    A district we do not know gives the city's centre. Without a city, the district must name one city.
    Raises DomainError unknown_place (suggestions: city ids) or ambiguous_place (district, cities).
    """
    if lat is not None and lon is not None:
        near = nearest_place(lat, lon)
        known = city_of(city) if city else None
        if known and known != near.city and haversine_km((lat, lon), _point(cities()[known])) <= SERVED_WITHIN_KM:
            near = Place(known, None, lat, lon, PIN_PRECISION_M)
        return Place(near.city, _id_or_words(near.city, district) or near.district, lat, lon, PIN_PRECISION_M)
    if not city and district:
        found = cities_of(district)
        if len({home for home, _ in found}) > 1:
            raise DomainError("ambiguous_place", district=district, cities=sorted({home for home, _ in found}))
        if not found:
            raise DomainError("unknown_place", district=district, suggestions=[])
        city = found[0][0]
    town = cities().get(city_of(city or "") or "")
    if town is None:
        raise DomainError("unknown_place", city=city, suggestions=suggestions(city or ""))
    known_district = district_in(town.id, district) if district else None
    if known_district:
        return Place(town.id, known_district.id, known_district.lat, known_district.lon, DISTRICT_PRECISION_M)
    return Place(town.id, _id_or_words(town.id, district), town.lat, town.lon, CITY_PRECISION_M)


def nearest_place(lat: float, lon: float) -> Place:
    """The district or town around a pin. Raises DomainError unknown_place when it is not near any place we serve (or is no point on Earth)."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise DomainError("unknown_place", lat=lat, lon=lon, suggestions=[])
    best: City | District = min(_all_points(), key=lambda named: haversine_km((lat, lon), _point(named)))
    if haversine_km((lat, lon), _point(best)) > SERVED_WITHIN_KM:
        raise DomainError("unknown_place", lat=lat, lon=lon, suggestions=[])
    if isinstance(best, City):
        return Place(best.id, None, lat, lon, PIN_PRECISION_M)
    return Place(best.city, best.id, lat, lon, PIN_PRECISION_M)


def city_of(text: str) -> str | None:
    """The city id that a whole text names, in any spelling we know ("Casa", "كازا", "el_jadida"); None when it names none."""
    return text if text in cities() else _city_names().get(normalise(text.replace("_", " ")))


def cities_of(district_text: str) -> list[tuple[str, str]]:
    """Every (city id, district id) that a whole text may name; the largest cities first."""
    return list(_district_names().get(normalise(district_text), ()))


def district_in(city: str, text: str) -> District | None:
    """The district of `city` that a whole text names, or None."""
    for home, district_id in cities_of(text):
        if home == city:
            return cities()[home].districts[district_id]
    return None


def same_district(a: str | None, b: str | None) -> bool:
    """Whether two texts name one district: equal after normalisation, with or without spaces, or two known names of the same one."""
    if not a or not b:
        return (a or None) == (b or None)
    one, other = normalise(str(a)), normalise(str(b))
    if one == other or one.replace(" ", "") == other.replace(" ", ""):
        return True
    return bool(set(cities_of(str(a))) & set(cities_of(str(b))))


def suggestions(text: str, at_most: int = 3) -> list[str]:
    """City ids whose names look like the text; empty when none does."""
    from rapidfuzz import process

    found = process.extract(normalise(text), list(_city_names()), limit=8, score_cutoff=70)
    return list(dict.fromkeys(_city_names()[name] for name, _, _ in found))[:at_most]


def _id_or_words(city: str, district: str | None) -> str | None:
    if not district or not district.strip():
        return None
    known = district_in(city, district)
    return known.id if known else " ".join(district.lower().split())


def _point(named: City | District) -> tuple[float, float]:
    return named.lat, named.lon


@cache
def _all_points() -> tuple[City | District, ...]:
    return tuple(district for city in cities().values() for district in city.districts.values()) + tuple(cities().values())


@cache
def _city_names() -> dict[str, str]:
    return {normalise(name): city.id for city in cities().values() for name in city.names}


@cache
def _district_names() -> dict[str, tuple[tuple[str, str], ...]]:
    """Normalised name -> the districts it may mean; a city with more districts comes first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for city in sorted(cities().values(), key=lambda town: -len(town.districts)):
        for district in city.districts.values():
            for name in dict.fromkeys(normalise(name) for name in district.names):
                found.setdefault(name, []).append((city.id, district.id))
    return {name: tuple(places) for name, places in found.items()}
