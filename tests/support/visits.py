"""A marketplace's visits as tables, drawn from a law that a test knows: log(final / quoted) = 0.3 x described + a technician's habit + noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tables = dict[str, dict[str, NDArray[Any]]]
START = 1_767_225_600  # 2026-01-01, UTC
DAY = 86_400
NODES = np.array(["plumbing.tap_leak", "cleaning.general", "electricity.general"])
NOISE = 0.1


def tables(count: int = 1500, seed: int = 0, technicians: int = 30, days: int = 200) -> Tables:
    """Bookings over `days`, each visited two days after it was asked for; every twentieth is cancelled."""
    rng = np.random.default_rng(seed)
    ids = np.arange(count)
    at = START + np.sort(rng.integers(0, days * DAY, count))
    technician, node = rng.integers(0, technicians, count), NODES[rng.integers(0, len(NODES), count)]
    described = rng.standard_normal(count).round(1)
    habit = np.linspace(-0.3, 0.3, technicians)[technician]
    usual = rng.choice([200.0, 300.0, 500.0], count)
    final = usual * np.exp(0.3 * described + habit + NOISE * rng.standard_normal(count))
    status = np.where(ids % 20 == 19, "cancelled_by_client", "done").astype(object)
    return {
        "requests": {
            "request_id": ids,
            "at": at,
            "start_at": at + 2 * DAY,
            "service": np.array([name.split(".")[0] for name in node], object),
            "urgency": np.where(ids % 11 == 0, "emergency", "later").astype(object),
            "described": described,
            "usual_mad": usual,
        },
        "bookings": {
            "booking_id": ids,
            "request_id": ids,
            "technician_id": technician,
            "node": node.astype(object),
            "price_mad": usual * np.where(ids % 11 == 0, 1.25, 1.0),
        },
        "visits": {
            "booking_id": ids,
            "status": status,
            "closed_at": at + 2 * DAY + 3600,
            "final_mad": np.where(status == "done", final * np.where(ids % 11 == 0, 1.25, 1.0), 0.0),
        },
    }


def write(folder: Path, found: Tables) -> Path:
    """As Parquet, the way `bricol simulate` keeps what a marketplace sees."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in found.items():
        made = {
            key: pa.array(values.astype("datetime64[s]"), pa.timestamp("s", tz="UTC")) if key.endswith("at") else pa.array(values)
            for key, values in columns.items()
        }
        pq.write_table(pa.table(made), folder / f"{name}.parquet")
    return folder
