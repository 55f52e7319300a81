"""Where things are: the towns and districts we serve, what people call them, and how long it takes between two of them."""

from __future__ import annotations

from domain.geo.locate import Place, cities_of, city_of, district_in, locate, nearest_place, same_district
from domain.geo.places import City, District, cities, display
from domain.geo.spelling import normalise
from domain.geo.travel import distance_km, travel_minutes

__all__ = [
    "City",
    "District",
    "Place",
    "cities",
    "cities_of",
    "city_of",
    "display",
    "distance_km",
    "district_in",
    "locate",
    "nearest_place",
    "normalise",
    "same_district",
    "travel_minutes",
]
