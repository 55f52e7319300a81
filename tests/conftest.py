"""Fixtures every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from bot import checkpoints
from tests.support.postgres import Cluster, programs


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own BRICOL_ variables must not change what a test sees."""
    for name in [n for n in os.environ if n.startswith("BRICOL_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_crash_left_over() -> Iterator[None]:
    yield
    checkpoints.on_reached(None)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One temporary PostgreSQL for the whole run; skipped only where its programs are absent and CI is not set."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL programs not found; install postgresql")
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """A fresh, empty database."""
    return postgres_cluster.new_database()
