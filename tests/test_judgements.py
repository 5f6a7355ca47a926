"""A person's judgement is kept beside the model's, survives, and is compared with it later; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from features.history.database.engine import Database
from scoring.judgement import ENOUGH_JUDGED, Judged, compare
from tests.services import live_service, push

CREATED = "2026-01-01T08:00:00Z"


@pytest.fixture
def now() -> list[pd.Timestamp]:
    return [pd.Timestamp("2026-03-01", tz="UTC")]


@pytest.fixture
def client(database: Database, now: list[pd.Timestamp]) -> Iterator[httpx.Client]:
    with live_service(database, clock=lambda: now[0]) as client:
        yield client


def put(client: httpx.Client, name: str = "o1", stage: str = "proposal") -> None:
    assert client.put(f"/v1/opportunities/{name}", json={"created_at": CREATED, "stage": stage}).status_code == 201


def say(client: httpx.Client, name: str = "o1", **more: Any) -> httpx.Response:
    body = {"person": "li.na", "probability": 0.2, "because": "the budget is cut"} | more
    return client.put(f"/v1/opportunities/{name}/judgement", json=body)


def enter(client: httpx.Client, name: str, stage: str, at: str, event_id: str | None = None) -> None:
    event = {"type": "stage_change", "opportunity_id": name, "stage": stage, "occurred_at": at}
    push(client, event | {"event_id": event_id or f"{name} {stage}"})


def shown(client: httpx.Client, name: str = "o1", **query: str) -> Any:
    return client.get(f"/v1/opportunities/{name}/score", params={"reasons": "false"} | query).json()["judgement"]


def test_a_judgement_stands_beside_the_score_and_changes_none(client: httpx.Client, now: list[pd.Timestamp]) -> None:
    put(client)
    before = client.get("/v1/opportunities/o1/score").json()
    answer = say(client, **{"class": "potential"})
    assert (answer.status_code, answer.json()["result"]) == (201, "created")
    said = answer.json()["judgement"]
    assert (said["win_probability"], said["class"], said["person"]) == (0.2, "potential", "li.na")
    assert said["model_win_probability"] == before["score"]["win_probability"]
    assert (said["model_class"], said["model_version"]) == (before["score"]["class"]["key"], "0")
    now[0] += pd.Timedelta(days=1)
    enter(client, "o1", "negotiation", "2026-03-01T12:00:00Z")
    after = client.get("/v1/opportunities/o1/score").json()
    assert after["score"]["win_probability"] == 0.75
    assert after["judgement"] == said, "it survives the next score, with what the model said then"


def test_the_same_again_is_a_duplicate_and_another_replaces_it(client: httpx.Client, now: list[pd.Timestamp]) -> None:
    put(client)
    say(client)
    assert (say(client).status_code, say(client).json()["result"]) == (200, "duplicate")
    now[0] += pd.Timedelta(days=1)
    say(client, probability=0.3)
    say(client, person="wang", probability=0.9)
    found = client.get("/v1/opportunities/o1/judgement").json()
    assert [(j["person"], j["win_probability"], j["withdrawn_at"] is None) for j in found["history"]] == [
        ("li.na", 0.2, False),
        ("li.na", 0.3, True),
        ("wang", 0.9, True),
    ]
    assert found["judgement"]["person"] == "wang"


def test_what_is_withdrawn_stays_in_the_history(client: httpx.Client, now: list[pd.Timestamp]) -> None:
    put(client)
    say(client)
    at = now[0] + pd.Timedelta(hours=1)
    now[0] += pd.Timedelta(days=1)
    found = client.delete("/v1/opportunities/o1/judgement", params={"person": "li.na"}).json()
    assert found["judgement"] is None
    assert len(found["history"]) == 1
    assert shown(client) is None
    assert shown(client, as_of=at.isoformat())["person"] == "li.na", "it stood then"
    assert client.delete("/v1/opportunities/o1/judgement").status_code == 404
    actions = [(c["action"], c["subject"]) for c in client.get("/v1/audit-log?after_seq=1").json()["commits"]]
    assert actions == [("put judgement", "o1"), ("withdraw judgement", "o1")]


def test_the_audit_log_is_read_from_its_end_and_by_who_did_what(client: httpx.Client) -> None:
    for number in range(4):
        put(client, f"o{number}")
    log = "/v1/audit-log?order=newest&limit=2"
    first = client.get(log).json()
    second = client.get(f"{log}&before_seq={first['next_before_seq']}").json()
    numbers = [commit["seq"] for commit in first["commits"] + second["commits"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 4
    enter(client, "o1", "negotiation", "2026-02-27T12:00:00Z")
    assert [c["action"] for c in client.get("/v1/audit-log?subject=o1").json()["commits"]] == [
        "put opportunity",
        "opportunity events",
    ]
    of_one = client.get("/v1/audit-log?subject=o1&action=put opportunity").json()
    assert [commit["subject"] for commit in of_one["commits"]] == ["o1"]
    assert of_one["next_after_seq"] is None
    assert client.get("/v1/audit-log?actor=nobody").json()["commits"] == []


def test_what_cannot_be_judged_is_refused(client: httpx.Client) -> None:
    assert say(client).status_code == 404
    put(client)
    wrong: list[dict[str, Any]] = [
        {"probability": None}, {"probability": 1.5}, {"because": ""}, {"class": "hot"}, {"person": "a\x00b"},
    ]  # fmt: skip
    assert [say(client, **more).status_code for more in wrong] == [422] * len(wrong)
    enter(client, "o1", "lost", "2026-02-01T08:00:00Z")
    closed = say(client)
    assert closed.status_code == 422
    assert "which is lost" in closed.json()["detail"]


def test_judgements_are_compared_with_what_became_of_them(client: httpx.Client, now: list[pd.Timestamp]) -> None:
    for name in ("won", "lost", "open", "class", "back", "late"):
        put(client, name)
    now[0] += pd.Timedelta(days=1)
    say(client, "won", probability=0.9)
    say(client, "lost", probability=0.8)
    say(client, "lost", probability=0.6, person="wang")
    say(client, "open")
    say(client, "class", probability=None, **{"class": "active"})
    say(client, "back")
    say(client, "late")
    now[0] += pd.Timedelta(days=1)
    client.delete("/v1/opportunities/back/judgement")
    now[0] += pd.Timedelta(days=2)
    for name, stage in (("won", "won"), ("lost", "lost"), ("class", "won"), ("back", "won")):
        enter(client, name, stage, "2026-03-04T08:00:00Z")
    enter(client, "late", "won", "2026-02-20T08:00:00Z")
    now[0] += pd.Timedelta(days=2)
    client.delete("/v1/opportunities/lost/judgement", params={"person": "li.na"})
    found = client.get("/v1/judgements/comparison").json()
    counts = {name: found[name] for name in ("still_open", "closed_before", "without_probability", "withdrawn")}
    assert counts == {"still_open": 1, "closed_before": 1, "without_probability": 1, "withdrawn": 1}
    overall = found["overall"]
    assert (overall["opportunities"], overall["won"]) == (3, 1)
    assert overall["person_brier"] == pytest.approx((0.1**2 + 0.8**2 + 0.6**2) / 3)
    assert overall["model_brier"] == pytest.approx(0.5**2)
    assert overall["person_log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.2) + np.log(0.4)) / 3)
    assert "too few" in overall["verdict"]["en"]
    assert "太少" in overall["verdict"]["zh-CN"]
    assert [(p["person"], p["opportunities"]) for p in found["people"]] == [("li.na", 2), ("wang", 1)]


def test_who_was_nearer_is_said_with_enough_and_not_by_chance() -> None:
    def judged(n: int, person: float, model: float) -> list[Judged]:
        return [Judged("p", abs(1 - i % 2 - person), abs(1 - i % 2 - model), i % 2 == 0) for i in range(n)]

    assert "too few" in compare(judged(ENOUGH_JUDGED - 1, 0.1, 0.4)).verdict.en
    assert compare(judged(ENOUGH_JUDGED, 0.1, 0.4)).verdict.en == "the person was nearer"
    assert compare(judged(ENOUGH_JUDGED, 0.4, 0.1)).verdict.en == "the model was nearer"
    assert compare(judged(15, 0.1, 0.4) + judged(16, 0.4, 0.1)).verdict.en == "neither was clearly nearer"
    certain = compare([Judged("p", 0.0, 0.5, True)])
    assert certain.person_log_loss == pytest.approx(-np.log(0.001))
    assert compare([]).verdict.en.startswith("0 closed")
