"""What CRM systems push is kept once, judged row by row, and seen by the next read; on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pandas as pd
import pytest
from sqlalchemy import insert

from api.store.tables import SCORES
from features.as_of import known_as_of
from features.history.database.description import Description, write_description
from features.history.database.engine import Database
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.reads import Cut, opportunity_known
from features.history.history import Attribute, build_history
from features.history.live import request_body
from features.instants import micros_of
from tests.services import NOW, live_service, push

CREATED = "2026-01-01T08:00:00Z"


@pytest.fixture
def client(database: Database) -> Iterator[httpx.Client]:
    with live_service(database) as client:
        yield client


def put(client: httpx.Client, name: str = "o1", **body: Any) -> httpx.Response:
    return client.put(f"/v1/opportunities/{name}", json={"created_at": CREATED} | body)


def stage(event_id: str, stage: str, at: str = "2026-02-01T08:00:00Z", **more: Any) -> dict[str, Any]:
    return {
        "type": "stage_change",
        "event_id": event_id,
        "opportunity_id": "o1",
        "stage": stage,
        "occurred_at": at,
    } | more


def meeting(event_id: str, at: str = "2026-03-01T08:00:00Z", **more: Any) -> dict[str, Any]:
    return {"type": "activity", "event_id": event_id, "kind": "meeting", "occurred_at": at} | more


def weight(client: httpx.Client, name: str = "o1", **query: str) -> float | None:
    """The fixed weight says which stage is known."""
    answer = client.get(f"/v1/opportunities/{name}/score", params={"reasons": "false"} | query)
    assert answer.status_code == 200, answer.text
    found: float | None = answer.json()["score"]["fixed_weight_probability"]
    return found


def statuses(answer: dict[str, Any]) -> list[int]:
    return [result["status"] for result in answer["results"]]


def test_the_same_body_again_is_a_duplicate_and_another_is_refused(client: httpx.Client) -> None:
    assert put(client, stage="identified").status_code == 201
    again = put(client, stage="identified")
    assert (again.status_code, again.json()["result"], again.json()["through_seq"]) == (200, "duplicate", 1)
    other = put(client, stage="proposal")
    assert other.status_code == 409
    assert "field_change" in other.json()["detail"]
    assert weight(client) == 0.25


def test_an_event_is_taken_once_whatever_its_order_of_fields(client: httpx.Client) -> None:
    put(client)
    first = push(client, stage("e1", "proposal"))
    assert (first["created"], first["through_seq"]) == (1, 2)
    again = push(client, dict(reversed(stage("e1", "proposal", corrects=None).items())))
    assert (again["created"], again["duplicates"], again["through_seq"]) == (0, 1, 2)
    assert statuses(push(client, stage("e1", "negotiation"))) == [409]
    assert statuses(push(client, stage("e2", "proposal"), stage("e2", "proposal"), stage("e2", "won"))) == [
        201,
        200,
        409,
    ]


def test_a_wrong_row_does_not_refuse_the_others(client: httpx.Client, database: Database) -> None:
    put(client)
    wrong = [
        stage("w1", "propsal"),
        {"type": "party"},
        7,
        meeting("w2"),
        meeting("w3", opportunity_id="o1", recorded_at=CREATED),
        meeting("w4", opportunity_id="o1", at="2027-01-01T00:00:00Z"),
        {"type": "field_change", "event_id": "w5", "opportunity_id": "o1", "field": "amount", "value": -1,
         "occurred_at": CREATED},
        {"type": "retraction", "event_id": "w6", "retracts": "nothing"},
    ]  # fmt: skip
    answer = client.post("/v1/events", json={"events": [*wrong, stage("e1", "proposal")]})
    assert answer.status_code == 207
    found = answer.json()
    assert (found["created"], found["refused"]) == (1, len(wrong))
    assert [result["index"] for result in found["results"]] == list(range(len(wrong)))
    assert all(result["errors"] for result in found["results"])
    assert "did you mean 'proposal'?" in found["results"][0]["errors"][0]["do"]
    assert weight(client) == 0.5
    assert len(history_of(database).activities) == 0


def test_lines_are_read_one_by_one(client: httpx.Client) -> None:
    put(client)
    lines = [
        json.dumps(stage("e1", "proposal")),
        "{not json",
        json.dumps(stage("e2", "negotiation", "2026-02-02T00:00Z")),
    ]
    answer = client.post(
        "/v1/events", content="\n".join(lines) + "\n", headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 207
    assert (answer.json()["created"], answer.json()["results"][0]["index"]) == (2, 1)
    assert weight(client) == 0.75


def test_events_may_come_before_their_opportunity_and_out_of_order(client: httpx.Client) -> None:
    push(client, stage("e2", "negotiation", "2026-02-09T08:00:00Z"))
    assert client.get("/v1/opportunities/o1/score").status_code == 404
    push(client, stage("e1", "contacted", "2026-02-01T08:00:00Z"))
    put(client)
    assert weight(client) == 0.75


def test_a_correction_replaces_and_a_retraction_takes_back(client: httpx.Client) -> None:
    put(client, stage="identified")
    push(client, stage("e1", "negotiation"))
    push(client, stage("e2", "proposal", corrects="e1"))
    assert weight(client) == 0.5
    push(client, {"type": "retraction", "event_id": "r1", "retracts": "e2"})
    assert weight(client) == 0.75, "a correction that is taken back corrects nothing"
    push(client, {"type": "retraction", "event_id": "r2", "retracts": "e1"})
    assert weight(client) == 0.25
    assert statuses(push(client, stage("e3", "won", corrects="o1/stage at creation", opportunity_id="o9"))) == [422]


def test_the_past_is_read_as_it_was_known(database: Database) -> None:
    now = [pd.Timestamp("2026-03-01", tz="UTC")]
    with live_service(database, clock=lambda: now[0]) as client:
        put(client, stage="identified")
        now[0] = pd.Timestamp("2026-03-10", tz="UTC")
        push(client, stage("e1", "proposal", "2026-02-01T08:00:00Z"))
        now[0] = pd.Timestamp("2026-03-20", tz="UTC")
        push(client, {"type": "retraction", "event_id": "r1", "retracts": "e1"})
        at = ("2026-03-05T00:00:00Z", "2026-03-15T00:00:00Z", "2026-03-20T01:00:00Z")
        now[0] = pd.Timestamp("2026-03-25", tz="UTC")
        assert [weight(client, as_of=instant) for instant in at] == [0.25, 0.5, 0.25]
        assert client.get("/v1/opportunities/o1/score?as_of=2026-02-02T00:00:00Z").status_code == 404


def test_a_read_of_the_past_names_the_last_commit_that_was_known_then(database: Database) -> None:
    now = [pd.Timestamp("2026-03-01", tz="UTC")]
    with live_service(database, clock=lambda: now[0]) as client:
        put(client, stage="identified")
        now[0] = pd.Timestamp("2026-03-10", tz="UTC")
        put(client, "o2")
        push(client, stage("e1", "proposal", "2026-02-01T08:00:00Z"))
        now[0] = pd.Timestamp("2026-03-11", tz="UTC")
        for as_of, seq in (("2026-03-05T00:00:00Z", 1), ("2026-03-10T00:00:00Z", 2), ("2026-03-10T00:00:01Z", 3)):
            for what in ("", "/score"):
                answer = client.get(f"/v1/opportunities/o1{what}", params={"as_of": as_of}).json()
                assert answer["through_seq"] == seq, (as_of, what)


def test_an_import_is_known_at_every_instant_of_its_rows(database: Database) -> None:
    at = "2026-02-01T08:00:00Z"
    rows = {
        "opportunities": pd.DataFrame({"opportunity_id": ["o1"], "process": ["default"], "created_at": [CREATED]}),
        "stage_history": pd.DataFrame({"opportunity_id": ["o1"], "stage": ["proposal"], "occurred_at": [at]}),
    }
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, build_history(rows))
    with live_service(database) as client:
        put(client, "o2")
        past = client.get("/v1/opportunities/o1", params={"as_of": "2026-02-02T00:00:00Z"}).json()
    assert (past["stage"], past["through_seq"]) == ("proposal", 1)


def test_a_closed_opportunity_reopens(client: httpx.Client) -> None:
    put(client, stage="identified")
    push(client, stage("e1", "lost"))
    closed = client.get("/v1/opportunities/o1/score").json()["score"]
    assert (closed["status"], closed["outcome"], closed["win_probability"]) == ("closed", "lost", None)
    push(client, stage("e2", "proposal", "2026-03-02T00:00:00Z", type="reopening"))
    assert weight(client) == 0.5


def test_accounts_that_are_one_share_what_happened(client: httpx.Client, database: Database) -> None:
    client.put("/v1/collection/meeting", json={"since": None})
    put(client, account_id="a1", stage="proposal")
    push(client, meeting("m1", account_id="a2", direction="inbound"))
    before = client.get("/v1/opportunities/o1/score").json()["score"]
    push(client, {"type": "account_merge", "event_id": "g1", "account_id": "a2", "into": "a1"})
    after = client.get("/v1/opportunities/o1/score").json()["score"]
    evidence = [{e["code"] for e in score["class"]["evidence"]} for score in (before, after)]
    assert evidence[0] != evidence[1], "the meeting with the other account counts now"
    history = history_of(database)
    assert list(history.activities["account_id"]) == ["a2", "a1"], "the merge tells it again"
    assert list(known_as_of(history, history.observed_until).activities["account_id"]) == ["a1"]
    push(client, {"type": "retraction", "event_id": "g2", "retracts": "g1"})
    apart = client.get("/v1/opportunities/o1/score").json()["score"]
    assert apart["class"] == before["class"]


def test_a_merge_is_not_known_before_it_was_told(database: Database) -> None:
    now = [pd.Timestamp("2026-03-01", tz="UTC")]
    with live_service(database, clock=lambda: now[0]) as client:
        client.put("/v1/collection/meeting", json={"since": None})
        put(client, account_id="a1", stage="proposal")
        push(client, meeting("m1", "2026-02-20T08:00:00Z", account_id="a2", direction="inbound"))
        now[0] = pd.Timestamp("2026-03-10", tz="UTC")
        push(client, {"type": "account_merge", "event_id": "g1", "account_id": "a2", "into": "a1"})
        now[0] = pd.Timestamp("2026-03-20", tz="UTC")
        classes = [
            client.get(f"/v1/opportunities/o1/score?reasons=false&as_of={day}T00:00:00Z").json()["score"]["class"]
            for day in ("2026-03-05", "2026-03-15")
        ]
    codes = [{evidence["code"] for evidence in found["evidence"]} for found in classes]
    assert codes[0] == {"need_confirmed_by_stage", "gone_quiet"}
    assert "buyer_initiated_contact" in codes[1], "the meeting with the other account counts from the merge on"


def test_columns_are_corrected_by_changes_of_fields(client: httpx.Client, database: Database) -> None:
    client.put("/v1/accounts/a1", json={"created_at": CREATED, "industry": "machinery"})
    client.put("/v1/contacts/c1", json={"created_at": CREATED, "account_id": "a1"})
    put(client, account_id="a1")
    of = {"type": "field_change", "occurred_at": "2026-03-01T00:00:00Z"}
    answer = push(
        client,
        of | {"event_id": "f1", "opportunity_id": "o1", "field": "product", "value": "suite"},
        of | {"event_id": "f2", "account_id": "a1", "field": "industry", "value": "food"},
        of | {"event_id": "f3", "contact_id": "c1", "field": "role", "value": "decision_maker"},
        of | {"event_id": "f4", "contact_id": "c2", "field": "role", "value": "user"},
        of | {"event_id": "f5", "account_id": "a1", "field": "amount", "value": 5},
    )
    assert statuses(answer) == [201, 201, 201, 422, 422]
    history = history_of(database)
    assert history.opportunities["product"].tolist() == ["suite"]
    assert history.accounts.sort_values("recorded_at")["industry"].tolist() == ["machinery", "food"]
    assert history.contacts["role"].iloc[-1] == "decision_maker"


def test_what_is_first_told_of_is_collected_from_then_on(client: httpx.Client, database: Database) -> None:
    put(client)
    assert "meeting" not in history_of(database).collected
    push(client, meeting("m1", opportunity_id="o1"))
    since = history_of(database).collected["meeting"]
    assert since is not None
    assert since >= NOW
    assert "call" not in history_of(database).collected


def test_what_is_collected_can_be_said(client: httpx.Client, database: Database) -> None:
    put(client)
    assert client.put("/v1/collection/meeting", json={"since": "2025-01-01T00:00:00Z"}).status_code == 200
    said = client.put("/v1/collection/webinar", json={"since": None}).json()["collected"]
    assert said == [
        {"name": "meeting", "sort": "kind", "since": "2025-01-01T00:00:00Z"},
        {"name": "webinar", "sort": "kind", "since": None},
    ]
    assert statuses(push(client, meeting("m1", opportunity_id="o1", kind="webinar"))) == [201]
    assert client.put("/v1/collection/webinar", json={"is_collected": False}).status_code == 200
    assert "webinar" not in history_of(database).collected
    assert client.get("/v1/collection").json()["collected"] == said[:1]


def test_a_hundred_writers_to_one_opportunity_leave_one_consistent_history(
    client: httpx.Client, database: Database
) -> None:
    put(client, stage="identified")

    def write(i: int) -> tuple[int, int]:
        answer = push(client, meeting(f"m{i}", f"2026-03-{1 + i % 28:02d}T08:00:00Z", opportunity_id="o1"))
        return answer["through_seq"], answer["created"]

    with ThreadPoolExecutor(100) as pool:
        written = list(pool.map(write, range(100)))
    assert sorted(seq for seq, _ in written) == list(range(2, 102))
    history = history_of(database)
    assert sorted(history.activities["activity_id"]) == sorted(f"m{i}" for i in range(100))
    assert history.activities["recorded_at"].is_unique
    read = client.get("/v1/opportunities/o1/score").json()["score"]
    body = request_body(history, ["o1"], pd.Timestamp(read["as_of"]))
    rebuilt = client.post("/v1/scores", json=body | {"reasons": True}).json()["scores"][0]
    assert rebuilt == read


def test_a_service_without_a_database_says_so() -> None:
    from api.app import create_app
    from tests.services import GOOD_FOR_ALL, serving

    with serving(create_app(None, api_keys=[GOOD_FOR_ALL], authenticate=True)) as client:
        answer = put(client)
    assert answer.status_code == 503
    assert "without a database" in answer.json()["detail"]


def test_what_was_told_first_of_the_account_goes_with_the_opportunity(client: httpx.Client, database: Database) -> None:
    client.put("/v1/accounts/a1", json={"created_at": CREATED, "region": "north"})
    put(client, account_id="a1")
    put(client, "o2")
    with database.reading() as connection:
        cut = Cut(NOW.value, 10**9)
        known = {name: opportunity_known(connection, name, cut) for name in ("o1", "o2")}
        early = opportunity_known(connection, "o1", Cut(0, 10**9))
    regions = {name: found.row["account_region"] for name, found in known.items() if found is not None}
    assert regions == {"o1": "north", "o2": None}
    assert early is None


def test_a_score_says_where_it_has_been_going(client: httpx.Client) -> None:
    put(client, stage="proposal")
    trend = client.get("/v1/opportunities/o1/score").json()["trend"]
    assert trend["key"] == "not_enough_information"
    assert trend["names"]["zh-CN"] == "信息不足"


def test_a_change_is_told_from_the_version_that_answered_then(client: httpx.Client, database: Database) -> None:
    put(client, stage="proposal")
    now = NOW.floor("s")
    kept = {"opportunity_id": "o1", "as_of": micros_of(now), "model_version": "9", "through_seq": 1, "status": "ok"}
    with database.writing("test", "score", lambda: NOW) as writing:
        writing.connection.execute(insert(SCORES), kept | {"probability": 0.4, "is_shadow": False})
        writing.rows = 1
    since = {"since": NOW.isoformat()}
    refused = client.get("/v1/opportunities/o1/score/change", params=since)
    assert refused.status_code == 422, "the version that was kept was never in service here, and is asked for"
    assert "9" in refused.json()["detail"]


def test_of_a_chain_only_the_last_can_be_replaced(client: httpx.Client, database: Database) -> None:
    client.put("/v1/collection/meeting", json={"since": None})
    put(client)
    push(client, meeting("a", opportunity_id="o1"), meeting("c1", opportunity_id="o1", topic="x", corrects="a"))
    again = push(
        client,
        meeting("c2", opportunity_id="o1", topic="y", corrects="a"),
        {"type": "retraction", "event_id": "r1", "retracts": "a"},
        {"type": "retraction", "event_id": "r2", "retracts": "c1"},
        {"type": "retraction", "event_id": "r3", "retracts": "r2"},
        meeting("c3", opportunity_id="o1", topic="z", corrects="a"),
    )
    assert statuses(again) == [422, 422, 201, 422, 201]
    assert "name 'c1'" in again["results"][0]["errors"][0]["do"]
    assert history_of(database).activities["topic"].tolist()[-1] == "z"
    with database.reading() as connection:
        known = opportunity_known(connection, "o1", Cut(NOW.value, 10**9))
    assert known is not None
    assert [event.topic for event in known.events if event.kind == "activity"] == ["z"]


def test_one_straggler_does_not_make_a_kind_collected_again(client: httpx.Client, database: Database) -> None:
    put(client)
    client.put("/v1/collection/meeting", json={"is_collected": False})
    push(client, meeting("m1", opportunity_id="o1"))
    assert "meeting" not in history_of(database).collected


def test_a_change_begins_with_what_was_known_then(database: Database) -> None:
    now = [pd.Timestamp("2026-03-01", tz="UTC")]
    with live_service(database, clock=lambda: now[0]) as client:
        put(client)
        push(client, stage("e1", "proposal"))
        now[0] = pd.Timestamp("2026-03-10", tz="UTC")
        push(client, stage("e2", "identified", corrects="e1"))
        now[0] = pd.Timestamp("2026-03-11", tz="UTC")
        change = client.get("/v1/opportunities/o1/score/change?since=2026-03-05T00:00:00Z").json()
    assert (change["from"]["win_probability"], change["to"]["win_probability"]) == (0.5, 0.25)


def test_what_is_recorded_of_an_opportunity_can_be_read_as_of_any_instant(client: httpx.Client) -> None:
    put(client, stage="identified", amount=1000, account_id="a1", owner_id="ann", attributes={})
    first = client.get("/v1/opportunities/o1").json()
    change = {"type": "field_change", "opportunity_id": "o1", "occurred_at": "2026-02-02T08:00:00Z"}
    push(
        client,
        stage("e1", "proposal"),
        change | {"event_id": "e2", "field": "amount", "value": 2000},
        change | {"event_id": "e3", "field": "owner", "value": "bob"},
        {"type": "account_merge", "event_id": "e4", "account_id": "a2", "into": "a1"},
        meeting("e5", opportunity_id="o1"),
    )
    push(client, {"type": "retraction", "event_id": "r1", "retracts": "e5"})
    found = client.get("/v1/opportunities/o1").json()
    named = ("stage", "stage_since", "owner_id", "accounts", "fields", "events", "through_seq", "last_event_at")
    assert {name: found[name] for name in named} == {
        "stage": "proposal",
        "stage_since": "2026-02-01T08:00:00Z",
        "owner_id": "bob",
        "accounts": ["a1", "a2"],
        "fields": {"amount": "2000"},
        "events": 5,
        "through_seq": 3,
        "last_event_at": "2026-02-02T08:00:00Z",
    }
    assert client.get("/v1/opportunities/o1", params={"as_of": first["as_of"]}).json() == first
    assert (first["stage"], first["owner_id"], first["fields"]) == ("identified", "ann", {"amount": "1000.0"})
    early = client.get("/v1/opportunities/o1", params={"as_of": "2020-01-01T00:00:00Z"})
    assert (early.status_code, "when it was recorded" in early.json()["detail"]) == (404, True)
    assert client.get("/v1/opportunities/none").status_code == 404


def test_limits_are_told_in_plain_words(client: httpx.Client) -> None:
    lines = "{}\n" * 10_001
    headers = {"Content-Type": "application/x-ndjson"}
    [many] = client.post("/v1/events", content=lines, headers=headers).json()["errors"]
    assert many["expected"] == "at most 10,000 of them"
    [long] = put(client, owner_id="x" * 300).json()["errors"]
    assert (long["pointer"], long["expected"]) == ("/owner_id", "at most 255 characters")
    [other] = client.get("/v1/opportunities", params={"colour": "red"}).json()["errors"]
    assert (other["pointer"], other["expected"]) == ("/colour", "only parameters that are described in /docs")


def test_events_of_opportunities_that_were_not_told_of_are_named_and_listed(client: httpx.Client) -> None:
    put(client)
    told = [meeting(f"w{number}", opportunity_id=name) for number, name in enumerate(("o1", "o-2", "o-3", "o-2"))]
    answer = client.post("/v1/events", json={"events": told}).json()
    assert (answer["created"], answer["waiting"], answer["waiting_for"]) == (4, 3, ["o-2", "o-3"])
    first = client.get("/v1/events/waiting?limit=1").json()
    assert [(one["opportunity_id"], one["events"]) for one in first["opportunities"]] == [("o-2", 2)]
    second = client.get("/v1/events/waiting", params={"after": first["next_after"]}).json()
    assert [one["opportunity_id"] for one in second["opportunities"]] == ["o-3"]
    put(client, "o-2")
    assert [one["opportunity_id"] for one in client.get("/v1/events/waiting").json()["opportunities"]] == ["o-3"]
    push(client, meeting("w8", opportunity_id="o-3", corrects="w2"))
    push(client, {"type": "retraction", "event_id": "w9", "retracts": "w8"})
    [still] = client.get("/v1/events/waiting").json()["opportunities"]
    assert (still["opportunity_id"], still["events"]) == ("o-3", 1), "a correction that was taken back corrects nothing"
    push(client, {"type": "retraction", "event_id": "w10", "retracts": "w2"})
    assert client.get("/v1/events/waiting").json()["opportunities"] == []


def test_an_id_that_no_path_can_name_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/events", json={"events": [meeting("s1", opportunity_id="a/b")]})
    assert answer.status_code == 207
    error = answer.json()["results"][0]["errors"][0]
    assert error["pointer"] == "/opportunity_id"
    assert "/" in error["expected"]
    assert client.get("/v1/events/waiting").json()["opportunities"] == []


def test_a_change_of_a_contact_that_was_not_told_of_says_what_to_do(client: httpx.Client) -> None:
    told = {"type": "field_change", "event_id": "r1", "contact_id": "c-9", "field": "role", "value": "user"}
    answer = client.post("/v1/events", json={"events": [told | {"occurred_at": "2026-02-01T08:00:00Z"}]}).json()
    assert answer["results"][0]["errors"][0]["do"] == "PUT /v1/contacts/c-9 first"


def test_what_happened_at_one_instant_counts_as_it_was_sent(client: httpx.Client) -> None:
    put(client, stage="contacted")
    told = [("z", "proposal"), ("a", "negotiation"), ("m", "identified")]
    push(client, *(stage(name, key) for name, key in told))
    assert client.get("/v1/opportunities/o1").json()["stage"] == "identified"
    push(client, stage("b", "negotiation"))
    assert client.get("/v1/opportunities/o1").json()["stage"] == "negotiation"


def test_what_is_listed_as_a_kind_is_taken_as_one_and_nothing_else_is(client: httpx.Client, database: Database) -> None:
    put(client)
    flag = Attribute("vip", "flag", "creation")
    with database.writing("test", "description", lambda: NOW) as writing:
        write_description(writing, Description(attributes={"vip": flag}))
        writing.rows = 1
    names = ("webinar", "vip", "amount", "currency", "contacts", "meeting")
    for name in names:
        assert client.put(f"/v1/collection/{name}", json={"since": None}).status_code == 200
    assert client.put("/v1/collection/webinar", json={"is_collected": False}).status_code == 200
    listed = {one["name"]: one["sort"] for one in client.get("/v1/collection").json()["collected"]}
    assert listed == {"vip": "field", "amount": "field", "currency": "field", "contacts": "table", "meeting": "kind"}
    told = push(client, *(meeting(f"m-{name}", opportunity_id="o1", kind=name) for name in names))
    assert statuses(told) == [201, 422, 422, 422, 422, 201], "a kind that is not collected any more is still one"
    assert "webinar" not in history_of(database).collected
    wrong = client.put("/v1/collection/meetin", json={"is_collected": False})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["do"] == "did you mean 'meeting'?"


def test_when_an_opportunity_was_created_is_corrected_from_when_it_was_told(database: Database) -> None:
    now = [pd.Timestamp("2026-03-01", tz="UTC")]
    change = {"type": "field_change", "field": "created_at", "occurred_at": "2026-03-09T00:00:00Z"}
    of_it = change | {"opportunity_id": "o1"}

    def created(client: httpx.Client, **query: str) -> str:
        found: str = client.get("/v1/opportunities/o1", params=query).json()["created_at"]
        return found

    with live_service(database, clock=lambda: now[0]) as client:
        put(client, stage="proposal", account_id="a1")
        now[0] = pd.Timestamp("2026-03-10", tz="UTC")
        push(client, of_it | {"event_id": "f1", "value": "2025-12-01T08:00:00+08:00"})
        assert created(client) == "2025-12-01T00:00:00Z"
        assert created(client, as_of="2026-03-05T00:00:00Z") == CREATED
        now[0] = pd.Timestamp("2026-03-20", tz="UTC")
        push(client, {"type": "retraction", "event_id": "r1", "retracts": "f1"})
        assert created(client) == CREATED
        assert created(client, as_of="2026-03-15T00:00:00Z") == "2025-12-01T00:00:00Z"
        client.put("/v1/accounts/a1", json={"created_at": CREATED})
        wrong = push(
            client,
            of_it | {"event_id": "w1", "value": "2025-12-01"},
            of_it | {"event_id": "w2", "value": None},
            of_it | {"event_id": "w3", "value": "2027-01-01T00:00:00Z"},
            change | {"event_id": "w4", "account_id": "a1", "value": "2025-12-01T08:00:00Z"},
        )
    assert statuses(wrong) == [422] * 4
    errors = [result["errors"][0] for result in wrong["results"]]
    assert [error["pointer"] for error in errors] == ["/value", "/value", "/value", "/field"]
    assert errors[0]["do"] == "write the instant with date, time and zone"
    assert "DELETE /v1/accounts/a1" in errors[3]["do"]
