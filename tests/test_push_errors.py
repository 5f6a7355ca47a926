"""What is refused of a push says what was found, where, and what to do; a value is judged alike at every door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.event_schemas import EVENT
from features.history.database.engine import Database
from features.history.database.writes import append_events
from tests.services import NOW, live_service, push

CREATED = "2026-01-01T08:00:00Z"
AT = "2026-02-01T08:00:00Z"
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with live_service(database) as client:
        client.put("/v1/accounts/a1", json={"created_at": CREATED})
        client.put("/v1/contacts/c1", json={"created_at": CREATED, "account_id": "a1"})
        client.put("/v1/opportunities/o1", json={"created_at": CREATED, "account_id": "a1"})
        yield client


def change(name: str, field: str, value: Any, **subject: str) -> dict[str, Any]:
    told = {"type": "field_change", "event_id": name, "field": field, "value": value, "occurred_at": AT}
    return told | (subject or {"opportunity_id": "o1"})


def meeting(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "activity", "event_id": name, "kind": "meeting", "opportunity_id": "o1", "occurred_at": AT} | more


WRONG = {
    "an amount in quotes": ("amount", "25000", "without quotes"),
    "a negative amount": ("amount", -1, "correct"),
    "an amount that is a word": ("amount", True, "without quotes"),
    "a day that is none": ("expected_close_date", "2026-02-30", "correct"),
    "a day with a time": ("expected_close_date", "2026-02-20T08:00:00Z", "correct"),
    "a currency that is no code": ("currency", "euro", "correct"),
    "a currency that is a number": ("currency", 7, "correct"),
    "a product that is a number": ("product", 7, "correct"),
    "an empty source": ("source", "", "correct"),
    "an account that no path can name": ("account_id", "a/b", "correct"),
    "a long team": ("team", "x" * 300, "correct"),
}


@pytest.mark.parametrize("sort", WRONG)
def test_a_value_of_an_opportunity_is_judged_alike_at_both_doors(client: httpx.Client, sort: str) -> None:
    field, value, advice = WRONG[sort]
    put = client.put("/v1/opportunities/o2", json={"created_at": CREATED, field: value})
    [result] = push(client, change("e1", field, value))["results"]
    assert (put.status_code, result["status"]) == (422, 422)
    [of_put], [of_event] = put.json()["errors"], result["errors"]
    assert (of_put["pointer"], of_event["pointer"]) == (f"/{field}", "/value")
    assert of_put["expected"] == of_event["expected"]
    assert of_put["do"] == of_event["do"]
    assert advice in of_event["do"]


def test_values_of_accounts_people_and_owners_are_judged_alike_too(client: httpx.Client) -> None:
    answer = push(
        client,
        change("e1", "role", "boss", contact_id="c1"),
        change("e2", "role", "user", contact_id="c1"),
        change("e3", "role", None, contact_id="c1"),
        change("e4", "region", 7, account_id="a1"),
        change("e5", "owner", "x" * 300),
        change("e6", "money", "perhaps"),
        change("e7", "amount", 25000),
        change("e8", "amount", None),
        change("e9", "expected_close_date", "2026-06-30"),
        change("e10", "currency", "EUR"),
    )
    assert [result["status"] for result in answer["results"]] == [422, 201, 201, 422, 422, 422, 201, 201, 201, 201]
    assert "'decision_maker'" in answer["results"][0]["errors"][0]["expected"]


def test_errors_of_lines_name_the_line_of_the_body(client: httpx.Client) -> None:
    lines = [json.dumps(meeting("e1")), "", "  ", '{"type": party}', json.dumps(meeting("e2", kind="meetin")), "{"]
    answer = client.post("/v1/events", content="\n".join(lines), headers=LINES).json()
    assert [(one["index"], one["line"]) for one in answer["results"]] == [(1, 4), (2, 5), (3, 6)]
    assert "at line 4 column" in answer["results"][0]["errors"][0]["expected"]
    assert answer["results"][0]["errors"][0]["found"] == "line 4, which cannot be read"
    assert "at line 6 column" in answer["results"][2]["errors"][0]["expected"]
    body = client.post("/v1/events", json={"events": [meeting("e3", kind="meetin")]}).json()
    assert (body["results"][0]["index"], body["results"][0]["line"]) == (0, None)


def test_fields_that_do_not_go_together_are_named(client: httpx.Client) -> None:
    both = push(client, change("e1", "amount", 5, opportunity_id="o1", account_id="a1"))["results"][0]["errors"][0]
    assert (both["found"], both["do"]) == (
        "opportunity_id and account_id",
        "name one of them, and leave the others out",
    )
    visit = {"type": "activity", "event_id": "e2", "kind": "meeting", "occurred_at": AT}
    [none] = push(client, visit)["results"][0]["errors"]
    assert none["found"] == "none of opportunity_id, account_id"
    said = client.put("/v1/opportunities/o1/judgement", json={"person": "li.na", "because": "so"}).json()["detail"]
    assert "Found: neither probability nor class." in said
    asked = {"opportunities": [{"opportunity_id": "o1", "created_at": CREATED}]}
    days = {"horizons_days": [30], "horizon_dates": ["2026-06-30"]}
    assert "Found: horizons_days and horizon_dates." in client.post("/v1/scores", json=asked | days).json()["detail"]
    what_if = {"opportunity": asked["opportunities"][0], "changes": {}}
    assert "Found: no change (changes)." in client.post("/v1/scores/what-if", json=what_if).json()["detail"]


def test_a_whole_body_is_told_by_its_fields(client: httpx.Client) -> None:
    amount = client.put("/v1/opportunities/o2", json={"created_at": CREATED, "amount": {"value": 5, "in": "EUR"}})
    assert amount.json()["errors"][0]["found"] == "an object with value, in (amount)"
    assert client.put("/v1/opportunities/o2", json=[1, 2]).json()["detail"].startswith("Found: a list of 2.")
    assert push_raw(client, [[], {}]) == ["an empty list", "no type"]


def push_raw(client: httpx.Client, events: list[Any]) -> list[str]:
    answer = client.post("/v1/events", json={"events": events}).json()
    return [result["errors"][0]["found"] for result in answer["results"]]


def test_what_was_taken_back_says_so_when_it_is_corrected(client: httpx.Client) -> None:
    push(client, meeting("e1"), {"type": "retraction", "event_id": "r1", "retracts": "e1"})
    answer = push(client, meeting("e2", corrects="e1"), {"type": "retraction", "event_id": "r2", "retracts": "e1"})[
        "results"
    ]
    corrected, retracted = (result["errors"][0] for result in answer)
    assert corrected["found"] == "event 'e1', which was taken back by 'r1'"
    assert corrected["do"] == "send it as a new event: with an event_id of its own, and without corrects"
    assert retracted["do"] == "nothing: it is taken back already"
    assert push(client, meeting("e2"))["created"] == 1


def test_a_put_that_names_an_erased_account_is_refused_until_it_is_told_of_again(client: httpx.Client) -> None:
    client.delete("/v1/accounts/a1")
    body = {"created_at": CREATED, "account_id": "a1"}
    for path in ("opportunities/o5", "contacts/c5"):
        answer = client.put(f"/v1/{path}", json=body)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["found"]) == ("/account_id", "account 'a1', which was erased")
        assert error["do"] == "PUT the account again first, if it may be stored again"
    client.put("/v1/opportunities/o6", json={"created_at": CREATED})
    assert push(client, change("e1", "account_id", "a1", opportunity_id="o6"))["refused"] == 1
    client.put("/v1/accounts/a1", json={"created_at": CREATED})
    for path in ("opportunities/o5", "contacts/c5"):
        assert client.put(f"/v1/{path}", json=body).status_code == 201
        assert client.put(f"/v1/{path}", json=body).status_code == 200


def test_what_was_written_before_values_were_judged_is_a_duplicate_when_it_is_sent_again(
    client: httpx.Client, database: Database
) -> None:
    before = change("e1", "amount", "25000")
    with database.writing("test", "events", lambda: NOW) as writing:
        append_events(writing, [EVENT.validate_python(before).model_dump()])
    other, new = change("e1", "amount", "26000"), change("e2", "amount", "25000")
    answer = push(client, before, other, new, change("e3", "amount", 5))
    assert [result["status"] for result in answer["results"]] == [200, 409, 422, 201]
    lines = "\n".join(json.dumps(one) for one in (before, new))
    found = client.post("/v1/events?results=all", content=lines, headers=LINES).json()
    assert [(result["status"], len(result["errors"])) for result in found["results"]] == [(200, 0), (422, 1)]


@pytest.mark.parametrize("field", ["attributes", "stage", "process"])
def test_a_field_that_no_event_sets_is_named_as_what_is_wrong(client: httpx.Client, field: str) -> None:
    [result] = push(client, change("e1", field, {"attributes": 5}.get(field, "default")))["results"]
    [error] = result["errors"]
    assert (result["status"], error["pointer"]) == (422, "/field")
    assert error["found"] == f"field {field!r}"
