"""Events of one instant count in the order in which they were told: read alone, in training, in the past, imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from api.schemas import Opportunity
from features.as_of import known_as_of
from features.history.database.as_request import request_of
from features.history.database.bulk_reads import opportunities_known
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.reads import Cut
from features.history.database.writes import append_events, put_opportunity
from features.history.directory import read_history, write_history
from features.history.history import History
from features.history.live import live_request, request_body
from features.history.live_rules import Rules
from features.instants import micros_of
from features.snapshots import build_snapshots, catalogue_of
from tests.databases import upgraded

CREATED, AT, NOW = (pd.Timestamp(day, tz="UTC").as_unit("us") for day in ("2026-01-01", "2026-02-01", "2026-03-01"))
NAMES = ["o1", "o2", "o3", "o4"]


def stages(name: str, *keys: str) -> list[dict[str, Any]]:
    return [{"type": "stage_change", "opportunity_id": name, "stage": key} for key in keys]


def values(name: str, field: str, *told: Any) -> list[dict[str, Any]]:
    return [{"type": "field_change", "opportunity_id": name, "field": field, "value": value} for value in told]


TOLD = [
    *stages("o1", "won", "proposal"),
    *stages("o2", "negotiation", "contacted"),
    *stages("o3", "proposal", "negotiation", "proposal"),
    *values("o1", "amount", 100, 80),
    *values("o2", "amount", 80, 100, 80),
    *values("o3", "owner", "b", "a", "b"),
    *stages("o4", "proposal", "won"),
    *values("o4", "need", "yes", "no"),
]


def tell(database: Database) -> None:
    with database.writing("test", "put", lambda: CREATED) as writing:
        for name in NAMES:
            put_opportunity(writing, name, {"created_at": CREATED.to_pydatetime(), "stage": "identified"})
    events = [one | {"event_id": f"e{place}", "occurred_at": AT.to_pydatetime()} for place, one in enumerate(TOLD)]
    with database.writing("test", "events", lambda: NOW) as writing:
        assert [one.error for one in append_events(writing, events)] == [None] * len(events)


def asked(days: int) -> tuple[pd.DataFrame, pd.Timestamp]:
    as_of = NOW + pd.Timedelta(days=days)
    return pd.DataFrame({"opportunity_id": NAMES, "as_of": as_of}), as_of


def test_the_last_that_was_told_of_an_instant_holds(database: Database) -> None:
    tell(database)
    found = build_snapshots(history_of(database), asked(1)[0]).set_index(pd.Index(NAMES))
    assert found["stage"].tolist() == ["proposal", "contacted", "proposal", "won"]
    assert found["times_reopened"].tolist() == [1, 0, 0, 0]
    assert found["moves_backward"].tolist() == [0, 1, 1, 0]
    assert found["amount"].tolist()[:2] == [80, 80]
    assert found["amount_to_first"].tolist()[:2] == [0.8, 1.0]
    assert found["need"].tolist()[3] == 0, "no"


def test_it_is_the_same_read_alone_in_training_in_the_past_and_imported(database: Database, tmp_path: Path) -> None:
    tell(database)
    whole = history_of(database)
    write_history(whole, tmp_path / "history")
    with upgraded(f"sqlite:///{tmp_path}/again.db") as other:
        with other.writing("test", "import", lambda: NOW + pd.Timedelta(hours=1)) as writing:
            write_into(writing, read_history(tmp_path / "history"))
        keys, as_of = asked(1)
        found = build_snapshots(whole, keys, catalogue_of(whole))
        for same in (history_of(other), known_as_of(whole, as_of), live(database, as_of), live(other, as_of)):
            pd.testing.assert_frame_equal(build_snapshots(same, keys, catalogue_of(whole)), found)
    body = request_body(whole, NAMES, as_of)["opportunities"]
    sent = [Opportunity.model_validate_json(json.dumps(one)).plain() for one in body]
    (group,) = live_request(sent, as_of, whole.processes, catalogue_of(whole)).groups
    pd.testing.assert_frame_equal(build_snapshots(group.history, keys, catalogue_of(whole)), found)


def live(database: Database, as_of: pd.Timestamp) -> History:
    """The opportunities as the service scores them."""
    whole = history_of(database)
    rules = Rules(as_of, whole.processes, catalogue_of(whole))
    with database.reading() as connection:
        description = read_description(connection)
        known = opportunities_known(connection, NAMES, Cut(micros_of(as_of), last_commit(connection)[0]))
    raw = [request_of(one, description, rules) for one in known.values()]
    (group,) = live_request(raw, as_of, rules.processes, rules.catalogue).groups
    return group.history
