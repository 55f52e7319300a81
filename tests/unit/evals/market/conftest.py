"""One small finished world a session, shared by all tests that only read it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="worlds are kept as Parquet: pip install 'bricol[market]'")

from evals.market.oracle import Oracle
from evals.market.world import Size, simulate


@pytest.fixture(scope="session")
def tiny() -> Size:
    return Size(technicians=200, bookings=600, start=date(2026, 2, 1), days=28)


@pytest.fixture(scope="session")
def w1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety days of W1 with Ramadan and Eid al-Fitr of 2026 in them."""
    folder = tmp_path_factory.mktemp("w1")
    simulate(folder, "W1", 7, Size(technicians=900, bookings=5_000, start=date(2026, 1, 15), days=90))
    return folder


@pytest.fixture(scope="session", params=["W1", "W2", "W3"])
def oracle(request: pytest.FixtureRequest, w1: Path, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """The truth about each world."""
    if request.param == "W1":
        return Oracle(w1)
    folder = tmp_path_factory.mktemp(request.param.lower())
    simulate(folder, request.param, 7, Size(technicians=900, bookings=5_000, start=date(2026, 1, 15), days=90))
    return Oracle(folder)
