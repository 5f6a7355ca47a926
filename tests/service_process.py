"""The service as a process of its own, started by its command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.databases import free_port
from tests.services import PATIENCE

COMMAND = [sys.executable, "-c", "from api.cli import main; main()"]


@dataclass(frozen=True)
class Process:
    """A service that runs: its client, its process, and what it has logged."""

    client: httpx.Client
    port: int
    process: subprocess.Popen[bytes]
    log: Path


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEALODDS_", "MLFLOW_"))}
    return kept | {"DEALODDS_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])} | more


@contextmanager
def service_process(home: Path, *options: str, **more: str) -> Iterator[Process]:
    """Run ``dealodds serve`` until the end of the block."""
    port = free_port()
    log = home.with_name(f"{home.name}.log")
    with log.open("wb") as err:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), *options],
            env=environment(home, **more),
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            _wait(client, process, log)
            yield Process(client, port, process, log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 3 * PATIENCE
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, "the service did not start"
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
