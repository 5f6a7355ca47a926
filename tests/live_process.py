"""``dealodds serve`` as a process of its own, which can be killed; and what it acknowledged until then."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import func, select

from features.history.database.engine import Database
from features.history.database.tables import COMMITS, EVENTS
from tests.databases import free_port

KEY = "a-key-of-the-tests"
PATIENCE = 90.0
CREATED = "2026-01-01T08:00:00Z"


@dataclass
class LiveProcess:
    """A service that runs, and a client of it that sends the key."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def kill(self) -> None:
        """Kill it as kill -9 does: nothing of it runs on."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def terminate(self) -> int:
        """Ask it to stop, and give its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


@contextmanager
def live_process(
    folder: Path, url: str, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[LiveProcess]:
    """Start ``dealodds serve`` on a free port with a database, and stop it at the end."""
    port = free_port()
    settings = {
        "DEALODDS_HOME": str(folder / "home"),
        "DEALODDS_DATABASE_URL": url,
        "DEALODDS_API_KEYS": f"{KEY}:score+read+write+admin",
    }
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", "--port", str(port), *options]
    log = folder / f"serve-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | settings | dict(environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
        started = LiveProcess(process, client, log)
        try:
            _wait_until_ready(started)
            yield started
        finally:
            if process.poll() is None:
                started.terminate()


def _wait_until_ready(started: LiveProcess) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if started.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert started.process.poll() is None, started.log.read_text()
        assert time.monotonic() < until, started.log.read_text()
        time.sleep(0.02)


@dataclass
class Ingestion:
    """Batches that were sent, and those that were acknowledged, by the place of their first event."""

    batch: int = 20
    sent: int = 0
    acknowledged: list[int] = field(default_factory=list)

    def run(self, client: httpx.Client) -> None:
        """Send batch after batch until the service is gone."""
        while True:
            first, self.sent = self.sent, self.sent + self.batch
            lines = "\n".join(json.dumps(_event(place)) for place in range(first, first + self.batch))
            try:
                answer = client.post("/v1/events", content=lines, headers={"Content-Type": "application/x-ndjson"})
            except httpx.TransportError:
                return
            assert answer.status_code == 201, answer.text
            self.acknowledged.append(first)


def _event(place: int) -> dict[str, str]:
    of_it = {"type": "activity", "kind": "call", "occurred_at": CREATED}
    return of_it | {"event_id": f"e{place}", "opportunity_id": f"o{place % 7}"}


def kill_at_random_moments(folder: Path, url: str, moments: int, seed: int) -> dict[str, int]:
    """Kill a service in the middle of ingestion, again and again, and count what is there in the end.

    Returns
    -------
    ``acknowledged`` events, and how many of them are ``missing``; events that are there
    ``twice``; commits of which a part is there, ``half``.
    """
    drawn, ingestion = random.Random(seed), Ingestion()
    for _ in range(moments):
        with live_process(folder, url) as service:
            sender = threading.Thread(target=ingestion.run, args=(service.client,))
            sender.start()
            time.sleep(drawn.uniform(0.02, 1.0))
            service.kill()
            sender.join(PATIENCE)
    return _counted(url, ingestion)


def _counted(url: str, ingestion: Ingestion) -> dict[str, int]:
    database = Database(url)
    with database.reading() as connection:
        there = Counter(connection.execute(select(EVENTS.c.event_id)).scalars())
        of_commit = dict(connection.execute(select(EVENTS.c.seq, func.count()).group_by(EVENTS.c.seq)).all())
        commits = dict(connection.execute(select(COMMITS.c.seq, COMMITS.c.rows)).all())
    database.close()
    wanted = [f"e{place}" for first in ingestion.acknowledged for place in range(first, first + ingestion.batch)]
    return {
        "acknowledged": len(wanted),
        "missing": sum(there[name] == 0 for name in wanted),
        "twice": sum(count > 1 for count in there.values()),
        "half": sum(of_commit.get(seq, 0) != rows for seq, rows in commits.items())
        + sum(count % ingestion.batch != 0 for count in of_commit.values()),
    }
