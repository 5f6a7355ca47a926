"""``dealodds serve`` as a process: it makes its database, finishes requests at the end, and keeps to loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from api.service import prepare_database
from api.settings import Settings
from tests.live_process import live_process
from tests.services import PATIENCE, opportunity

COMMAND = [sys.executable, "-c", "from api.cli import main; main()"]
BODY = json.dumps({"opportunities": [opportunity(stage="proposal")]}).encode()


def _run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEALODDS_HOME": str(home)}
    return subprocess.run([*COMMAND, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE)


def test_a_running_request_is_finished_before_the_service_ends_and_the_use_of_its_key_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = _run(home, "keys", "create", "--name", "the CRM", "--scope", "score")
    key = made.stdout.strip()
    head = f"POST /v1/scores HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    with live_process(tmp_path, f"sqlite:///{home}/dealodds.db") as service:
        port = service.client.base_url.port
        assert port is not None
        caller = socket.create_connection(("127.0.0.1", port), 30)
        caller.sendall(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:10])
        time.sleep(0.5)  # the request is being read
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
        caller.sendall(BODY[10:])
        answer = b""
        while part := caller.recv(65536):
            answer += part
        caller.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["scores"][0]["win_probability"] == 0.5
        assert service.process.wait(PATIENCE) in (0, -signal.SIGTERM)
        lines = service.log.read_text(encoding="utf-8").splitlines()
        logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert (home / "dealodds.db").stat().st_mode & 0o077 == 0
    assert [line["route"] for line in logged if line.get("key")] == ["/v1/scores"]
    listed = _run(home, "keys", "list").stdout
    assert "used 20" in listed
    assert key not in listed
    assert key not in json.dumps(logged)


def test_without_keys_only_this_machine_is_answered_and_nothing_that_was_forwarded(tmp_path: Path) -> None:
    home = tmp_path / "home"
    refused = _run(home, "serve", "--no-auth", "--host", "0.0.0.0")
    assert (refused.returncode, "loopback only" in refused.stderr) == (2, True)
    forwarded = [
        {"Forwarded": "for=192.0.2.1"},
        {"X-Forwarded-For": "192.0.2.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "deals.example"},
        {"Via": "1.1 proxy"},
        {"Host": "deals.example"},
        {"Host": "rebound.example:8000"},
    ]
    with live_process(tmp_path, f"sqlite:///{home}/dealodds.db", "--no-auth", "--workers", "2") as service:
        url = str(service.client.base_url)
        good = service.client.post("/v1/scores", content=BODY, headers={"Content-Type": "application/json"})
        assert good.status_code == 200, good.text
        for headers in forwarded:
            answer = service.client.get("/v1/models/champion", headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json"), headers
        for host in ("localhost", "127.0.0.1:8000", "[::1]:8000"):
            assert service.client.get("/v1/models/champion", headers={"Host": host}).status_code == 200
        for _ in range(20):
            # A connection each, so that both workers answer.
            assert httpx.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200
        counted = service.client.get("/metrics").text
        assert 'dealodds_requests_total{method="GET",route="/healthz",status="200"} 20.0' in counted
        assert re.search(r'dealodds_scores_total{opportunity_class="\w+",status="little_data"} 1.0', counted)


def test_a_database_that_does_not_answer_is_no_reason_not_to_serve_what_needs_none(tmp_path: Path) -> None:
    away = Settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    assert prepare_database(away) is None
    new = Settings(database_url=SecretStr(f"sqlite:///{tmp_path}/new/deals.db"))
    assert prepare_database(new) == 0
    assert (tmp_path / "new" / "deals.db").stat().st_mode & 0o077 == 0


def test_an_outdated_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert _run(home, "database", "upgrade").returncode == 0
    with closing(sqlite3.connect(home / "dealodds.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    refused = _run(home, "serve", "--no-auth", "--port", "1")
    assert refused.returncode == 1
    assert "dealodds database upgrade" in refused.stderr


def test_lists_are_kept_by_a_process_of_their_own_that_is_begun_again_and_ends_with_the_service(tmp_path: Path) -> None:
    with live_process(tmp_path, f"sqlite:///{tmp_path}/deals.db") as service:
        service.client.put("/v1/opportunities/o1", json={"created_at": "2026-01-01T08:00:00Z", "stage": "proposal"})
        _wait_for(lambda: service.client.get("/v1/opportunities").status_code == 200)
        (first,) = _children(service.process.pid)
        os.kill(first, signal.SIGKILL)
        _wait_for(lambda: _children(service.process.pid) not in ([], [first]))
        service.client.put("/v1/opportunities/o2", json={"created_at": "2026-01-01T08:00:00Z", "stage": "proposal"})
        _wait_for(lambda: len(service.client.get("/v1/opportunities").json()["opportunities"]) == 2)
        (second,) = _children(service.process.pid)
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait(PATIENCE)
    _wait_for(lambda: not psutil.pid_exists(second))


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


def _wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 2 * PATIENCE
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.1)
