"""``dealodds demo`` as a process: it serves first, and works out the reports meanwhile for every page to show."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from api.reports_under_way import is_under_way, under_way

WORKED_OUT = ("/forecast", "/learned-vs-fixed", "/funnel", "/people")
BROWSER = {"Accept": "text/html", "Accept-Language": "zh"}
PATIENCE = 900.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A small demonstration on a free port, as soon as it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["demo", "--opportunities", "300", "--port", str(port)]
    command = [sys.executable, "-c", "from api.cli import main; main()", *words]
    with (tmp_path / "log").open("w") as log:
        environment = os.environ | {"DEALODDS_HOME": str(tmp_path / "home")}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        until(lambda: ready(client, process))
        yield client, psutil.Process(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.5)


def ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the demonstration ended"
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_pages_say_that_they_are_being_worked_out_and_then_show_figures(
    demo: tuple[httpx.Client, psutil.Process], tmp_path: Path
) -> None:
    client, process = demo
    early = client.get("/learned-vs-fixed", headers=BROWSER)
    assert (early.status_code, early.headers["retry-after"]) == (503, "30")
    assert "内容正在生成" in early.text
    assert all(f'href="{path}"' in early.text for path in WORKED_OUT)
    twin = client.get("/v1/reports/comparison")
    assert (twin.status_code, twin.json()["type"]) == (503, "urn:dealodds:problem:not-ready")
    until(lambda: all(client.get(path).status_code == 200 for path in WORKED_OUT))
    for path in WORKED_OUT:
        shown = client.get(path, headers=BROWSER).text
        assert len(re.findall(r"<td class=\"figure\"", shown)) > 3, path
        assert "内容正在生成" not in shown
    until(lambda: not is_under_way(tmp_path / "home" / "demo"))
    below = process.children(recursive=True)
    process.send_signal(signal.SIGTERM)
    gone, alive = psutil.wait_procs([process, *below], 60)
    assert alive == []


def test_a_mark_that_work_left_behind_is_forgotten(tmp_path: Path) -> None:
    assert not is_under_way(tmp_path)
    told: list[str] = []
    with under_way(tmp_path, told.append) as report:
        report("a step")
        assert is_under_way(tmp_path)
    assert (told, is_under_way(tmp_path)) == (["a step"], False)
    mark = tmp_path / "reports" / "under-way"
    mark.touch()
    assert is_under_way(tmp_path)
    long_ago = mark.stat().st_mtime - 3600
    os.utime(mark, (long_ago, long_ago))
    assert not is_under_way(tmp_path)
