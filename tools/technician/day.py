"""The order of a technician's day, and whether its promised hours leave time for the ways between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.clock import to_local
from domain.geo import locate, travel_minutes
from domain.geo.window import PROMISE
from domain.scheduling.route import Stop, route
from domain.store.tables import Booking

FEWER = 2  # two visits have one order
AHEAD = ("confirmed", "en_route")


def planned(bookings: Sequence[Booking], now: datetime) -> dict[str, Any] | None:
    """{order: refs, travel_minutes, kept}; None for a day that needs no plan. `bookings`: one technician's, of one local day."""
    ahead = [b for b in bookings if b.status in AHEAD and b.technician is not None]
    if len(ahead) <= FEWER or ahead[0].technician is None:
        return None
    midnight = to_local(ahead[0].start).replace(hour=0, minute=0, second=0, microsecond=0)

    def minute(moment: datetime) -> int:
        return int((moment - midnight).total_seconds() // 60)

    def way(a: Stop, b: Stop) -> int:
        return travel_minutes(a, b, midnight.replace(hour=min(23, (a.opens + a.minutes) // 60)))[1]

    stops = []
    for booking in ahead:
        there, start = locate(booking.city, booking.district, booking.lat, booking.lon), minute(booking.start)
        stops.append(Stop(booking.ref, there.lat, there.lon, start, start + minute(midnight + PROMISE), booking.minutes))
    home = locate(ahead[0].technician.city, ahead[0].technician.district or None)
    made = route(Stop("", home.lat, home.lon, max(0, minute(now)), 0, 0), stops, way)
    return {"order": list(made.order), "travel_minutes": made.travel, "kept": made.kept}
