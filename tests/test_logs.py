"""Nothing that a customer sent, and no key, is in logs, metrics, or the answers to others."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pandas as pd
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from api.app import create_app
from api.logs import LogFormatter
from api.store.keys import create_key
from api.store.tables import WEBHOOKS
from features.history.database.engine import Database
from tests.databases import away
from tests.services import GOOD_FOR_ALL, KEY, NOW, ask, opportunity, serving

MARK = "Müller-Secret-4711"
WRONG_KEY = "dok_wrong-key-of-nobody"
_JSON = {"Content-Type": "application/json"}


@contextmanager
def written() -> Iterator[io.StringIO]:
    """Everything that is logged at any level meanwhile, as the service writes it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LogFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield out
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def _marked() -> dict[str, Any]:
    event = {"kind": MARK, "occurred_at": "2026-03-01T00:00:00Z", "topic": MARK, "activity_id": MARK}
    return opportunity(opportunity_id=MARK, owner_id=MARK, stage=MARK, activities=[event])


def _provoke(client: httpx.Client) -> Iterator[httpx.Response]:
    """Errors of every sort, each with data of a customer in it."""
    good = _marked() | {"stage": "proposal", "activities": []}
    yield ask(client, good)
    yield ask(client, _marked())
    yield ask(client, good, good)
    yield ask(client, good | {MARK: MARK}, as_of=MARK)
    yield client.post("/v1/scores", content=f'{{"{MARK}'.encode(), headers=_JSON)
    yield client.post("/v1/scores", content=MARK.encode(), headers={"Content-Type": f"text/{MARK}".encode()})
    yield client.post("/v1/scores", content=MARK.encode() * 600_000, headers=_JSON)
    yield client.get(f"/v1/opportunities/{MARK}/nothing", params={"q": MARK})
    yield client.get("/v1/models/champion", params={"owner": MARK}, headers={"X-Forwarded-For": "192.0.2.7"})
    yield client.get("/v1/scores", params={MARK: MARK})
    for name in (MARK, WRONG_KEY):
        yield client.get("/v1/models/champion", headers={"Authorization": f"Bearer {name}".encode()})


def test_neither_logs_nor_metrics_hold_what_was_sent(database: Database) -> None:
    _, key = create_key(database, "the CRM", ["read"], "test", lambda: NOW)
    app = create_app(None, api_keys=[GOOD_FOR_ALL], authenticate=True, clock=lambda: NOW, database=database)
    with written() as out, serving(app) as client:
        answers = list(_provoke(client))
        with away(database):
            answers.append(client.get("/readyz", params={"q": MARK}))
        answers.append(client.get("/v1/models/champion", headers={"Authorization": f"Bearer {key}"}))
        metrics = client.get("/metrics").text
    statuses = {answer.status_code for answer in answers}
    assert {200, 400, 401, 403, 404, 405, 413, 415, 422, 503} <= statuses, statuses
    _assert_clean(out.getvalue(), metrics, key)
    for answer in answers:
        assert not [secret for secret in (KEY, WRONG_KEY, key) if secret in answer.text]
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    told = [line for line in lines if line["message"] == "request"]
    assert len(told) == len(answers) + 1
    assert {tuple(line) for line in told} == {
        ("level", "logger", "message", "method", "route", "status", "ms", "key", "request_id", "time")
    }
    assert {line["request_id"] for line in told} >= {answer.headers["x-request-id"] for answer in answers}
    problems = [answer for answer in answers if answer.status_code >= 400]
    assert all(p.json()["instance"] == f"urn:uuid:{p.headers['x-request-id']}" for p in problems)


def test_an_unexpected_error_is_logged_by_type_and_place_and_answered_without_its_text() -> None:
    def broken() -> pd.Timestamp:
        raise ZeroDivisionError(MARK)

    with written() as out, serving(create_app(None, api_keys=[KEY], authenticate=True, clock=broken)) as client:
        answer = ask(client, opportunity())
    assert (answer.status_code, MARK in answer.text) == (500, False)
    _assert_clean(out.getvalue())
    unexpected = [json.loads(line) for line in out.getvalue().splitlines() if '"unexpected"' in line]
    assert [line["request_id"] for line in unexpected] == [answer.headers["x-request-id"]]
    assert unexpected[0]["exc_info"].startswith("ZeroDivisionError in broken (")


def test_an_error_of_the_database_does_not_quote_what_was_written(database: Database) -> None:
    row = {"webhook_id": MARK, "url": MARK, "secret": MARK, "events": "", "threshold": 0.0, "created_at": 0}
    with written() as out:
        with pytest.raises(IntegrityError) as refused, database.changing() as connection:
            connection.execute(insert(WEBHOOKS).values([row, row]))
        logging.getLogger("api").error("refused", exc_info=refused.value)
    assert "hide_parameters" in str(refused.value)
    _assert_clean(out.getvalue())
    assert "IntegrityError in " in out.getvalue()
    assert "; after " in out.getvalue()


def test_what_libraries_say_is_left_out_since_nobody_knows_what_they_quote() -> None:
    with written() as out:
        logging.getLogger("asyncio").error("exception was never retrieved: %s", MARK)
    assert MARK not in out.getvalue()
    assert json.loads(out.getvalue())["logger"] == "asyncio"


def _assert_clean(*texts: str) -> None:
    """Find neither a mark nor a key; the last of several texts is one more that must not be there."""
    *read, last = texts if len(texts) > 1 else (*texts, KEY)
    for text in read:
        assert [s for s in (MARK, "Secret-4711", KEY, WRONG_KEY, "192.0.2.7", last) if s in text] == []
