"""A history written into a database and read again is the same history, on both databases."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from api.schemas import Opportunity
from features.errors import DataError
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.reads import Cut, opportunity_known, request_of
from features.history.history import History
from features.history.live import live_request, opportunity_to_request
from features.history.live_rules import Rules
from features.instants import micros
from features.snapshots import build_snapshots, catalogue_of
from training.grid import open_at

NOW = pd.Timestamp("2026-06-01", tz="UTC")


@pytest.fixture
def imported(database: Database, simulated: History) -> Database:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulated)
    return database


def test_a_history_from_a_database_gives_the_same_snapshots(imported: Database, simulated: History) -> None:
    read = history_of(imported)
    early = pd.Timestamp("2025-06-01", tz="UTC")
    for at in (early, simulated.observed_until):
        keys = open_at(simulated, micros(pd.Index([at])))
        pd.testing.assert_frame_equal(build_snapshots(read, keys), build_snapshots(simulated, keys))
    assert read.collected == simulated.collected
    assert read.origin == "simulated"


def test_one_opportunity_read_alone_gives_the_snapshot_of_its_recorded_history(
    imported: Database, simulated: History
) -> None:
    at = pd.Timestamp("2025-09-01", tz="UTC")
    catalogue = catalogue_of(simulated)
    rules = Rules(at, simulated.processes, catalogue)
    keys = open_at(simulated, micros(pd.Index([at])))[:40]
    with imported.reading() as connection:
        cut = Cut(int(micros(pd.Index([at]))[0]), last_commit(connection)[0])
        description = read_description(connection, cut.recorded_by, cut.through_seq)
        for name in keys["opportunity_id"]:
            known = opportunity_known(connection, name, cut)
            assert known is not None
            sent = json.dumps(opportunity_to_request(simulated, name, at, catalogue))
            wanted = Opportunity.model_validate_json(sent).model_dump()
            _assert_same_snapshot(request_of(known, description, rules), wanted, rules)


def _assert_same_snapshot(read: dict[str, object], wanted: dict[str, object], rules: Rules) -> None:
    key = pd.DataFrame({"opportunity_id": [read["opportunity_id"]], "as_of": [rules.as_of]})
    built = [
        build_snapshots(live_request([raw], rules.as_of, rules.processes, rules.catalogue).groups[0].history, key)
        for raw in (read, wanted)
    ]
    pd.testing.assert_frame_equal(*built)


def test_a_database_with_opportunities_is_not_written_over(imported: Database, simulated: History) -> None:
    with (
        pytest.raises(DataError, match="a database with opportunities"),
        imported.writing("test", "import", lambda: NOW) as writing,
    ):
        write_into(writing, simulated)
    assert len(history_of(imported).opportunities) == len(simulated.opportunities)


def test_an_empty_database_is_no_history(database: Database) -> None:
    with pytest.raises(DataError, match="no opportunity"):
        history_of(database)
