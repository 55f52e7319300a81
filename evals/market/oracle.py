"""Answers what nobody in the market can know: true probabilities of choice, acceptance, success, arrival and cost, for any list of a world."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from evals.market import laws
from evals.market.geography import median_minutes, road_km
from evals.market.mixture import Mixture
from evals.market.offers import DEADLINE_MIN
from evals.market.trades import trades
from evals.market.truths import StaleWorld, Truths

__all__ = ["Oracle", "StaleWorld"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Equally likely values of what the client's words leave open.
UNKNOWN = ndtri((np.arange(41) + 0.5) / 41)


class Oracle(Truths):
    """The truth about one world's folder. Requests and technicians are given by id; arrays may be (n,) or (n, K) with the request as (n, 1).

    `known="all"` uses everything true; `known="described"` averages over the complexity that the client's words leave open: the best that
    somebody who knew the technicians perfectly could do before the visit.
    """

    def choice(self, request: Ints, technician: Ints, *, price_mad: Floats, rating: Floats, reviews: Ints, km: Floats, known: Any = False) -> Floats:
        """(n, K + 1): probability of taking none (column 0) and each place of lists `technician` (n, K; -1 where shorter). Rows add 1.

        `request` (n,); the others (n, K) as in slate_items: quoted MAD, stars and reviews shown, road km, whether `known`.
        """
        rows, asked = self.requests, self._asked
        client = rows["client_id"][request]
        who, locale = np.maximum(technician, 0), self._locale[client][:, None]
        speaks = np.where(locale == 2, self.technicians["french"][who], np.where(locale == 4, self.technicians["english"][who], True))
        usual = rows["usual_mad"][request] * (1 + asked["hurry"][request])
        utility = laws.choice_utility(
            self.numbers,
            day=rows["day"][request][:, None],
            hour=rows["start_hour"][request][:, None],
            need=asked["need"][request][:, None],
            price_ratio=np.where(technician >= 0, price_mad, 1.0) / usual[:, None],
            rating=rating,
            reviews=np.where(technician >= 0, reviews, 0),
            km=km,
            position=np.arange(1, technician.shape[1] + 1)[None, :],
            verified=self.technicians["verified"][who],
            speaks=speaks & (technician >= 0),
            known=np.broadcast_to(known, technician.shape),
            price_weight=self.clients["price_weight"][client][:, None],
            quality_weight=self.clients["quality_weight"][client][:, None],
            loyalty=self.clients["loyalty"][client][:, None],
        )
        outside = laws.outside_utility(
            self.numbers,
            day=rows["day"][request],
            need=asked["need"][request],
            patience=self.clients["patience"][client],
            range_quote=(self.clients["arm"][client] == "range") & self._in_experiment(rows["day"][request]),
        )
        return laws.choice_probabilities(utility, outside, technician >= 0)

    def acceptance(
        self, request: Ints, technician: Ints, *, price_mad: Floats, km: Floats, jobs_that_day: Ints, known: Any = False, asked_hour: Any = None,
        within_min: float = DEADLINE_MIN,
    ) -> Floats:  # fmt: skip
        """P(yes within `within_min` minutes) to an offer sent when asked (or at wall-clock `asked_hour`). Honest requests and technicians only."""
        median = self._reply_log_median(request, technician, asked_hour)
        yes = self._yes(request, technician, price_mad, km, jobs_that_day, known)
        return yes * laws.in_time(self.numbers, median, np.asarray(float(within_min)))

    def reply_minutes(self, request: Ints, technician: Ints, asked_hour: Any = None) -> Mixture:
        """The delay of any answer (a lognormal, as a mixture of one)."""
        median = self._reply_log_median(request, technician, asked_hour)[..., None]
        return Mixture(np.ones(median.shape), median, np.full(median.shape, self.numbers("people.reply_sigma")))

    def success(self, request: Ints, technician: Ints, known: str = "all", day: Any = None) -> Floats:
        """P(done in this visit | both are there), on the day asked for or simulated day `day`."""
        rows, asked, who = self.requests, self._asked, self.technicians
        when = asked["visit_day"][request] if day is None else day
        facts: Any = {
            "day": when,
            "hour": rows["start_hour"][request],
            "quality": who["quality"][technician],
            "level": who["level"][technician],
            "second_trade": who["service"][technician] != rows["service"][request],
            "fatigue": self._fatigue_on(when, technician),
            "outside": trades().outside[asked["node"][request]],
            "rain": self.wet[when, asked["town"][request]],
        }
        if known == "all":
            return laws.success(self.numbers, complexity=rows["complexity"][request], **facts)
        every = [laws.success(self.numbers, complexity=c, **facts) for c in self._possible(request)]
        return np.mean(every, axis=0)

    def kept(self, request: Ints, technician: Ints, lead_hours: Any = None, day: Any = None) -> Floats:
        """P(nobody cancels, the technician comes and the client is there) of a visit agreed `lead_hours` ahead (default: when asked).

        Leaves out that a technician whose earlier job overran by two hours calls it off: that depends on the whole day.
        """
        rows, who, n = self.requests, self.technicians, self.numbers
        lead = np.maximum(0, rows["start_at"][request] - rows["at"][request]) / 3600 if lead_hours is None else lead_hours
        when = self._asked["visit_day"][request] if day is None else day
        reliability, fatigue = who["reliability"][technician], self._fatigue_on(when, technician)
        absence = self.clients["absence"][rows["client_id"][request]]
        found: Floats = (
            (1 - laws.client_cancels(n, lead_hours=lead))
            * (1 - laws.technician_cancels(n, reliability=reliability))
            * (1 - laws.no_show(n, reliability=reliability, fatigue=fatigue))
            * (1 - laws.absent(n, absence=absence))
        )
        return found

    def cost(self, request: Ints, technician: Ints, known: str = "all") -> Mixture:
        """final / quoted of a job that gets done: `.quantile(0.5)`, `.cdf(1.15)`, `.mean_value()`."""
        asked, rows = self._asked, self.requests
        facts: Any = {"dearness": self.technicians["dearness"][technician], "in_the_wall": trades().in_the_wall[asked["node"][request]]}
        if known == "all":
            return laws.cost(self.numbers, complexity=rows["complexity"][request], **facts)
        every = [laws.cost(self.numbers, complexity=c, **facts) for c in self._possible(request)]
        weight, mean, sigma = (np.concatenate([getattr(m, name) for m in every], axis=-1) for name in ("weight", "mean", "sigma"))
        return Mixture(weight / len(every), mean, sigma)

    def travel(self, request: Ints, lat: Floats, lon: Floats, hour: Any = None) -> Mixture:
        """Minutes on the way from points to the request's client, leaving about 20 minutes before the visit's hour or at wall-clock `hour`."""
        asked = self._asked
        town, day = asked["town"][request], asked["visit_day"][request]
        km = self.km(request, lat, lon)
        at = self._hour_before(request) if hour is None else hour
        median = median_minutes(self.numbers, km, at, self.town_truths["speed_level"][town], self.wet[day, town], self.days["ramadan"][day])
        return laws.travel(self.numbers, median)

    def lateness_cdf(self, late_min: Any, request: Ints, technician: Ints, lat: Floats, lon: Floats) -> Floats:
        """P(arrives at most `late_min` minutes after the planned start | free in time, setting out from a point), before anybody has left."""
        way = self.travel(request, lat, lon)
        median = np.exp(way.mean[..., 0])
        slack = laws.leave_mean(self.numbers, unpunctual=self.technicians["unpunctual"][technician])
        parts = [way.cdf(np.maximum(1e-9, late_min + median - slack - self.numbers("visit.leave_sd") * z)) for z in UNKNOWN]
        return np.mean(parts, axis=0)

    def km(self, request: Ints, lat: Floats, lon: Floats) -> Floats:
        """Road km from points to the request's client."""
        client = self.requests["client_id"][request]
        factor = self.town_truths["road_factor"][self._asked["town"][request]]
        return road_km(self.clients["lat"][client], self.clients["lon"][client], lat, lon, factor)

    def _possible(self, request: Ints) -> list[Floats]:
        said = self.numbers("jobs.complexity_described")
        return [said * self.requests["described"][request] + np.sqrt(1 - said**2) * z for z in UNKNOWN]

    def _fatigue_on(self, day: Any, technician: Ints) -> Floats:
        found = self.fatigue[np.asarray(day) // 7, technician]
        return np.where(np.isnan(found), self.technicians["outside_load"][technician], found)

    def _hour_before(self, request: Ints) -> Ints:
        start = (self.requests["start_at"][request] - self._first_second) // 60 - 20
        shift = self.days["clock_shift_min"][np.clip(start // 1440, 0, len(self.days["day"]) - 1)]
        found: Ints = (start - shift) // 60 % 24
        return found

    def _reply_log_median(self, request: Ints, technician: Ints, asked_hour: Any) -> Floats:
        hour = self.requests["hour"][request] if asked_hour is None else asked_hour
        return laws.reply_log_median(self.numbers, asked_hour=hour, reply_median_min=self.technicians["reply_median_min"][technician])

    def _yes(self, request: Ints, technician: Ints, price_mad: Floats, km: Floats, jobs_that_day: Ints, known: Any) -> Floats:
        rows, asked, who = self.requests, self._asked, self.technicians
        day = asked["visit_day"][request]
        return laws.acceptance(
            self.numbers,
            day=rows["day"][request],
            hour=rows["start_hour"][request],
            friday=self.days["weekday"][day] == 4,
            ramadan=self.days["ramadan"][day],
            rain=self.wet[day, asked["town"][request]],
            km=km,
            price_mad=price_mad,
            price_over_own=price_mad / (rows["usual_mad"][request] * who["rate"][technician]),
            level=who["level"][technician],
            described=rows["described"][request],
            jobs_that_day=jobs_that_day,
            short_notice=rows["start_at"][request] < rows["at"][request] + 7200,
            known=known,
            choosy=who["choosy"][technician],
            fatigue=self._fatigue_on(rows["day"][request], technician),
        )
