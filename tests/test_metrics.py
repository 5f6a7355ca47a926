"""What an operator reads at /metrics: requests, scores, the model, freshness, the outbox, and live calibration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Table, insert

from api.store.figures import live_calibration
from api.store.tables import LISTS, OUTBOX, SCORES
from features.history.database.engine import Database
from features.instants import DAY, SECOND, micros
from tests.services import NOW, ask, opportunity, push, service

TODAY = int(micros(pd.Index([NOW]))[0])


def _metrics(client: httpx.Client) -> dict[str, float]:
    """Samples by name and labels."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = [s for family in text_string_to_metric_families(answer.text) for s in family.samples]
    return {" ".join([s.name, *(f"{k}={v}" for k, v in sorted(s.labels.items()))]): s.value for s in found}


def _score(name: str, days_ago: float, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("outcome", "probability", "low", "high", "opportunity_class", "segment"))
    key = {"opportunity_id": name, "as_of": int(TODAY - days_ago * DAY), "model_version": "1", "through_seq": 1}
    return empty | key | {"status": "scored", "is_shadow": False, "was_served": not more.get("is_shadow")} | more


def _put(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    with database.changing() as connection:
        connection.execute(insert(table), list(rows))


def test_requests_are_counted_by_the_template_of_their_route_and_scores_by_class_and_status() -> None:
    with service(None) as client:
        ask(client, opportunity(), opportunity(opportunity_id="o2", stage="won"))
        ask(client, opportunity(stage="nonsense"))
        client.get("/v1/nowhere/customer-17")
        client.request("PROPFIND", "/healthz")
        found = _metrics(client)
    assert found["dealodds_requests_total method=POST route=/v1/scores status=200"] == 1
    assert found["dealodds_requests_total method=POST route=/v1/scores status=422"] == 1
    assert found["dealodds_requests_total method=GET route=none status=404"] == 1
    assert found["dealodds_requests_total method=other route=/healthz status=405"] == 1
    assert found["dealodds_request_seconds_count method=POST route=/v1/scores"] == 2
    assert found["dealodds_scores_total opportunity_class=none status=closed"] == 1
    assert sum(value for name, value in found.items() if name.startswith("dealodds_scores_total")) == 2
    assert found["dealodds_model_info origin=untrained version=0"] == 1
    assert not [name for name in found if "customer" in name or "BREW" in name]


def test_a_champion_that_does_not_load_is_counted(tmp_path: Path) -> None:
    with service(tmp_path) as client:
        found = _metrics(client)
    assert (found["dealodds_champion_loads_failed_total"], found["dealodds_champion_loaded"]) == (1, 0)


def test_the_age_of_the_list_and_the_depth_of_the_outbox_are_told(database: Database) -> None:
    current = {"model_version": "1", "as_of": TODAY - 90 * SECOND, "through_seq": 0}
    _put(database, LISTS, current | {"state": "old", "as_of": TODAY}, current | {"state": "current"})
    message = {"webhook_id": "w", "subject": "o1", "event": "class", "payload": "{}", "attempts": 0}
    message |= {"next_attempt_at": TODAY, "delivered_at": None, "given_up_at": None, "last_answer": None}
    for place, (age, more) in enumerate(
        [(50, {}), (20, {}), (80, {"delivered_at": TODAY}), (70, {"given_up_at": TODAY})]
    ):
        _put(
            database,
            OUTBOX,
            message | {"message_id": str(place), "place": place, "created_at": TODAY - age * SECOND} | more,
        )
    with service(None, database=database) as client:
        found = _metrics(client)
    assert (found["dealodds_database_up"], found["dealodds_list_age_seconds"]) == (1, 90)
    assert (found["dealodds_outbox_waiting"], found["dealodds_outbox_oldest_seconds"]) == (2, 50)
    assert found["dealodds_outbox_given_up"] == 1


def test_live_calibration_judges_the_last_probability_30_days_before_the_first_close(database: Database) -> None:
    rows = [
        _score("won", 60, probability=0.1),
        _score("won", 41, probability=0.8),
        _score("won", 39, probability=0.99),  # within 30 days of the close
        _score("won", 41, probability=0.3, model_version="2", is_shadow=True),
        _score("won", 10, outcome="won"),
        _score("won", 5, outcome="lost"),  # reopened since: the first close counts
        _score("lost", 100, probability=0.4),
        _score("lost", 35, status="little_data"),  # no probability
        _score("lost", 1, outcome="lost"),
        _score("open", 100, probability=0.5),
        _score("quick", 20, probability=0.5),  # nothing was said 30 days before
        _score("quick", 2, outcome="won"),
        _score("long ago", 500, probability=0.5),
        _score("long ago", 400, outcome="won"),
        _score("long ago", 3, outcome="won"),  # scored again, closed long ago
        _score("shadow", 50, probability=0.5),
        _score("shadow", 3, outcome="won", is_shadow=True),
    ]
    _put(database, SCORES, *rows)
    with database.reading() as connection:
        found = live_calibration(connection, NOW)
        assert (found.opportunities, found.actual_wins) == (2, 1)
        assert found.expected_wins == pytest.approx(1.2)
        assert found.brier == pytest.approx((0.2**2 + 0.4**2) / 2)
    with service(None, database=database) as client:
        metrics = _metrics(client)
    assert metrics["dealodds_live_expected_wins"] == pytest.approx(1.2)
    assert metrics["dealodds_live_brier"] == pytest.approx(0.1)


def test_without_any_close_there_is_no_brier_score(database: Database) -> None:
    with database.reading() as connection:
        found = live_calibration(connection, NOW)
    assert (found.opportunities, found.brier) == (0, None)


def test_events_that_wait_and_events_that_are_refused_are_counted_without_what_was_sent(database: Database) -> None:
    secret = "secret-of-a-customer"
    change = {"type": "stage_change", "stage": "proposal", "occurred_at": "2026-03-31T11:00:00Z"}
    with service(None, database=database) as client:
        assert _metrics(client)["dealodds_events_waiting"] == 0
    with service(None, database=database) as client:
        client.put("/v1/opportunities/o1", json={"created_at": "2026-01-01T08:00:00Z"})
        push(
            client,
            change | {"event_id": "e1", "opportunity_id": "never told"},
            change | {"event_id": "e2", "opportunity_id": "never told"},
            change | {"event_id": "e3", "opportunity_id": "another"},
            change | {"event_id": "e4", "opportunity_id": "o1"},
            change | {"event_id": "e4", "opportunity_id": "o1", "stage": "won"},
            change | {"event_id": "e5", "opportunity_id": "o1", "stage": secret},
            change | {"event_id": "e6", "opportunity_id": "o1", secret: 1},
            change | {"event_id": "e7", "opportunity_id": "o1", "occurred_at": secret},
            {"type": secret},
        )
        found, text = _metrics(client), client.get("/metrics").text
    refused = {name: value for name, value in found.items() if name.startswith("dealodds_events_refused_total")}
    assert {name.partition(" ")[2]: value for name, value in refused.items()} == {
        "field=event_id reason=conflict": 1,
        "field=stage reason=content": 1,
        "field=other reason=schema": 1,
        "field=occurred_at reason=schema": 1,
        "field=type reason=schema": 1,
    }
    waiting = ("events_waiting", "events_waiting_opportunities")
    assert [found[f"dealodds_{name}"] for name in waiting] == [3, 2]
    assert abs(found["dealodds_events_waiting_oldest_seconds"]) < 1
    assert secret not in text
