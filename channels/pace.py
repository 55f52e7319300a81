"""Keeps us under a provider's limits: so many messages a second in all, so many in a row to one person."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

PEOPLE = 10_000  # whose latest messages are remembered


@dataclass(frozen=True)
class Limit:
    """`burst` messages at once; then one every `seconds`."""

    burst: float
    seconds: float


@dataclass
class _Bucket:
    room: float
    at: float


class Pace:
    """One process's share of the limits. Several processes may together exceed them: then the provider says so, and its wait is kept."""

    def __init__(self, overall: Limit, each: Limit, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
        self._overall, self._each, self._clock, self._sleep = overall, each, clock, sleep
        self._all = _Bucket(overall.burst, clock())
        self._people: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def hold(self, person: str, longest: float = 1.0) -> float:
        """Like `wait`, but sleeps through waits that end within `longest` seconds."""
        until = self._clock() + longest
        while (left := self.wait(person)) and self._clock() + left <= until:
            self._sleep(left)
        return left

    def wait(self, person: str) -> float:
        """Seconds until a message to `person` may leave; 0: now, and it counts as sent."""
        with self._lock:
            left, own = self._look(person)
            if left == 0:
                self._all.room -= 1
                own.room -= 1
            return left

    def look(self, person: str) -> float:
        """Like `wait`, but counts nothing."""
        with self._lock:
            return self._look(person)[0]

    def _look(self, person: str) -> tuple[float, _Bucket]:
        now = self._clock()
        own = self._people.setdefault(person, _Bucket(self._each.burst, now))
        self._people.move_to_end(person)
        if len(self._people) > PEOPLE:
            self._people.popitem(last=False)
        return max(_left(self._all, self._overall, now), _left(own, self._each, now)), own


def _left(bucket: _Bucket, limit: Limit, now: float) -> float:
    bucket.room = min(limit.burst, bucket.room + (now - bucket.at) / limit.seconds)
    bucket.at = now
    return 0.0 if bucket.room >= 1 else (1 - bucket.room) * limit.seconds
