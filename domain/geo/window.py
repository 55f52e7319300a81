"""From minutes that are likely to a window as people say it: "between 10:10 and 10:40", and how likely it is to be missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.geo.travel import SPREAD

Floats = NDArray[np.float64]
#: People speak in quarters of an hour of what is planned, in fives of somebody who is on the way.
STEPS = (15.0, 5.0)
#: Nobody is "0 minutes" away: the last word is an estimate, not a position.
SOON = 5.0
PROMISE = timedelta(minutes=30)  # what a booked hour means without a model: from it to half an hour later
HIGH_RISK = 0.5  # more likely late than not: said to the client
_NORMAL_95 = 1.6449  # the standard normal's 95 % quantile


@dataclass(frozen=True)
class Window:
    """Aware moments, earliest < latest, `earliest` never before it was asked; `late_risk`: P(arrival after `promised`), 0..1."""

    earliest: datetime
    likely: datetime
    latest: datetime
    late_risk: float


def told(asked: Floats, minutes: Floats, under_way: NDArray[Any]) -> Floats:
    """(n, 2): from and to on the clock that `asked` (n, minutes of it) is of. `minutes` (n, 3): low, likely, high from then on.

    Both ends go to the nearest step, at least one step apart; never before `asked`.
    """
    step = np.where(np.asarray(under_way, bool), STEPS[1], STEPS[0])
    start = step * np.floor((asked + minutes[:, 0]) / step + 0.5)
    end = np.maximum(step * np.floor((asked + minutes[:, 2]) / step + 0.5), start + step)
    return np.column_stack([np.maximum(start, asked), np.maximum(end, asked + SOON)])


def late_risk(minutes: Floats, until: float) -> float:
    """P(more than `until` minutes), 0..1, of (low, likely, high) at 5, 50 and 95 %: a normal with its own width on either side."""
    low, likely, high = (float(value) for value in minutes)
    side = high - likely if until >= likely else likely - low
    z = _NORMAL_95 * (until - likely) / max(side, 1e-6)
    return 0.5 * (1 - erf(z / sqrt(2)))


def window(now: datetime, minutes: Floats, *, widen: float, under_way: bool, promised: datetime) -> Window:
    """What a client is told at `now` (aware) of an arrival in `minutes` (low, likely, high); `widen` minutes make up for the rounding."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    asked = np.array([(now - hour).total_seconds() / 60])
    wide = np.array([[max(0.0, minutes[0] - widen), minutes[1], max(0.0, minutes[2] + widen)]])
    start, end = (hour + timedelta(minutes=float(value)) for value in told(asked, wide, np.array([under_way]))[0])
    likely = min(max(now + timedelta(minutes=float(minutes[1])), start), end)
    return Window(start, likely, end, late_risk(minutes, (promised - now).total_seconds() / 60))


def usual(now: datetime, minutes: float, promised: datetime) -> Window:
    """The rule's window for somebody on the way with likely `minutes` to go: as wide as any way is."""
    low, high = (minutes * share for share in SPREAD)
    return window(now, np.array([low, minutes, high]), widen=0.0, under_way=True, promised=promised)
