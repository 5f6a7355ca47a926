"""A database that is full or away: said clearly, nothing acknowledged is lost, and it recovers by itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from features.history.database.engine import Database
from features.history.database.history_of import history_of
from tests.databases import PostgresServer, upgraded
from tests.services import ask, live_service, opportunity, push

CREATED = "2026-01-01T08:00:00Z"
PATIENCE = 60


def _meetings(first: int, count: int, topic: str = "") -> list[dict[str, Any]]:
    of_it = {
        "type": "activity",
        "opportunity_id": "o1",
        "kind": "meeting",
        "occurred_at": CREATED,
        "topic": topic or "x",
    }
    return [of_it | {"event_id": f"m{place}"} for place in range(first, first + count)]


def test_a_full_disk_refuses_writes_and_lets_reads_go_on(tmp_path: Path) -> None:
    with upgraded(f"sqlite:///{tmp_path}/deals.db") as database:
        with live_service(database) as client:
            client.put("/v1/opportunities/o1", json={"created_at": CREATED, "stage": "proposal"})
            _limit(database, pages=200)
            acknowledged, refused = _fill(client)
            assert refused.status_code == 507
            assert "make room" in refused.json()["detail"]
            assert client.get("/v1/opportunities/o1/score").status_code == 200
            _limit(database, pages=1_000_000)
            assert push(client, *_meetings(900_000, 1))["created"] == 1
        kept = set(history_of(database).activities["activity_id"])
        assert kept == {f"m{place}" for place in range(acknowledged)} | {"m900000"}


def _limit(database: Database, pages: int) -> None:
    """Let SQLite itself run out of room: it says what it says on a full disk."""
    database.close()

    def limit(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database.engine, "connect", limit)


def _fill(client: httpx.Client) -> tuple[int, httpx.Response]:
    for batch in range(1000):
        answer = client.post("/v1/events", json={"events": _meetings(100 * batch, 100, "long " * 50)})
        if answer.status_code != 201:
            return 100 * batch, answer
    pytest.fail("the disk did not fill")


def test_a_database_that_is_away_is_said_to_be_and_comes_back(postgresql: PostgresServer) -> None:
    with upgraded(postgresql.create("away")) as database, live_service(database) as client:
        client.put("/v1/opportunities/o1", json={"created_at": CREATED, "stage": "proposal"})
        push(client, *_meetings(0, 10))
        postgresql.stop()
        try:
            refused = client.post("/v1/events", json={"events": _meetings(10, 10)})
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert client.get("/v1/opportunities/o1/score").status_code == 503
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert ask(client, opportunity(stage="proposal")).status_code == 200, "what needs no database is answered"
        finally:
            postgresql.start()
        _wait_until_ready(client)
        assert push(client, *_meetings(0, 20))["duplicates"] == 10
        assert len(history_of(database).activities) == 20


def _wait_until_ready(client: httpx.Client) -> None:
    until = time.monotonic() + PATIENCE
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until, "it did not recover"
        time.sleep(0.1)
