"""Where people live and how long the way takes: the towns and districts of domain/geo with true roads, speeds and jams over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.geo import cities
from evals.market.parameters import Numbers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
KM_PER_DEGREE = 111.2


@dataclass(frozen=True)
class Geography:
    """Towns by number (`cities`, sorted by id) and districts by number. Prices and speeds of a town hang on its size."""

    cities: tuple[str, ...]
    population: Floats  # share of all towns, 0..1
    latitude: Floats
    road_factor: Floats
    price_level: Floats
    speed_level: Floats
    districts: tuple[str, ...]
    district_city: Ints
    district_lat: Floats
    district_lon: Floats
    district_share: Floats  # of its town, sums to 1 in each

    def homes(self, city: Ints, rng: np.random.Generator, scatter_km: float) -> tuple[Ints, Floats, Floats]:
        """A district of each given town, and a point (lat, lon) near its centre."""
        order = np.argsort(self.district_city, kind="stable")
        shares = np.cumsum(self.district_share[order])  # town by town: each adds 1
        district = order[np.minimum(np.searchsorted(shares, city + rng.random(len(city)) * 0.999999), len(order) - 1)]
        east, north = rng.normal(0, scatter_km / KM_PER_DEGREE, (2, len(city)))
        lat = self.district_lat[district] + north
        return district, lat, self.district_lon[district] + east / np.cos(np.radians(lat))


def make(numbers: Numbers, rng: np.random.Generator) -> Geography:
    """The project's own towns and districts (domain/geo/places), with what is true of them here."""
    towns = [cities()[name] for name in sorted(cities())]
    people = np.array([float(numbers("geography.population")[town.id]) for town in towns])
    size = np.clip(np.log10(people / 100), 0, 1)  # 0 at 100,000 inhabitants, 1 at a million
    places = [(number, d) for number, town in enumerate(towns) for d in town.districts.values()]
    of = np.array([number for number, _ in places])
    weight = np.exp(rng.normal(0, numbers("geography.district_spread"), len(places)))
    return Geography(
        cities=tuple(town.id for town in towns),
        population=people / people.sum(),
        latitude=np.array([town.lat for town in towns]),
        road_factor=rng.normal(numbers("geography.road_factor"), numbers("geography.road_factor_sd"), len(towns)).clip(1.1, 1.6),
        price_level=numbers("geography.small_town_price") ** (1 - size),
        speed_level=numbers("geography.small_town_speed") ** (1 - size),
        districts=tuple(d.id for _, d in places),
        district_city=of,
        district_lat=np.array([d.lat for _, d in places]),
        district_lon=np.array([d.lon for _, d in places]),
        district_share=weight / np.bincount(of, weight)[of],
    )


def road_km(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats, factor: Floats | float) -> Floats:
    """Road distance in km: equirectangular, exact to a per mille within a town, times the town's road factor."""
    east = (lon_a - lon_b) * np.cos(np.radians(lat_a))
    km: Floats = np.hypot(lat_a - lat_b, east) * KM_PER_DEGREE * factor
    return km


def median_minutes(numbers: Numbers, km: Floats, wall_hour: Ints, speed_level: Floats, rain: NDArray[np.bool_], ramadan: NDArray[np.bool_]) -> Floats:
    """Median minutes on the way, door to door. The distribution around it is laws.travel."""
    iftar = numbers("calendar.iftar_hour")
    speed = np.array(numbers("geography.speed_kmh"), float)[wall_hour] * speed_level
    speed = speed * np.where(rain, numbers("geography.rain_speed"), 1.0)
    speed = speed * np.where(ramadan & (wall_hour == iftar - 1), numbers("geography.iftar_rush_speed"), 1.0)
    speed = speed * np.where(ramadan & (wall_hour == iftar), numbers("geography.after_iftar_speed"), 1.0)
    minutes: Floats = numbers("geography.door_min") + 60 * km / speed
    return minutes
