"""Fixtures that several test files share."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

# Test files are not a package, and import the builders beside them as tests.*.
sys.path.insert(0, str(Path(__file__).parents[1]))

from features.history.database.engine import Database
from features.history.history import History
from features.history.simulated import simulate
from tests.databases import PostgresServer, postgresql_binaries, upgraded


@pytest.fixture(scope="session")
def simulated() -> History:
    """A simulated history of 400 opportunities over two years."""
    return simulate(400, seed=1)


@pytest.fixture(autouse=True)
def no_tracking_server_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow writes the address it was told into the environment, where the next test would find it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL server on a free port."""
    binaries = postgresql_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL IS NOT INSTALLED: nothing is tested on it; as root: apt-get install postgresql")
    # Not below pytest's own folder, which only its user may enter.
    folder = Path(tempfile.mkdtemp(prefix="dealodds-postgresql-"))
    server = PostgresServer(binaries, folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with our tables, of each kind."""
    if request.param == "sqlite":
        (tmp_path / "kept").mkdir()
        with upgraded(f"sqlite:///{tmp_path}/kept/deals.db") as sqlite:
            yield sqlite
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = f"deals_{uuid.uuid4().hex}"
    with upgraded(server.create(name)) as postgresql:
        yield postgresql
    server.drop(name)
