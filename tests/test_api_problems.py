"""Bad requests: a clear 4xx that names the field, never a 5xx."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.services import KEY, ask, opportunity, service


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with service(None) as client:
        yield client


def _event(**more: Any) -> dict[str, Any]:
    return {"kind": "meeting", "occurred_at": "2026-03-01T00:00:00Z"} | more


def _stage(**more: Any) -> dict[str, Any]:
    return {"stage": "proposal", "occurred_at": "2026-03-01T00:00:00Z"} | more


def _field(field: str, value: Any) -> dict[str, Any]:
    return {"field": field, "value": value, "occurred_at": "2026-03-01T00:00:00Z"}


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown stage": ({"stage": "propsal"}, "/stage", "did you mean 'proposal'?"),
    "an unknown stage in the history": (
        {"stage_history": [_stage(), _stage(stage="Won!")]},
        "/stage_history/1/stage",
        "did you mean 'won'?",
    ),
    "an unknown kind": ({"activities": [_event(kind="meetin")]}, "/activities/0/kind", "did you mean 'meeting'?"),
    "an unknown process": ({"process": "defautl"}, "/process", "did you mean 'default'?"),
    "an unknown field of the history": (
        {"field_history": [_field("amonut", 5)]},
        "/field_history/0/field",
        "did you mean 'amount'?",
    ),
    "an unknown attribute": ({"attributes": {"size": 1}}, "/attributes/size", "leave it out"),
    "an unknown assessment": (
        {"assessments": {"mony": {"value": "yes", "assessed_at": "2026-03-01T00:00:00Z"}}},
        "/assessments/mony",
        "did you mean 'money'?",
    ),
    "an assessment that is none": (
        {"assessments": {"money": {"value": "maybe", "assessed_at": "2026-03-01T00:00:00Z"}}},
        "/assessments/money/value",
        "correct",
    ),
    "something not collected that nobody collects": (
        {"not_collected": ["sitevisit"]},
        "/not_collected/0",
        "did you mean 'site_visit'?",
    ),
    "an unknown field": ({"stages": "proposal"}, "/stages", "did you mean 'stage'?"),
    "an unknown field of an activity": ({"activities": [_event(length=5)]}, "/activities/0/length", "leave"),
    "an event in the future": (
        {"activities": [_event(occurred_at="2026-03-31T12:05:01Z")]},
        "/activities/0/occurred_at",
        "planned",
    ),
    "a stage in the future": (
        {"stage_history": [_stage(occurred_at="2026-05-01T00:00:00Z")]},
        "/stage_history/0/occurred_at",
        "planned",
    ),
    "a creation in the future": ({"created_at": "2026-05-01T00:00:00Z"}, "/created_at", "correct"),
    "an assessment in the future": (
        {"assessments": {"money": {"value": "yes", "assessed_at": "2026-05-01T00:00:00Z"}}},
        "/assessments/money/assessed_at",
        "correct",
    ),
    "a negative amount": ({"amount": -1}, "/amount", "correct"),
    "a negative amount in the history": ({"field_history": [_field("amount", -1)]}, "/field_history/0/value", "sign"),
    "an amount that is text": ({"amount": "100"}, "/amount", "without quotes"),
    "an amount that is the word NaN": ({"amount": "NaN"}, "/amount", "null"),
    "the word NaN in the history": ({"field_history": [_field("amount", "NaN")]}, "/field_history/0/value", "null"),
    "a date that is none": ({"expected_close_date": "2026-02-30"}, "/expected_close_date", "correct"),
    "a date that is none in the history": (
        {"field_history": [_field("expected_close_date", "soon")]},
        "/field_history/0/value",
        "year-month-day",
    ),
    "a naive time": ({"created_at": "2026-01-01T00:00:00"}, "/created_at", "add Z"),
    "a time without a date": ({"created_at": "2026-01-01"}, "/created_at", "zone"),
    "a time in seconds": ({"created_at": 1767225600}, "/created_at", "zone"),
    "a time in seconds as text": ({"created_at": "1767225600"}, "/created_at", "zone"),
    "a time before 1900": (
        {"activities": [_event(occurred_at="1899-12-31T00:00:00Z")]},
        "/activities/0/occurred_at",
        "",
    ),
    "a time after 2200": (
        {"activities": [_event(planned=True, occurred_at="2200-01-02T00:00:00Z")]},
        "/activities/0/occurred_at",
        "",
    ),
    "an empty id": ({"opportunity_id": ""}, "/opportunity_id", "correct"),
    "an id that is a number": ({"opportunity_id": 7}, "/opportunity_id", "correct"),
    "a stage entered that is not said": ({"stage_entered_at": "2026-01-02T00:00:00Z"}, "/stage_entered_at", "stage"),
    "a list that is an object": ({"activities": {}}, "/activities", "correct"),
    "a value that is a list": ({"field_history": [_field("amount", [1])]}, "/field_history/0/value", "correct"),
    "a flag that is a number": ({"activities": [_event(planned=1)]}, "/activities/0/planned", "correct"),
}


@pytest.mark.parametrize("sort", WRONG)
def test_what_is_wrong_is_named_with_what_to_do(client: httpx.Client, sort: str) -> None:
    wrong, pointer, advice = WRONG[sort]
    answer = ask(client, opportunity(opportunity_id="fine"), opportunity(**wrong))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "instance", "errors"}
    assert [part["pointer"] for part in problem["errors"]] == [f"/opportunities/1{pointer}"]
    assert advice in problem["errors"][0]["do"]
    assert problem["detail"].startswith("Found: ")


def test_a_missing_id_is_named(client: httpx.Client) -> None:
    answer = ask(client, {"created_at": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert [part["pointer"] for part in answer.json()["errors"]] == ["/opportunities/0/opportunity_id"]


def test_everything_wrong_is_said_at_once(client: httpx.Client) -> None:
    answer = ask(client, opportunity(stage="x"), opportunity(opportunity_id="o2", stage="y"))
    pointers = [part["pointer"] for part in answer.json()["errors"]]
    assert pointers == ["/opportunities/0/stage", "/opportunities/1/stage"]
    assert "1 more" in answer.json()["detail"]


def test_the_same_opportunity_twice_is_refused(client: httpx.Client) -> None:
    answer = ask(client, opportunity(), opportunity())
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/opportunities/1/opportunity_id")


@pytest.mark.parametrize("places", [(0, 0), (0, 1)])
def test_an_event_id_with_another_body_is_a_conflict(client: httpx.Client, places: tuple[int, int]) -> None:
    asked = [opportunity(activities=[]), opportunity(opportunity_id="o2", activities=[])]
    asked[places[0]]["activities"].append(_event(activity_id="e1"))
    asked[places[1]]["activities"].append(_event(activity_id="e1", duration_seconds=60))
    answer = ask(client, *asked)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:dealodds:problem:conflicting-event")
    assert answer.json()["errors"][0]["pointer"].endswith("/activity_id")


def test_an_event_of_an_account_may_come_with_each_of_its_opportunities(client: httpx.Client) -> None:
    events = {"activities": [_event(activity_id="e1")]}
    assert ask(client, opportunity(**events), opportunity(opportunity_id="o2", **events)).status_code == 200


def test_clocks_may_differ_by_five_minutes_and_plans_may_lie_ahead(client: httpx.Client) -> None:
    soon = _event(occurred_at="2026-03-31T12:05:00Z")
    planned = _event(occurred_at="2027-01-01T00:00:00Z", planned=True)
    assert ask(client, opportunity(activities=[soon, planned])).status_code == 200


def test_as_of_must_not_lie_in_the_future(client: httpx.Client) -> None:
    answers = [ask(client, opportunity(), as_of=f"2026-03-31T12:05:0{second}Z") for second in (0, 1)]
    assert [answer.status_code for answer in answers] == [200, 422]
    assert answers[1].json()["errors"][0]["pointer"] == "/as_of"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"horizons_days": []}, "/horizons_days"),
        ({"horizons_days": [0]}, "/horizons_days/0"),
        ({"horizons_days": [30, 3651]}, "/horizons_days/1"),
        ({"horizons_days": [1] * 21}, "/horizons_days"),
        ({"horizon_dates": ["2026-03-31"]}, "/horizon_dates/0"),
        ({"horizon_dates": ["2046-03-31"]}, "/horizon_dates/0"),
        ({"horizon_dates": ["2026-04-01T00:00:00"]}, "/horizon_dates/0"),
        ({"opportunities": []}, "/opportunities"),
        ({"opportunities": [opportunity(opportunity_id=f"o{i}") for i in range(1001)]}, "/opportunities"),
    ],
)
def test_limits_of_a_request_are_told(client: httpx.Client, more: dict[str, Any], pointer: str) -> None:
    answer = client.post("/v1/scores", json={"opportunities": [opportunity()]} | more)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_days_and_dates_together_are_refused(client: httpx.Client) -> None:
    answer = ask(client, opportunity(), horizons_days=[30], horizon_dates=["2026-05-01"])
    assert answer.status_code == 422
    assert "not both" in answer.json()["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_named(client: httpx.Client, number: str) -> None:
    asked = opportunity(amount="@", activities=[_event(value="@")], field_history=[_field("amount", "@")])
    body = json.dumps({"opportunities": [asked]}).replace('"@"', number)
    answer = _post(client, body.encode())
    assert answer.status_code == 422
    found = {part["pointer"] for part in answer.json()["errors"]}
    assert {"/opportunities/0/amount", "/opportunities/0/activities/0/value"} <= found


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1" + "0" * 400])
def test_a_value_that_is_no_number_is_named(client: httpx.Client, number: str) -> None:
    body = json.dumps({"opportunities": [opportunity(field_history=[_field("amount", "@")])]}).replace('"@"', number)
    answer = _post(client, body.encode())
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (
        422,
        "/opportunities/0/field_history/0/value",
    )


JUNK = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"opportunities": "\xff"}',
    "half a character": b'{"opportunities": [{"opportunity_id": "\\ud800"}]}',
    "very deep": b'{"opportunities": ' + b"[" * 100_000,
    "very deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "a very long number": b'{"as_of": ' + b"9" * 100_000 + b"}",
}


@pytest.mark.parametrize("sort", JUNK)
def test_what_is_not_json_is_400(client: httpx.Client, sort: str) -> None:
    answer = _post(client, JUNK[sort])
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:dealodds:problem:not-json")


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"text"', b"NaN", b"{}"])
def test_json_that_is_no_request_is_422(client: httpx.Client, body: bytes) -> None:
    assert _post(client, body).status_code == 422


@pytest.mark.parametrize("value", ["\x00", "‮", "a" * 1001, "🙂" * 300, "'; drop table", "../../etc"])
def test_strange_text_is_never_an_error_of_the_service(client: httpx.Client, value: str) -> None:
    for asked in (
        opportunity(opportunity_id=value),
        opportunity(stage=value),
        opportunity(owner_id=value, field_history=[_field("owner", value), _field("amount", value)]),
        opportunity(activities=[_event(topic=value, activity_id=value, contact_id=value)]),
        opportunity(**{value: value}),
        opportunity(attributes={value: value}, collected_since={value: "2026-01-01T00:00:00Z"}),
    ):
        assert ask(client, asked).status_code in (200, 422)


def test_10_megabytes_are_too_large_whether_announced_or_not(client: httpx.Client) -> None:
    junk = b"x" * 10_000_000
    announced = _post(client, junk)
    pieces = client.post("/v1/scores", content=iter([junk[:5_000_000]] * 2), headers=_JSON)
    assert [announced.status_code, pieces.status_code] == [413, 413]
    assert "fewer opportunities" in announced.json()["detail"]
    assert ask(client, opportunity()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=gb18030"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": ""},
    ],
)
def test_other_types_of_body_are_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    answer = client.post("/v1/scores", content=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


def test_other_paths_and_methods_are_problems_too(client: httpx.Client) -> None:
    nowhere, wrong = client.get("/v1/nothing"), client.get("/v1/scores")
    assert [nowhere.status_code, wrong.status_code] == [404, 405]
    assert wrong.headers["allow"] == "POST"
    assert {answer.headers["content-type"] for answer in (nowhere, wrong)} == {"application/problem+json"}


def test_a_caller_that_hangs_up_leaves_the_service_alive(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as caller:
        head = "POST /v1/scores HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        caller.sendall(f"{head}X-API-Key: {KEY}\r\nContent-Length: 1000\r\n\r\n{{".encode())
    assert ask(client, opportunity()).status_code == 200


_JSON = {"Content-Type": "application/json"}


def _post(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/v1/scores", content=body, headers=_JSON)
