"""Fixtures that several test files share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Test files are not a package, and import the builders beside them as tests.*.
sys.path.insert(0, str(Path(__file__).parents[1]))

from features.history.history import History
from features.history.simulated import simulate


@pytest.fixture(scope="session")
def simulated() -> History:
    """A simulated history of 400 opportunities over two years."""
    return simulate(400, seed=1)


@pytest.fixture(autouse=True)
def no_tracking_server_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow writes the address it was told into the environment, where the next test would find it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
