"""Every dirham of a booking as ledger lines that add up to zero; a few lines are then damaged, as bookkeeping is, and the oracle knows which."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.market.scene import Scene
from evals.market.visits import BY_CLIENT

Ints = NDArray[np.int64]
KINDS = ("payment", "commission", "payout", "credit", "fee", "refund", "chargeback")
ACCOUNTS = ("client", "technician", "platform", "promotions")
PAYMENT, COMMISSION, PAYOUT, CREDIT, FEE, REFUND, CHARGEBACK = range(7)
CLIENT, TECHNICIAN, PLATFORM, PROMOTIONS = range(4)
METHODS = ("cash", "card", "wallet")
FAULTS = ("payment_missing", "commission_wrong", "paid_twice")


def ledger(scene: Scene, booked: dict[str, Any], visit: dict[str, Any], felt: dict[str, Any]) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """(lines, faults). Each move of centimes is two rows with one time; `faults`: booking, kind and size of each damage."""
    n, rng, count = scene.numbers, scene.streams("money"), len(booked["request"])
    moves: list[tuple[Ints, Ints, Any, int, Any, Any]] = []  # booking rows, minute, centimes, kind, from, to

    def move(where: NDArray[np.bool_], at: Any, centimes: Any, kind: int, giver: Any, taker: Any) -> None:
        rows = np.flatnonzero(where)
        time, amount, source, target = (np.broadcast_to(value, count)[rows] for value in (at, centimes, giver, taker))
        moves.append((rows, time, amount, kind, source, target))

    due = np.round(visit["final"] * 100).astype(np.int64)
    paid = due > 0
    credit = np.minimum(due, np.round(booked["credit"] * 100).astype(np.int64)) * (visit["status"] == 0)
    commission = np.round(due * n("money.commission")).astype(np.int64)
    cash = booked["method"] == 0
    done = visit["closed_at"]
    # cash goes to the technician, who owes the commission; other money passes through the platform, which pays out the next day
    move(paid, done, due - credit, PAYMENT, CLIENT, np.where(cash, TECHNICIAN, PLATFORM))
    move(paid & (credit > 0), done, credit, CREDIT, PROMOTIONS, np.where(cash, TECHNICIAN, PLATFORM))
    wrong = paid & (rng.random(count) < n("money.faults.commission_wrong"))
    charged = np.where(wrong, np.round(due * 0.10).astype(np.int64), commission)
    move(paid & cash, done, charged, COMMISSION, TECHNICIAN, PLATFORM)
    move(paid & ~cash, done + 1440, due - charged, PAYOUT, PLATFORM, TECHNICIAN)
    late = (visit["status"] == BY_CLIENT) & (booked["start"] - visit["closed_at"] < 120) & ~visit["leaks"]
    move(late, done, n("money.late_fee_mad") * 100, FEE, CLIENT, PLATFORM)
    refund = np.minimum(np.round(felt["refund"] * 100).astype(np.int64), due - credit)
    move(refund > 0, felt["complained_at"] + felt["refunded_after"], refund, REFUND, PLATFORM, CLIENT)
    soonest, latest = n("fraud.chargeback_days")
    stolen = paid & ~cash & scene.fraud.stolen[booked["client"]]
    move(stolen, done + rng.integers(soonest, latest, count) * 1440, due - credit - refund, CHARGEBACK, PLATFORM, CLIENT)
    lines = _lines(booked["booking"], moves)
    drawn = rng.random(count)
    missing = paid & (drawn < n("money.faults.payment_missing"))
    twice = paid & (drawn > 1 - n("money.faults.paid_twice"))
    is_receipt = (lines["kind"] == PAYMENT) & (lines["centimes"] > 0)
    lost = is_receipt & np.isin(lines["booking"], booked["booking"][missing])
    double = is_receipt & np.isin(lines["booking"], booked["booking"][twice])
    kept = {name: np.concatenate([values[~lost], values[double]]) for name, values in lines.items()}
    damage = [(missing, 0, -(due - credit)), (wrong, 1, charged - commission), (twice, 2, due - credit)]
    faults = {
        "booking": np.concatenate([booked["booking"][where] for where, _, _ in damage]),
        "fault": np.concatenate([np.full(where.sum(), code) for where, code, _ in damage]),
        "centimes": np.concatenate([size[where] for where, _, size in damage]),
    }
    return kept, faults


def _lines(booking: Ints, moves: list[tuple[Ints, Ints, Any, int, Any, Any]]) -> dict[str, Ints]:
    parts: dict[str, list[Any]] = {"booking": [], "at": [], "kind": [], "account": [], "centimes": []}
    for rows, at, centimes, kind, giver, taker in moves:
        for account, sign in ((giver, -1), (taker, 1)):
            parts["booking"].append(booking[rows])
            parts["at"].append(at)
            parts["kind"].append(np.full(len(rows), kind))
            parts["account"].append(account)
            parts["centimes"].append(sign * np.asarray(centimes).astype(np.int64))
    found = {name: np.concatenate(values) for name, values in parts.items()}
    order = np.lexsort((found["kind"], found["at"], found["booking"]))
    return {name: values[order] for name, values in found.items()}
