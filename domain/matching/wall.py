"""What the wall clock says at moments in seconds: hour, weekday, and whether Moroccan clocks stand at Ramadan's time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.clock import CASABLANCA

HOUR = 3600


class Wall(NamedTuple):
    """`hour` 0..23; `weekday` 0 = Monday; `ramadan`: the clocks stand at UTC, as only around Ramadan (decree 2.18.855)."""

    hour: NDArray[np.int64]
    weekday: NDArray[np.int64]
    ramadan: NDArray[np.bool_]

    @property
    def evening(self) -> NDArray[np.bool_]:
        """From 19:00, or before 07:00."""
        return np.asarray((self.hour >= 19) | (self.hour < 7))


def wall(seconds: NDArray[Any]) -> Wall:
    """`seconds` since 1970, (n,)."""
    hours, where = np.unique(np.asarray(seconds, np.int64) // HOUR, return_inverse=True)
    local = [datetime.fromtimestamp(int(hour) * HOUR, CASABLANCA) for hour in hours]
    told = np.array([(at.hour, at.weekday(), at.utcoffset() is not None and not at.utcoffset()) for at in local], np.int64).reshape(-1, 3)[where]
    return Wall(told[:, 0], told[:, 1], told[:, 2].astype(np.bool_))
