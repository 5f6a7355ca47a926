"""The work list over HTTP: order, pages, filters, cursors of earlier lists, and before there is a list."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from api.background.part import Models
from api.store.capacity import ranked
from api.store.list_totals import totals_of
from api.store.pages import conditions_of
from api.store.tables import LISTED
from api.store.work_list import current_list
from features.history.database.engine import Database
from tests.pipelines import Pipeline, of_version
from tests.services import live_service

DEALS = (
    ("a", "proposal", 1000.0, {"owner_id": "kim", "team": "north", "product": "suite", "currency": "EUR"}),
    ("b", "negotiation", 1000.0, {"owner_id": "kim", "team": "south"}),
    ("c", "contacted", 9000.0, {"owner_id": "lee"}),
    ("d", "proposal", None, {"owner_id": "lee"}),
    ("e", "contacted", None, {}),
    ("f", "proposal", 1000.0, {}),
)


@pytest.fixture
def pipeline(database: Database) -> Pipeline:
    pipeline = Pipeline(database)
    for name, stage, amount, more in DEALS:
        pipeline.open(name, stage, amount, **more)
    return pipeline


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[httpx.Client]:
    with live_service(pipeline.database, clock=pipeline.now) as client:
        yield client


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["opportunity_id"] for row in answer.json()["opportunities"]]


def pages(client: httpx.Client, **asked: Any) -> list[list[str]]:
    """Read page after page until there is none."""
    found, cursor = [], {}
    while True:
        answer = client.get("/v1/opportunities", params=asked | cursor)
        found.append(ids(answer))
        if answer.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json()["next_cursor"]}


def test_before_there_is_a_list_the_answer_is_to_ask_again(client: httpx.Client, pipeline: Pipeline) -> None:
    for path in ("/v1/opportunities", "/v1/accounts"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert answer.json()["type"] == "urn:dealodds:problem:not-ready"
    pipeline.refresher().refresh()
    assert client.get("/v1/opportunities").status_code == 200


def test_a_list_says_of_when_it_is_by_which_model_and_how_far_behind(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    state = client.get("/v1/opportunities").json()["list"]
    assert (state["model_version"], state["commits_behind"], state["seconds_behind"]) == ("1", 0, 0)
    assert state["as_of"].startswith("2026-03-01T12:00:00")
    pipeline.tell({"type": "stage_change", "opportunity_id": "e", "stage": "proposal"})
    pipeline.now.pass_by(seconds=30)
    state = client.get("/v1/opportunities").json()["list"]
    assert (state["commits_behind"], round(state["seconds_behind"])) == (1, 30)
    pipeline.refresher().refresh()
    answer = client.get("/v1/opportunities").json()
    assert answer["list"]["commits_behind"] == 0
    newer = {row["opportunity_id"] for row in answer["opportunities"] if row["as_of"] > answer["list"]["as_of"]}
    assert newer == {"e"}


def test_a_row_has_every_field_and_both_names(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    (row,) = client.get("/v1/opportunities?product=suite").json()["opportunities"]
    assert row["as_of"].startswith("2026-03-01T12:00:00")
    del row["as_of"], row["interval"]
    assert row == {
        "opportunity_id": "a",
        "status": "little_data",
        "win_probability": 0.5,
        "fixed_weight_probability": 0.5,
        "expected_value": 500.0,
        "expected_close": None,
        "amount": 1000.0,
        "currency": "EUR",
        "class": {"key": "active", "names": {"en": "active", "zh-CN": "活跃机会"}},
        "man": "???",
        "stage": "proposal",
        "account_id": None,
        "owner_id": "kim",
        "team": "north",
        "product": "suite",
        "process": "default",
        "trend": {"key": "not_enough_information", "names": {"en": "not enough information", "zh-CN": "信息不足"}},
    }


def test_rows_without_a_value_come_last_and_ties_are_parted_by_id(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    orders = {
        "-expected_value": ["c", "b", "a", "f", "d", "e"],
        "expected_value": ["a", "f", "b", "c", "d", "e"],
        "-probability": ["b", "a", "d", "f", "c", "e"],
        "amount": ["a", "b", "f", "c", "d", "e"],
        "expected_close": ["a", "b", "c", "d", "e", "f"],
    }
    for sort, wanted in orders.items():
        assert ids(client.get("/v1/opportunities", params={"sort": sort})) == wanted
        for limit in (1, 2, 4):
            found = pages(client, sort=sort, limit=limit)
            assert [name for part in found for name in part] == wanted
            assert {len(part) for part in found[:-1]} <= {limit}


def test_filters_hold_together(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    asked = {
        "owner=kim": "ab",
        "owner=kim&team=south": "b",
        "stage=proposal": "adf",
        "min_probability=0.5": "abdf",
        "min_probability=0.5&max_probability=0.5&min_amount=1": "af",
        "currency=EUR": "a",
        "status=ok": "",
        "class=active&min_amount=5000": "",
        "class=potential&min_amount=5000": "c",
        "trend=not_enough_information&owner=lee": "cd",
    }
    for query, wanted in asked.items():
        assert sorted(ids(client.get(f"/v1/opportunities?{query}"))) == list(wanted), query


def test_a_cursor_of_an_earlier_list_is_gone_so_versions_never_mix(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    cursor = client.get("/v1/opportunities?limit=2").json()["next_cursor"]
    pipeline.tell({"type": "stage_change", "opportunity_id": "e", "stage": "proposal"})
    pipeline.refresher().refresh()
    assert ids(client.get("/v1/opportunities", params={"limit": 2, "cursor": cursor})) == ["a", "f"]
    pipeline.models = Models(of_version("2"))
    pipeline.refresher().refresh()
    answer = client.get("/v1/opportunities", params={"limit": 2, "cursor": cursor})
    assert answer.status_code == 410
    assert "start again without cursor" in answer.json()["detail"]
    assert client.get("/v1/opportunities?limit=2").json()["list"]["model_version"] == "2"


def test_a_cursor_belongs_to_what_was_asked(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    cursor = client.get("/v1/opportunities?limit=2&stage=proposal").json()["next_cursor"]
    assert client.get("/v1/opportunities", params={"cursor": cursor, "stage": "contacted"}).status_code == 422
    assert client.get("/v1/opportunities", params={"cursor": cursor, "stage": "proposal"}).status_code == 200
    assert client.get("/v1/accounts", params={"cursor": cursor}).status_code == 422


@pytest.mark.parametrize("parts", [[], "x", [1, "a", 1], [1, "a", "b", "c", 0], [2**80, "a", 1, "b", 0], 7, None])
def test_a_cursor_that_was_made_up_is_refused(client: httpx.Client, pipeline: Pipeline, parts: Any) -> None:
    pipeline.refresher().refresh()
    made = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()
    for cursor in (made, made.rstrip("="), "!!", "é", "[" * 999, "W" * 1999):
        answer = client.get("/v1/opportunities", params={"cursor": cursor})
        assert answer.status_code == 422, (cursor, answer.text)
        assert answer.json()["type"] == "urn:dealodds:problem:request"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "sort=name", "min_probability=2", "owner=", "who=kim", "class=x"]
)
def test_a_wrong_parameter_is_named(client: httpx.Client, pipeline: Pipeline, query: str) -> None:
    pipeline.refresher().refresh()
    answer = client.get(f"/v1/opportunities?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_the_history_of_an_opportunity_has_its_trend_and_pages(client: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    for stage in ("proposal", "proposal", "negotiation"):
        pipeline.now.pass_by(days=4)
        pipeline.tell({"type": "stage_change", "opportunity_id": "c", "stage": stage})
        pipeline.refresher().refresh()
    answer = client.get("/v1/opportunities/c/scores").json()
    assert [score["win_probability"] for score in answer["scores"]] == [0.75, 0.5, 0.5, 0.25]
    assert answer["trend"]["key"] == "improving"
    assert answer["scores"][0]["class"]["names"]["zh-CN"] == "活跃机会"
    first = client.get("/v1/opportunities/c/scores?limit=3").json()
    rest = client.get("/v1/opportunities/c/scores", params={"before": first["next_before"]}).json()
    assert first["scores"] + rest["scores"] == answer["scores"]
    assert rest["next_before"] is None
    assert client.get("/v1/opportunities/nobody/scores").status_code == 404


def test_a_long_list_is_read_to_its_end_each_row_once(pipeline: Pipeline) -> None:
    pipeline.refresher().refresh()
    with pipeline.database.changing() as connection:
        row = dict(connection.execute(select(LISTED).where(LISTED.c.opportunity_id == "a")).mappings().one())
        many = [row | {"opportunity_id": f"x{n:05d}", "expected_value": float(n % 997)} for n in range(3000)]
        connection.execute(insert(LISTED), many)
    with live_service(pipeline.database, clock=pipeline.now) as client:
        found = [name for part in pages(client, limit=200) for name in part]
        assert len(found) == len(set(found)) == 3006


def test_what_a_list_comes_to_is_the_same_in_every_database(database: Database) -> None:
    pipeline = Pipeline(database)
    pipeline.open("a", "proposal", 1000.0, currency="EUR", owner_id="kim")
    pipeline.open("b", "identified", None, currency="EUR", owner_id="kim")
    pipeline.open("c", "negotiation", 400.0, currency="CNY", owner_id="lee")
    pipeline.refresher().refresh()
    with database.reading() as connection:
        current = current_list(connection)
        assert current is not None
        euro, yuan = totals_of(connection, current.list_id)
        (only,) = totals_of(connection, current.list_id, conditions_of({"owner": "lee"}))
        largest = ranked(connection, current.list_id, "expected_value", 1)
    assert (euro.currency, euro.opportunities, euro.without_amount) == ("EUR", 2, 1)
    assert (euro.amount, euro.by_fixed_weights, euro.expected_wins) == (1000, 500, 0.75)
    assert only == yuan
    assert (largest.largest.tolist(), largest.of, largest.total) == ([500], 2, 800)
