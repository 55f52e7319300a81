"""Who gets which job when several wait for the same people: the pairs whose values together are largest, instead of first come, first served."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def assign(job: Ints, technician: Ints, value: Floats) -> Ints:
    """Which of the possible pairs to take (places in the arrays): each job and each technician at most once, the sum of values as large as can be.

    Only listed pairs are possible; `value` is 0 or more: a job goes without only where that makes the sum larger, or nobody is left for it.
    A pair listed twice counts once, at its best. Competition falls into islands that share no technician; each is solved by itself (Jonker-Volgenant,
    scipy), so thousands of jobs in many towns cost little. Raises ValueError for negative or non-finite values and arrays of unequal length.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    job, technician, value = _checked(job, technician, value)
    if not len(job):
        return np.empty(0, np.int64)
    jobs, at_job = np.unique(job, return_inverse=True)
    people, at_person = np.unique(technician, return_inverse=True)
    size = len(jobs) + len(people)
    _, island = connected_components(coo_array((np.ones(len(job)), (at_job, len(jobs) + at_person)), (size, size)), directed=False)
    order = np.argsort(island[at_job], kind="stable")
    taken: list[int] = []
    for pairs in np.split(order, np.flatnonzero(np.diff(island[at_job][order])) + 1):
        rows, row = np.unique(at_job[pairs], return_inverse=True)
        columns, column = np.unique(at_person[pairs], return_inverse=True)
        worth = np.zeros((len(rows), len(columns)))  # an impossible pair is worth nothing, and is struck afterwards
        which = np.full(worth.shape, -1, np.int64)
        by_value = np.argsort(value[pairs], kind="stable")
        worth[row[by_value], column[by_value]] = value[pairs][by_value] + 1e-9  # a possible pair of no value is still better than nobody
        which[row[by_value], column[by_value]] = pairs[by_value]
        chosen = which[linear_sum_assignment(worth, maximize=True)]
        taken += chosen[chosen >= 0].tolist()
    return np.sort(np.array(taken, np.int64))


def greedy(job: Ints, technician: Ints, value: Floats) -> Ints:
    """The same, but the best pair left is always taken first: at least half of the best sum, and what `assign` is measured against."""
    job, technician, value = _checked(job, technician, value)
    busy: set[int] = set()
    served: set[int] = set()
    taken = []
    for pair in np.lexsort((np.arange(len(value)), -value)).tolist():
        if int(job[pair]) not in served and int(technician[pair]) not in busy:
            served.add(int(job[pair]))
            busy.add(int(technician[pair]))
            taken.append(pair)
    return np.sort(np.array(taken, np.int64))


def _checked(job: Ints, technician: Ints, value: Floats) -> tuple[Ints, Ints, Floats]:
    job, technician, value = np.asarray(job, np.int64), np.asarray(technician, np.int64), np.asarray(value, np.float64)
    if not len(job) == len(technician) == len(value):
        raise ValueError(f"{len(job)} jobs, {len(technician)} technicians, {len(value)} values: give one of each a pair")
    if not (np.isfinite(value) & (value >= 0)).all():
        raise ValueError("values must be finite and not negative: leave a pair out that must not be")
    return job, technician, value
