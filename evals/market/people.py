"""Who offers work and who asks for it: what the marketplace knows of each, and the traits it can only infer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.catalog import SERVICES
from evals.market.geography import Geography, road_km
from evals.market.parameters import Numbers, Streams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LOCALES = ("ary-latn", "ary-arab", "fr", "ar", "en")
CHANNELS = ("whatsapp", "sms", "web")
NO_DAY_OFF = 7


@dataclass(frozen=True)
class Technicians:
    """One value each. Known: place, trades, level, rate, hours. Hidden, standard normal unless said: quality .. dearness, outside_load (>= 0)."""

    city: Ints
    district: Ints
    lat: Floats
    lon: Floats
    service: Ints
    second: Ints  # -1: one trade only
    level: Ints  # 1..5, what their papers and the interview say
    rate: Floats  # times the usual price
    radius_km: Floats
    opens: Ints  # wall-clock hour
    closes: Ints
    day_off: Ints  # weekday, 7 = none
    joined_day: Ints  # negative: before the simulated time
    smartphone: Bools
    verified: Bools
    french: Bools
    english: Bools
    reviews: Ints  # at the start
    stars: Floats  # their sum
    quality: Floats
    speed: Floats
    reliability: Floats
    unpunctual: Floats
    choosy: Floats
    dearness: Floats
    reply_median_min: Floats
    outside_load: Floats
    woman: Bools
    age_band: Ints  # 0: under 30, 1: 30-49, 2: 50 and over

    def __len__(self) -> int:
        return len(self.city)

    def speaks(self, technician: Ints, locale: Ints) -> Bools:
        """Whether a technician serves in the client's language; Darija and Arabic go without saying."""
        return np.where(locale == 2, self.french[technician], np.where(locale == 4, self.english[technician], True))


@dataclass(frozen=True)
class Clients:
    """One value each. Known: home, language, channel. Hidden: weights (around 1), traits (standard normal), booking rate, what an offer does."""

    city: Ints
    district: Ints
    lat: Floats
    lon: Floats
    locale: Ints
    channel: Ints
    business: Bools
    joined_day: Ints
    rate: Floats
    price_weight: Floats
    quality_weight: Floats
    loyalty: Floats
    patience: Floats
    leniency: Floats
    absence: Floats
    kind: Ints  # of life.kinds
    woman: Bools
    age_band: Ints
    income: Ints

    def __len__(self) -> int:
        return len(self.city)


def technicians(numbers: Numbers, places: Geography, count: int, days: int, streams: Streams) -> Technicians:
    """`count` technicians, towns by inhabitants and trades by demand."""
    rng = streams("technicians")
    share = np.array([numbers("demand.share")[name] for name in SERVICES])
    city = rng.choice(len(places.cities), count, p=places.population)
    district, lat, lon = places.homes(city, rng, numbers("geography.home_scatter_km"))
    service = rng.choice(len(SERVICES), count, p=share / share.sum())
    second = rng.choice(len(SERVICES), count, p=share / share.sum())
    quality, speed, reliability, unpunctual, choosy, dearness = rng.standard_normal((6, count))
    shown, mixed = numbers("people.skill_quality"), numbers("people.rate_quality")
    level = np.clip(np.round(3 + shown * quality + np.sqrt(1 - shown**2) * rng.standard_normal(count)), 1, 5).astype(int)
    rate = np.exp(numbers("people.rate_sd") * (mixed * quality + np.sqrt(1 - mixed**2) * rng.standard_normal(count)))
    smartphone = rng.random(count) < numbers("people.smartphone")
    median = numbers("people.reply_median_min") * np.exp(numbers("people.reply_median_spread") * rng.standard_normal(count))
    new = rng.random(count) < numbers("scale.new_technicians")
    reviews = np.where(new, 0, rng.geometric(1 / (1 + numbers("people.history_reviews")), count) - 1)
    off = rng.random(count)
    least, most = numbers("people.radius_km")
    return Technicians(
        city=city,
        district=district,
        lat=lat,
        lon=lon,
        service=service,
        second=np.where((rng.random(count) < numbers("people.second_service")) & (second != service), second, -1),
        level=level,
        rate=np.clip(rate, 0.6, 1.8),
        radius_km=rng.uniform(least, most, count).round(1),
        opens=rng.choice([7, 8, 9], count, p=[0.2, 0.55, 0.25]),
        closes=rng.choice([18, 19, 20, 22], count, p=[0.3, 0.25, 0.3, 0.15]),
        day_off=np.where(off < numbers("people.friday_off"), 4, np.where(off < 0.7, 6, NO_DAY_OFF)),
        joined_day=np.where(new, rng.integers(0, days, count), -rng.integers(1, 1500, count)),
        smartphone=smartphone,
        verified=rng.random(count) < numbers("people.verified"),
        french=rng.random(count) < numbers("people.technician_french"),
        english=rng.random(count) < numbers("people.technician_english"),
        reviews=reviews,
        stars=np.round(reviews * np.clip(4.35 + 0.3 * quality + 0.15 * rng.standard_normal(count), 1, 5)),
        quality=quality,
        speed=speed,
        reliability=reliability,
        unpunctual=unpunctual,
        choosy=choosy,
        dearness=dearness,
        reply_median_min=median * np.where(smartphone, 1.0, 1.3),
        outside_load=rng.exponential(numbers("life.outside_load"), count),
        woman=rng.random(count) < np.where(service == SERVICES.index("cleaning"), 0.85, 0.04),
        age_band=rng.choice(3, count, p=[0.3, 0.5, 0.2]),
    )


def clients(numbers: Numbers, places: Geography, count: int, days: int, streams: Streams) -> Clients:
    """`count` clients, towns by inhabitants; newcomers are spread over the horizon."""
    rng = streams("clients")
    city = rng.choice(len(places.cities), count, p=places.population)
    district, lat, lon = places.homes(city, rng, numbers("geography.home_scatter_km"))
    shape = numbers("people.rate_shape")
    kinds = [share for share, _ in numbers("life.kinds").values()]
    return Clients(
        city=city,
        district=district,
        lat=lat,
        lon=lon,
        locale=rng.choice(len(LOCALES), count, p=_shares(numbers("people.client_language"), LOCALES)),
        channel=rng.choice(len(CHANNELS), count, p=_shares(numbers("people.channel"), CHANNELS)),
        business=rng.random(count) < numbers("people.business"),
        joined_day=np.where(rng.random(count) < numbers("scale.newcomers"), rng.integers(0, days, count), -rng.integers(1, 1000, count)),
        rate=rng.gamma(shape, 1 / shape, count) + 0.05,
        price_weight=np.exp(numbers("people.price_weight_sd") * rng.standard_normal(count)),
        quality_weight=np.exp(numbers("people.quality_weight_sd") * rng.standard_normal(count)),
        loyalty=np.exp(numbers("people.loyalty_sd") * rng.standard_normal(count)),
        patience=rng.standard_normal(count),
        leniency=rng.standard_normal(count),
        absence=rng.standard_normal(count),
        kind=rng.choice(len(kinds), count, p=kinds),
        woman=rng.random(count) < numbers("people.women"),
        age_band=rng.choice(3, count, p=[0.3, 0.5, 0.2]),
        income=rng.choice(3, count, p=numbers("people.income_levels")),
    )


def nearest(places: Geography, offering: Technicians, pool: int) -> Ints:
    """(districts, services, pool): the technicians of the town and trade who live nearest to each district's centre, -1 where there are fewer."""
    found = np.full((len(places.districts), len(SERVICES), pool), -1, np.int64)
    for city in range(len(places.cities)):
        here = np.flatnonzero(places.district_city == city)
        for service in range(len(SERVICES)):
            who = np.flatnonzero((offering.city == city) & ((offering.service == service) | (offering.second == service)))
            if not len(who):
                continue
            centre = places.district_lat[here][:, None], places.district_lon[here][:, None]
            km = road_km(*centre, offering.lat[who][None, :], offering.lon[who][None, :], 1.0)
            first = np.argsort(km, axis=1, kind="stable")[:, :pool]
            found[here, service, : first.shape[1]] = who[first]
    return found


def _shares(table: dict[str, float], names: tuple[str, ...]) -> Floats:
    shares = np.array([table[name] for name in names], float)
    return shares / shares.sum()
