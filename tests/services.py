"""A service that really runs: the application behind uvicorn on a free port, in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.settings import Settings
from features.history.database.engine import Database

NOW = pd.Timestamp("2026-03-31T12:00:00Z")
KEY = "a-key-of-the-tests"
GOOD_FOR_ALL = f"{KEY}:score+read+write+admin"
PATIENCE = 60.0


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an application over a real socket; the client sends the key."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        assert time.monotonic() < until, "the service did not start"
        time.sleep(0.01)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {KEY}"}, timeout=PATIENCE) as client:
        yield client
    server.should_exit = True
    thread.join(PATIENCE)
    listener.close()


@contextmanager
def service(
    folder: Path | None, now: pd.Timestamp = NOW, database: Database | None = None, settings: Settings | None = None
) -> Iterator[httpx.Client]:
    """Serve the model of a folder at a fixed present; the key of the client is good for everything."""
    about = {"database": database, "settings": settings}
    app = create_app(folder, api_keys=[GOOD_FOR_ALL], authenticate=True, clock=lambda: now, **about)
    with serving(app) as client:
        yield client


@contextmanager
def live_service(
    database: Database,
    folder: Path | None = None,
    clock: Callable[[], pd.Timestamp] = lambda: NOW,
    **more: Any,
) -> Iterator[httpx.Client]:
    """Serve a database, and the model of a folder."""
    app = create_app(folder, api_keys=[GOOD_FOR_ALL], authenticate=True, clock=clock, database=database, **more)
    with serving(app) as client:
        yield client


def push(client: httpx.Client, *events: dict[str, Any]) -> dict[str, Any]:
    """Push events, and say of each what became of it."""
    answer = client.post("/v1/events?results=all", json={"events": list(events)})
    assert answer.status_code in (200, 201, 207), answer.text
    found: dict[str, Any] = answer.json()
    return found


def opportunity(**more: Any) -> dict[str, Any]:
    """One opportunity of a request, the least that is legal, and whatever more."""
    return {"opportunity_id": "o1", "created_at": "2026-01-01T00:00:00Z"} | more


def ask(client: httpx.Client, *opportunities: dict[str, Any], **more: Any) -> httpx.Response:
    """Ask for scores."""
    return client.post("/v1/scores", json={"opportunities": list(opportunities)} | more)
