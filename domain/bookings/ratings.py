"""How stars move a technician's rating."""

from __future__ import annotations

from domain.errors import DomainError

STARS = range(1, 6)


def checked_stars(stars: int) -> int:
    """1..5. Raises DomainError bad_rating."""
    if isinstance(stars, bool) or stars not in STARS:
        raise DomainError("bad_rating", stars=stars)
    return int(stars)


def rating_after(rating: float, jobs: int, stars: int) -> float:
    """The mean of `jobs` ratings and one more, 1..5, two decimals. Without jobs the present rating counts as one: one angry client ends nobody."""
    weight = max(1, jobs)
    return round(min(5.0, max(1.0, (rating * weight + checked_stars(stars)) / (weight + 1))), 2)
