"""Everything that the OpenAPI document says of the service holds, whatever is sent: Schemathesis over real sockets."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from features.history.database.engine import Database
from tests.services import KEY, live_service

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without a key"])
def test_no_answer_is_a_server_error_or_undocumented(database: Database, key: str | None, tmp_path: Path) -> None:
    with live_service(database, keeps_lists=True) as client:
        _wait_for_the_first_list(client)
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{client.base_url}/openapi.json"]
        command += [
            "--checks",
            CHECKS,
            "--max-examples",
            "5",
            "--seed",
            "1",
            "--no-color",
            "--phases",
            "examples,fuzzing",
        ]
        command += ["-H", f"Authorization: Bearer {key}"] if key else []
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-1000:]
    assert "Tested:" in run.stdout


def _wait_for_the_first_list(client: httpx.Client) -> None:
    """Until it is there the answer is a documented 503, which no answer should be afterwards."""
    until = time.monotonic() + 60
    while client.get("/v1/opportunities").status_code == 503:
        assert time.monotonic() < until, "no list"
        time.sleep(0.1)
