"""The truth as formulas, one function per behaviour: the simulator draws from them and the oracle reads them, so the two cannot disagree.

Arrays broadcast against each other. `day` is the simulated day (drift), `hour` the wall-clock hour. Linear terms carry W1; `interactions.*` are zero
there and carry W2. Their steps lie between the values that are written (stars and difficulty in tenths, prices in fives): rounding crosses none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from evals.market.jobs import EMERGENCY, NEEDS
from evals.market.mixture import Mixture
from evals.market.parameters import Numbers

Floats = NDArray[np.float64]
Array = NDArray[Any]


def evening(hour: Array) -> Array:
    """From 19:00, or before 07:00."""
    return (hour >= 19) | (hour < 7)


def choice_utility(
    n: Numbers, *, day: Array, hour: Array, need: Array, price_ratio: Array, rating: Array, reviews: Array, km: Array, position: Array,
    verified: Array, speaks: Array, known: Array, price_weight: Array, quality_weight: Array, loyalty: Array,
) -> Floats:  # fmt: skip
    """What showing a technician at `position` (1..5) is worth to this client. `price_ratio`: asked price over the job's usual one."""
    price = _by_need(n, "choice.price", need, day)
    found = (
        n("choice.asc")
        - price * price_weight * np.log(price_ratio)
        + n("choice.rating") * quality_weight * (rating - 4.3)
        + n("choice.reviews") * np.log1p(reviews)
        - n("choice.km") * km
        + n("choice.verified") * verified
        + n("choice.speaks") * speaks
        + n("choice.known") * loyalty * known
        - np.array(n("choice.position"))[np.clip(position, 1, 5) - 1]
    )
    found = found + n("interactions.choice_low_rating") * (rating < 4.05)
    found = found + n("interactions.choice_dear") * ((price_ratio > 1.15) & (need != EMERGENCY))
    found = found + n("interactions.choice_far_night") * ((km > 5) & evening(hour))
    tree: Floats = found + n("interactions.choice_stranger") * (~np.asarray(speaks, bool) & ~np.asarray(known, bool))
    return tree


def outside_utility(n: Numbers, *, day: Array, need: Array, patience: Array, range_quote: Array) -> Floats:
    """What taking none of the list is worth. `range_quote`: in the arm that sees prices as a range."""
    found: Floats = _by_need(n, "choice.outside", need, day) - n("choice.patience") * patience - n("choice.range_quote") * range_quote
    return found


def choice_probabilities(utility: Floats, outside: Floats, shown: NDArray[np.bool_]) -> Floats:
    """(slates, K + 1): probability of none (column 0) and of each position; rows add 1. Conditional logit."""
    values = np.concatenate([outside[:, None], np.where(shown, utility, -np.inf)], axis=1)
    weights = np.exp(values - values.max(axis=1, keepdims=True))
    found: Floats = weights / weights.sum(axis=1, keepdims=True)
    return found


def acceptance(
    n: Numbers, *, day: Array, hour: Array, friday: Array, ramadan: Array, rain: Array, km: Array, price_mad: Array, price_over_own: Array,
    level: Array, described: Array, jobs_that_day: Array, short_notice: Array, known: Array, choosy: Array, fatigue: Array,
) -> Floats:  # fmt: skip
    """P(yes | the technician answers in time). `hour`, `friday`, `ramadan`, `rain`: of the visit; `price_over_own`: over their own usual one."""
    logit = (
        n("accept.asc")
        - n("accept.choosy") * choosy
        - n("accept.km", day) * km
        + n("accept.price") * np.log(price_over_own)
        + n("accept.level") * (level - 3)
        - n("accept.described") * described
        - n("accept.jobs") * jobs_that_day
        - n("accept.short_notice") * short_notice
        - n("accept.evening") * evening(hour)
        - n("accept.friday_prayer") * (friday & (hour >= 12) & (hour < 14))
        - n("accept.ramadan_day") * (ramadan & (hour >= 8) & (hour < 16))
        - n("accept.iftar") * (ramadan & (hour >= 17) & (hour < 19))
        - n("accept.rain") * rain
        - n("accept.fatigue") * fatigue
        + n("accept.known") * known
    )
    logit = logit + n("interactions.accept_far_cheap") * ((km > 5) & (price_mad < 217.5))
    logit = logit + n("interactions.accept_full_evening") * ((jobs_that_day > 0) & evening(hour))
    logit = logit + n("interactions.accept_hard_junior") * ((described > 1.05) & (level <= 2))
    found: Floats = expit(logit)
    return found


def reply_log_median(n: Numbers, *, asked_hour: Array, reply_median_min: Array) -> Floats:
    """Log of the median minutes to an answer; its spread is `people.reply_sigma`."""
    night = (asked_hour >= 22) | (asked_hour < 7)
    found: Floats = np.log(reply_median_min * np.where(night, n("accept.night_delay"), 1.0))
    return found


def in_time(n: Numbers, log_median: Floats, deadline_min: Array) -> Floats:
    """P(an answer comes within the deadline)."""
    found: Floats = ndtr((np.log(deadline_min) - log_median) / n("people.reply_sigma"))
    return found


def client_cancels(n: Numbers, *, lead_hours: Array) -> Floats:
    found: Floats = expit(n("visit.client_cancels") + n("visit.client_cancels_lead") * np.log1p(lead_hours))
    return found


def technician_cancels(n: Numbers, *, reliability: Array) -> Floats:
    found: Floats = expit(n("visit.technician_cancels") - n("visit.reliability") * reliability)
    return found


def no_show(n: Numbers, *, reliability: Array, fatigue: Array) -> Floats:
    found: Floats = expit(n("visit.no_show") - n("visit.reliability") * reliability + n("visit.no_show_fatigue") * fatigue)
    return found


def absent(n: Numbers, *, absence: Array) -> Floats:
    found: Floats = expit(n("visit.absent") + n("visit.absent_trait") * absence)
    return found


def success(
    n: Numbers, *, day: Array, hour: Array, quality: Array, level: Array, complexity: Array, second_trade: Array, fatigue: Array, outside: Array,
    rain: Array,
) -> Floats:  # fmt: skip
    """P(the job is done in this visit | both are there)."""
    logit = (
        n("visit.success")
        + n("visit.quality") * quality
        + n("visit.level") * (level - 3)
        - n("visit.complexity", day) * complexity
        - n("visit.second_trade") * second_trade
        - n("visit.success_fatigue") * fatigue
    )
    logit = logit + n("interactions.success_expert") * ((complexity > 0.8) & (level <= 3))
    logit = logit + n("interactions.success_tired") * ((fatigue > 1) & evening(hour))
    logit = logit + n("interactions.success_wet") * (outside & rain)
    found: Floats = expit(logit)
    return found


def cost(n: Numbers, *, complexity: Array, dearness: Array, in_the_wall: Array) -> Mixture:
    """log(final / quoted) of a job that gets done: as agreed, grown on the spot, or (W2) a catastrophe."""
    mean = n("cost.mean") + n("cost.complexity") * complexity + n("cost.dear") * dearness
    mean = mean + n("interactions.cost_old_house") * ((complexity > 0.8) & in_the_wall)
    grown = expit(n("cost.scope") + n("cost.scope_complexity") * complexity) * np.ones_like(mean)
    tail = n("cost.tail_share")
    weight = np.stack([(1 - tail) * (1 - grown), (1 - tail) * grown, np.full_like(mean, tail)], axis=-1)
    means = np.stack([mean, mean + n("cost.scope_mean"), mean + n("cost.tail_mean")], axis=-1)
    sigmas = [n("cost.sigma"), np.hypot(n("cost.sigma"), n("cost.scope_sigma")), n("cost.tail_sigma")]
    return Mixture(weight, means, np.broadcast_to(sigmas, means.shape))


def travel(n: Numbers, median_min: Array) -> Mixture:
    """log(minutes on the way) around a median (geography.median_minutes): clear roads, or (W2) a jam."""
    jam = n("geography.jam_share")
    middle = np.log(np.asarray(median_min, float))
    means = np.stack([middle, middle + np.log(n("geography.jam_factor"))], axis=-1)
    return Mixture(np.broadcast_to([1 - jam, jam], means.shape), means, np.full(means.shape, n("geography.travel_sigma")))


def minutes_on_site(n: Numbers, *, usual_min: Array, log_spread: Array, complexity: Array, speed: Array) -> tuple[Floats, Floats]:
    """(log median, log sigma) of the time on site, before the cap of one working day."""
    log_median = np.log(usual_min) + n("visit.minutes_complexity") * complexity - n("visit.speed") * speed
    return log_median, n("visit.minutes_sigma") * np.asarray(log_spread)


def leave_mean(n: Numbers, *, unpunctual: Array) -> Floats:
    """Mean minutes after the right moment that a technician leaves; the spread is `visit.leave_sd`."""
    found: Floats = n("visit.leave_mean") + n("visit.leave_trait") * unpunctual
    return found


def satisfaction(n: Numbers, *, fixed: Array, quality: Array, late_min: Array, overrun: Array, price_weight: Array) -> Floats:
    """Mean true satisfaction (0 neutral; noise sd is `feedback.noise`). `overrun`: final / quoted."""
    beyond = np.maximum(0, np.log(np.maximum(overrun, 1e-6)) - 0.10)
    late = np.clip(late_min - 10, 0, 80)
    found: Floats = (
        np.where(fixed, n("feedback.fixed"), n("feedback.not_fixed"))
        + n("feedback.quality") * quality
        - n("feedback.late") * late
        - n("feedback.overrun") * price_weight * beyond
    )
    return found


def complains(n: Numbers, satisfaction_: Array) -> Floats:
    found: Floats = expit(n("feedback.complains") - n("feedback.complains_unhappy") * satisfaction_)
    return found


def rates(n: Numbers, satisfaction_: Array, leniency: Array) -> Floats:
    """P(leaves a rating at all): the delighted and the angry speak."""
    found: Floats = expit(n("feedback.answers") + n("feedback.answers_extreme") * np.abs(satisfaction_) + 0.2 * leniency)
    return found


def client_leaves(n: Numbers, satisfaction_: Array) -> Floats:
    """P(never books again) after a visit."""
    found: Floats = expit(n("life.leaves_after") - n("life.leaves_unhappy") * satisfaction_)
    return found


def technician_leaves(n: Numbers, *, fatigue: Array, weekly_mad: Array) -> Floats:
    """Hazard of leaving within a week."""
    pull = n("life.technician_earnings") * np.log1p(weekly_mad / 100)
    found: Floats = expit(n("life.technician_weekly") + n("life.technician_fatigue") * fatigue - pull)
    return found


def _by_need(n: Numbers, path: str, need: Array, day: Array) -> Floats:
    table = np.array([n(f"{path}.{name}") for name in NEEDS])
    found: Floats = table[need] * n.drifted(path, day)
    return found
