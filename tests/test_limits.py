"""Bodies that are too long, too deep or too slow, and too many requests: refused, the service unharmed."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from api.problems import HttpError
from api.rate_limits import RateLimits
from api.settings import Settings
from features.history.database.engine import Database
from tests.databases import away
from tests.services import GOOD_FOR_ALL, KEY, NOW, ask, opportunity, service, serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with service(None, settings=Settings(body_bytes=20_000, body_seconds=0.6)) as client:
        yield client


def _send_slowly(client: httpx.Client, seconds: float) -> tuple[bytes, float]:
    """Send a byte now and then until an answer comes; gives it and how long it took until the service hung up."""
    head = f"POST /v1/scores HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n"
    started, answer = time.monotonic(), b""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as caller:
        caller.sendall(f"{head}Content-Length: 1000\r\n\r\n".encode())
        caller.settimeout(0.1)
        while time.monotonic() < started + seconds:
            try:
                part = caller.recv(65536)
            except TimeoutError:
                caller.sendall(b" ")
                continue
            if not part:
                break
            answer += part
    return answer, time.monotonic() - started


def test_a_slow_body_is_cut_off(client: httpx.Client) -> None:
    answer, took = _send_slowly(client, seconds=20)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close" in head.lower()
    assert json.loads(body)["type"] == "urn:dealodds:problem:too-slow"
    assert 0.5 < took < 10
    assert ask(client, opportunity()).status_code == 200


def test_a_body_that_breaks_off_is_nobodys_error(client: httpx.Client) -> None:
    head = f"POST /v1/scores HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\nContent-Type: application/json\r\n"
    before = client.get("/metrics").text.count('status="500"')
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as caller:
        caller.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
    until = time.monotonic() + 10
    while 'status="499"' not in (counted := client.get("/metrics").text) and time.monotonic() < until:
        time.sleep(0.05)
    assert 'dealodds_requests_total{method="POST",route="/v1/scores",status="499"} 1.0' in counted
    assert counted.count('status="500"') == before


def test_the_longest_body_is_a_setting(client: httpx.Client) -> None:
    answer = ask(client, opportunity(topic="x" * 20_000))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:dealodds:problem:too-large")
    assert "20,000 bytes" in answer.json()["detail"]


def test_events_may_be_longer_than_other_bodies(client: httpx.Client) -> None:
    line = json.dumps({"event_id": "e1", "topic": "x" * 30_000}).encode()
    answer = client.post("/v1/events", content=line, headers={"Content-Type": "application/x-ndjson"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:dealodds:problem:database"), "read, then refused"


def test_json_that_is_nested_too_deep_is_refused_by_every_route(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]
    routes = [(path, method) for path, of in described.items() for method, op in of.items() if "requestBody" in op]
    assert len(routes) >= 4
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = opening * 1_000 + "1" + closing * 1_000
        for body in (deep, json.dumps({"opportunities": "@", "accounts": "@"}).replace('"@"', deep)):
            for path, method in routes:
                path = path.replace("{kind}", "targets").replace("{", "").replace("}", "")
                answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
                assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert ask(client, opportunity()).status_code == 200


def test_a_key_that_asks_too_often_waits_and_others_do_not() -> None:
    app = create_app(
        None,
        api_keys=[GOOD_FOR_ALL, "another"],
        authenticate=True,
        clock=lambda: NOW,
        settings=Settings(rate_limit="3/minute"),
    )
    with serving(app) as client:
        answers = [ask(client, opportunity()) for _ in range(5)]
        other = client.get("/v1/models/champion", headers={"Authorization": "Bearer another"})
        health = client.get("/healthz")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].json()["type"] == "urn:dealodds:problem:too-many-requests"
    assert [other.status_code, health.status_code] == [200, 200]


def test_guessing_keys_is_slowed_down() -> None:
    async def guess(rates: RateLimits, address: str) -> int:
        for tried in range(700):
            try:
                await rates.count_unknown(address)
            except HttpError as refused:
                return tried if refused.status == 429 else -1
        return 700

    async def main() -> list[int]:
        rates = RateLimits("none")
        return [await guess(rates, "192.0.2.1"), await guess(rates, "192.0.2.2")]

    assert asyncio.run(main()) == [600, 600]


def test_while_the_database_is_away_the_service_says_so_scores_what_it_is_sent_and_recovers(
    database: Database,
) -> None:
    with service(None, database=database) as client:
        assert client.get("/readyz").status_code == 200
        with away(database):
            ready = client.get("/readyz")
            unknown = client.get("/v1/models/champion", headers={"Authorization": "Bearer dok_unknown"})
            scored = ask(client, opportunity())
            counted = client.get("/metrics")
        back = client.get("/readyz")
    assert (ready.status_code, ready.json()["type"]) == (503, "urn:dealodds:problem:database-unavailable")
    assert (unknown.status_code, unknown.json()["type"]) == (503, "urn:dealodds:problem:database-unavailable")
    assert ready.headers["retry-after"] == unknown.headers["retry-after"] == "5"
    assert scored.status_code == 200
    assert "dealodds_database_up 0.0" in counted.text
    assert back.status_code == 200
