"""The real MLflow server: versions are logged to it, and the service does without it once it has its champion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from features.errors import RegistryError
from models.registry import Registry
from models.training_record import TrainingRecord
from scoring.version_zero import version_zero
from tests.databases import free_port
from tests.model_checks import constant_hazards
from tests.services import NOW, ask, opportunity, service
from tests.test_registry import PASSED

PATIENCE = 120


@contextmanager
def mlflow_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """MLflow's own server with its own database and files, as an organisation runs it."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    command += ["--workers", "1"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + PATIENCE
    try:
        while not _answers(url):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < until, (folder / "server.log").read_text()
            time.sleep(0.2)
        yield url, process
    finally:
        _end(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def _logged(registry: Registry) -> str:
    given = constant_hazards(60)
    artifact = version_zero()
    example = given.snapshots.head(3).reset_index(drop=True)
    return registry.log(artifact, TrainingRecord({}, {}, [], PASSED, {}, example))


def test_a_champion_of_an_mlflow_server_serves_on_when_the_server_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    with mlflow_server(tmp_path) as (url, process):
        registry = Registry(url, tmp_path / "unused")
        version = _logged(registry)
        registry.promote(version, tmp_path / "champion", NOW, "gate")
        with service(tmp_path / "champion") as client:
            answer = ask(client, opportunity(stage="proposal"))
            assert answer.status_code == 200
            before = answer.json()
            _end(process)
            assert ask(client, opportunity(stage="proposal")).json() == before
            assert before["model_version"] == version
            assert client.get("/readyz").status_code == 200
        with pytest.raises(RegistryError):
            registry.champion()
