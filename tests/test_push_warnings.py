"""What looks wrong by what is known now is written and warned of; what no order of arrival makes right is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pandas as pd
import pytest
from sqlalchemy import event, update

from features.history.database.engine import Database
from features.history.database.tables import EVENTS
from features.history.database.writes import append_events
from tests.services import live_service, push

CREATED = "2026-01-01T08:00:00Z"


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with live_service(database) as client:
        client.put("/v1/opportunities/o1", json={"created_at": CREATED, "stage": "identified"})
        yield client


def stage(name: str, key: str, day: int, **more: Any) -> dict[str, Any]:
    at = f"2026-02-{day:02d}T08:00:00Z"
    told = {"type": "stage_change", "event_id": name, "opportunity_id": "o1", "stage": key, "occurred_at": at}
    return told | more


def reopening(name: str, key: str, day: int, **more: Any) -> dict[str, Any]:
    return stage(name, key, day, type="reopening", **more)


def merge(name: str, account: str, into: str) -> dict[str, Any]:
    return {"type": "account_merge", "event_id": name, "account_id": account, "into": into}


def codes(answer: dict[str, Any]) -> list[list[str]]:
    return [[warning["code"] for warning in result["warnings"]] for result in answer["results"]]


def stage_of(client: httpx.Client) -> tuple[str, str]:
    found = client.get("/v1/opportunities/o1").json()
    return found["stage"], found["stage_since"][:10]


def test_a_change_of_what_is_closed_counts_as_a_reopening_and_is_warned_of(client: httpx.Client) -> None:
    push(client, stage("e1", "won", 1))
    answer = client.post("/v1/events", json={"events": [stage("e2", "proposal", 5)]})
    assert answer.status_code == 201, "it is written all the same"
    found = answer.json()
    assert (found["warned"], codes(found)) == (1, [["open_after_close"]]), "named although results=exceptions"
    [warning] = found["results"][0]["warnings"]
    assert "'won' (2026-02-01T08:00:00Z), then 'proposal' (2026-02-05T08:00:00Z)" in warning["en"]
    assert "counts as reopened" in warning["en"]
    assert "按重新打开计" in warning["zh-CN"]
    assert stage_of(client) == ("proposal", "2026-02-05")
    assert codes(push(client, reopening("e3", "proposal", 5, corrects="e2"))) == [[]], "so it is put right"


def test_a_reopening_of_what_is_open_is_warned_of(client: httpx.Client) -> None:
    answer = push(client, reopening("e1", "proposal", 5))
    assert codes(answer) == [["reopening_of_open"]]
    assert "counts as a change of stage" in answer["results"][0]["warnings"][0]["en"]
    assert stage_of(client) == ("proposal", "2026-02-05")


def test_a_second_close_is_warned_of_with_what_it_counts_as(client: httpx.Client) -> None:
    push(client, stage("e1", "won", 1))
    again = push(client, stage("e2", "won", 3))
    assert codes(again) == [["close_after_close"]]
    assert stage_of(client) == ("won", "2026-02-01")
    again = push(client, stage("e2", "won", 3), stage("e3", "lost", 4))
    assert codes(again) == [["close_after_close", "close_after_close"], ["close_after_close"]]
    same, other = again["results"][0]["warnings"]
    assert "it has counted as 'won' since the first" in same["en"]
    assert "from the second on it counts as 'lost'" in other["en"]
    assert stage_of(client) == ("lost", "2026-02-04")


def test_what_comes_late_and_in_any_order_is_not_warned_of(client: httpx.Client) -> None:
    events = [stage("e1", "lost", 1), reopening("e2", "proposal", 5), stage("e3", "won", 9)]
    whole = push(client, *reversed(events))
    assert (whole["warned"], codes(whole)) == (0, [[], [], []])
    again = push(client, *events)
    assert (again["duplicates"], again["warned"]) == (3, 0)


def test_a_close_that_comes_after_its_reopening_puts_it_right(client: httpx.Client) -> None:
    push(client, reopening("e2", "proposal", 5))
    assert codes(push(client, stage("e1", "lost", 1))) == [[]], "it is kept that it reopens"
    assert codes(push(client, reopening("e2", "proposal", 5))) == [[]], "sent again, it is judged by what is known now"


def test_a_late_close_is_warned_of_what_follows_it(client: httpx.Client) -> None:
    push(client, stage("e2", "proposal", 5))
    answer = push(client, stage("e1", "won", 1))
    assert codes(answer) == [["open_after_close"]]
    assert stage_of(client) == ("proposal", "2026-02-05")


def test_a_retry_of_what_was_warned_of_says_so_again(client: httpx.Client) -> None:
    push(client, stage("e1", "won", 1))
    for status in (201, 200):
        answer = push(client, stage("e2", "lost", 3))
        assert (answer["results"][0]["status"], codes(answer)) == (status, [["close_after_close"]])


def test_a_reopening_into_a_closed_stage_is_refused(client: httpx.Client) -> None:
    push(client, stage("e1", "lost", 1))
    [result] = push(client, reopening("e2", "won", 5))["results"]
    [error] = result["errors"]
    assert (result["status"], error["pointer"]) == (422, "/stage")
    assert error["found"] == "a reopening into 'won', which is closed"
    assert error["expected"].startswith("one of identified, contacted")
    assert "stage_change" in error["do"]


def test_events_that_came_first_are_judged_when_their_opportunity_is_told_of(client: httpx.Client) -> None:
    waiting = [stage("w1", "won", 1, opportunity_id="o2"), stage("w2", "lost", 2, opportunity_id="o2")]
    assert codes(push(client, *waiting)) == [[], []]
    body = {"created_at": CREATED, "stage": "identified"}
    for status in (201, 200):
        answer = client.put("/v1/opportunities/o2", json=body)
        assert answer.status_code == status
        assert [warning["code"] for warning in answer.json()["warnings"]] == ["close_after_close"]
    assert client.put("/v1/accounts/a1", json={"created_at": CREATED}).json()["warnings"] == []


def test_a_reopening_a_little_ahead_by_its_clock_is_none_the_less_one(database: Database) -> None:
    now = [pd.Timestamp("2026-03-31T12:00:00Z")]
    ahead = reopening("e2", "proposal", 1, occurred_at="2026-03-31T12:04:00Z")
    with live_service(database, clock=lambda: now[0]) as client:
        client.put("/v1/opportunities/o1", json={"created_at": CREATED, "stage": "identified"})
        push(client, stage("e1", "lost", 1))
        assert codes(push(client, ahead)) == [[]]
        now[0] += pd.Timedelta(minutes=5)
        told = push(client, stage("e0", "won", 2), {"type": "retraction", "event_id": "r1", "retracts": "e1"})
        assert codes(told) == [[], []], "beside another close too"
        assert codes(push(client, ahead)) == [[]]


def test_of_what_was_written_before_its_type_was_kept_nothing_false_is_said(
    client: httpx.Client, database: Database
) -> None:
    events = [
        stage("e1", "lost", 1),
        reopening("e2", "proposal", 5),
        stage("e3", "won", 9),
        stage("e4", "contacted", 11),
    ]
    push(client, *events)
    with database.changing() as connection:
        connection.execute(update(EVENTS).values(value=None))
    assert (
        client.put("/v1/opportunities/o1", json={"created_at": CREATED, "stage": "identified"}).json()["warnings"] == []
    )
    assert codes(push(client, stage("e5", "lost", 2))) == [["close_after_close"]], "that is so whatever it was sent as"
    assert codes(push(client, events[3])) == [["open_after_close"]], "sent again, it says what it is"


def test_many_stages_in_one_push_are_judged_with_few_questions(database: Database) -> None:
    asked: list[str] = []
    now = pd.Timestamp("2026-03-31T12:00:00Z")
    told = [stage(f"e{n}", "proposal", 1, opportunity_id=f"o{n}", occurred_at=now) for n in range(400)]
    with database.writing("test", "events", lambda: now) as writing:
        event.listen(writing.connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
        append_events(writing, told)
    assert len(asked) < 20


def test_accounts_are_not_merged_in_a_circle(client: httpx.Client) -> None:
    for name in "abc":
        client.put(f"/v1/accounts/{name}", json={"created_at": CREATED})
    told = push(
        client,
        merge("g0", "a", "a"),
        merge("g1", "a", "b"),
        merge("g2", "b", "a"),
        merge("g3", "b", "c"),
        merge("g4", "c", "a"),
        merge("g5", "a", "b"),
        merge("g6", "a", "c"),
        merge("g1", "a", "b"),
    )
    assert [result["status"] for result in told["results"]] == [422, 201, 422, 201, 422, 422, 201, 200]
    itself, back, round_, again = (told["results"][place]["errors"][0] for place in (0, 2, 4, 5))
    assert itself["found"] == "account 'a' merged into itself"
    assert back["found"] == "account 'b' merged into 'a', which are one already, under the name 'b'"
    assert round_["found"] == "account 'c' merged into 'a', which are one already, under the name 'c'"
    assert again["expected"] == "accounts that are not one, or the name that they have"
    assert "retract" in back["do"]


def test_a_merge_that_was_taken_back_may_be_sent_the_other_way_round(client: httpx.Client) -> None:
    push(client, merge("g1", "a", "b"))
    assert push(client, merge("g2", "b", "a"))["refused"] == 1, "of an earlier push too"
    back = {"type": "retraction", "event_id": "r1", "retracts": "g1"}
    answer = push(client, back, merge("g3", "b", "a"), merge("g4", "a", "b"))
    assert [result["status"] for result in answer["results"]] == [201, 201, 422]
    client.put("/v1/opportunities/o3", json={"created_at": CREATED, "account_id": "b"})
    assert client.get("/v1/opportunities/o3").json()["account_id"] == "a"


def test_accounts_that_nothing_names_are_merged_and_warned_of(client: httpx.Client) -> None:
    client.put("/v1/accounts/a1", json={"created_at": CREATED})
    client.put("/v1/opportunities/o2", json={"created_at": CREATED, "account_id": "a2"})
    visit = {"type": "activity", "event_id": "m1", "kind": "meeting", "occurred_at": CREATED, "account_id": "a3"}
    answer = push(client, merge("g1", "a1", "a2"), visit, merge("g2", "a3", "a2"), merge("g3", "a81", "a2"))
    assert codes(answer) == [[], [], [], ["account_not_told"]]
    assert "'a81'" in answer["results"][3]["warnings"][0]["en"]
    assert answer["results"][3]["status"] == 201
    client.put("/v1/opportunities/o4", json={"created_at": CREATED, "account_id": "a81"})
    assert client.get("/v1/opportunities/o4").json()["account_id"] == "a2", "it counts once something names it"
