"""Slows down whoever writes faster than people do; nothing is refused for good, the page tries again."""

from __future__ import annotations

import time
from collections import OrderedDict


class Buckets:
    """One token bucket per key: `burst` at once, then `per_second`. Keeps the latest `keys` keys in memory."""

    def __init__(self, burst: float, per_second: float, keys: int = 20_000) -> None:
        self._burst, self._rate, self._keys = burst, per_second, keys
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Takes one token; 0.0 when there was one, else the seconds until there is one (none is taken)."""
        now = time.monotonic()
        left, at = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        short = 1 - left
        self._left[key] = (left if short > 0 else left - 1, now)
        while len(self._left) > self._keys:
            self._left.popitem(last=False)
        return short / self._rate if short > 0 else 0.0
