"""Accounts and people are read as they were known at any instant; on both databases."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.history.database.engine import Database
from tests.services import live_service, push

CREATED = "2026-01-01T08:00:00Z"


def meeting(event_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "activity", "event_id": event_id, "kind": "meeting", "occurred_at": "2026-03-01T08:00:00Z"} | more


def test_what_is_recorded_of_an_account_can_be_read_as_of_any_instant(database: Database) -> None:
    now = [pd.Timestamp("2026-03-02", tz="UTC")]
    change = {"type": "field_change", "occurred_at": "2026-02-02T08:00:00Z"}
    with live_service(database, clock=lambda: now[0]) as client:
        client.put("/v1/accounts/a1", json={"created_at": CREATED, "name": "Acme", "size": "small"})
        client.put("/v1/accounts/a2", json={"created_at": CREATED, "name": "Acme Ltd"})
        push(client, meeting("m1", account_id="a1"), meeting("m2", account_id="a1", opportunity_id="o1"))
        first = client.get("/v1/accounts/a1").json()
        assert first == {
            "account_id": "a1", "stands_under": "a1", "accounts": ["a1"], "as_of": "2026-03-02T00:00:00.000002Z",
            "through_seq": 3, "created_at": CREATED, "name": "Acme", "industry": None, "region": None,
            "size": "small", "events": 1, "last_event_at": "2026-03-01T08:00:00Z",
        }  # fmt: skip
        now[0] = pd.Timestamp("2026-03-03", tz="UTC")
        push(
            client,
            change | {"event_id": "f1", "account_id": "a1", "field": "size", "value": "large"},
            {"type": "account_merge", "event_id": "g1", "account_id": "a1", "into": "a2"},
            {"type": "retraction", "event_id": "r1", "retracts": "m1"},
        )
        found = client.get("/v1/accounts/a1").json()
        assert (found["stands_under"], found["accounts"], found["size"]) == ("a2", ["a1", "a2"], "large")
        assert (found["name"], found["events"]) == ("Acme", 1), "what was told under its own id"
        assert client.get("/v1/accounts/a2").json()["stands_under"] == "a2"
        assert client.get("/v1/accounts/a1", params={"as_of": first["as_of"]}).json() == first
        early = client.get("/v1/accounts/a1", params={"as_of": "2020-01-01T00:00:00Z"})
        assert (early.status_code, "when it was recorded" in early.json()["detail"]) == (404, True)
        never = client.get("/v1/accounts/none")
        assert (never.status_code, "PUT /v1/accounts/none" in never.json()["detail"]) == (404, True)


def test_what_is_recorded_of_a_person_can_be_read_as_of_any_instant(database: Database) -> None:
    now = [pd.Timestamp("2026-03-02", tz="UTC")]
    with live_service(database, clock=lambda: now[0]) as client:
        client.put("/v1/contacts/c1", json={"created_at": CREATED, "account_id": "a1", "role": "user"})
        first = client.get("/v1/contacts/c1").json()
        assert first == {
            "contact_id": "c1", "as_of": "2026-03-02T00:00:00Z", "through_seq": 1, "created_at": CREATED,
            "account_id": "a1", "accounts": ["a1"], "role": "user", "events": 0, "last_event_at": None,
        }  # fmt: skip
        now[0] = pd.Timestamp("2026-03-03", tz="UTC")
        push(
            client,
            meeting("m1", opportunity_id="o1", contact_id="c1"),
            {"type": "field_change", "event_id": "f1", "contact_id": "c1", "field": "role", "value": "purchaser",
             "occurred_at": "2026-02-02T08:00:00Z"},
            {"type": "account_merge", "event_id": "g1", "account_id": "a1", "into": "a2"},
        )  # fmt: skip
        found = client.get("/v1/contacts/c1").json()
        assert (found["account_id"], found["accounts"], found["role"]) == ("a2", ["a1", "a2"], "purchaser")
        assert (found["events"], found["last_event_at"]) == (2, "2026-03-01T08:00:00Z")
        assert client.get("/v1/contacts/c1", params={"as_of": first["as_of"]}).json() == first
        assert client.get("/v1/contacts/none").status_code == 404
