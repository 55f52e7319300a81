"""Which trades follow which: a leak stains a wall, a move needs cleaning. Our own judgement, until bookings say better."""

from __future__ import annotations

_AFTER = {
    "plumbing": ("tiling", "painting"),
    "water_heater": ("plumbing", "electricity"),
    "electricity": ("general_handyman", "painting"),
    "painting": ("cleaning", "masonry"),
    "hvac": ("electricity",),
    "carpentry": ("locksmith", "painting"),
    "locksmith": ("carpentry",),
    "appliance_repair": ("electricity",),
    "masonry": ("painting", "tiling"),
    "tiling": ("plumbing", "cleaning"),
    "moving": ("cleaning", "general_handyman"),
    "pest_control": ("cleaning",),
    "glazing": ("carpentry",),
    "satellite_tv": ("electricity",),
    "gardening": ("pest_control",),
    "cleaning": ("pest_control",),
    "general_handyman": ("painting",),
}


def related(service: str) -> list[str]:
    """At most two service ids, likeliest first."""
    return list(_AFTER.get(service, ()))
