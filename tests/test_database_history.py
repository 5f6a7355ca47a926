"""A history written into a database and read again is the same history, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.schemas import Opportunity
from features.as_of import known_as_of
from features.errors import DataError
from features.history.database.as_request import request_of
from features.history.database.bulk_reads import opportunities_known
from features.history.database.description import read_description
from features.history.database.engine import Database, Writing, last_commit
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.reads import Cut, opportunity_known
from features.history.database.writes import append_events, put_account, put_contact, put_opportunity
from features.history.directory import read_history, write_history
from features.history.history import History
from features.history.live import live_request, opportunity_to_request
from features.history.live_rules import Rules
from features.instants import micros
from features.newest_record import days_since_newest_record
from features.past_results import recorded_results
from features.segment import segment_column
from features.snapshots import build_snapshots, catalogue_of
from tests.databases import upgraded
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


def test_many_opportunities_read_at_once_are_known_like_each_alone(imported: Database, simulated: History) -> None:
    at = pd.Timestamp("2025-09-01", tz="UTC")
    names = [*simulated.opportunities["opportunity_id"][:150], "of-nobody"]
    with imported.writing("test", "merges", lambda: NOW) as writing:
        _tell_of_merges_and_moves(writing, simulated)
    with imported.reading() as connection:
        seq, last = last_commit(connection)
        for cut in (Cut(int(micros(pd.Index([at]))[0]), seq), Cut(last, seq), Cut(last, seq - 1)):
            alone = {name: opportunity_known(connection, name, cut) for name in names}
            together = opportunities_known(connection, names, cut)
            assert together == {name: known for name, known in alone.items() if known is not None}
        assert len(together) == 150
        assert any(len(known.accounts) > 1 for known in opportunities_known(connection, names, Cut(last, seq)).values())


def _tell_of_merges_and_moves(writing: Writing, simulated: History) -> None:
    """Accounts merged, an opportunity moved, and a visit and a new role told of an account."""
    rows = simulated.opportunities.dropna(subset="account_id").drop_duplicates("account_id")
    first, second, third = rows["account_id"][:3]
    person = simulated.contacts["contact_id"].iloc[0]
    bodies = [
        {"type": "merge", "account_id": first, "into": second},
        {"type": "merge", "account_id": third, "into": first},
        {
            "type": "field_change",
            "opportunity_id": rows["opportunity_id"].iloc[5],
            "field": "account_id",
            "value": third,
        },
        {"type": "activity", "account_id": third, "kind": "site_visit"},
        {"type": "activity", "account_id": first, "kind": "site_visit"},
        {"type": "field_change", "contact_id": person, "field": "role", "value": "technical_evaluator"},
    ]
    written = append_events(writing, [{"event_id": f"m{place}"} | body for place, body in enumerate(bodies)])
    assert [one.error for one in written] == [None] * len(bodies)


def test_merged_and_moved_opportunities_are_read_alone_as_in_the_recorded_history(
    imported: Database, simulated: History
) -> None:
    _tell_of_regions_and_merges(imported)
    history = history_of(imported)
    rules = Rules(NOW + pd.Timedelta(days=1), simulated.processes, catalogue_of(simulated))
    with imported.reading() as connection:
        cut = Cut(int(micros(pd.Index([rules.as_of]))[0]), last_commit(connection)[0])
        description = read_description(connection, cut.recorded_by, cut.through_seq)
        many = opportunities_known(connection, ["o1", "o2", "o3"], cut)
        for name, region in (("o1", "west"), ("o2", "west"), ("o3", "south")):
            known = opportunity_known(connection, name, cut)
            assert known == many[name]
            assert known is not None
            read = request_of(known, description, rules)
            sent = json.dumps(opportunity_to_request(history, name, rules.as_of, rules.catalogue))
            _assert_same_snapshot(read, Opportunity.model_validate_json(sent).model_dump(), rules)
            assert read["account"]["region"] == region
            assert segment_column(history, "region")[history.opportunities["opportunity_id"] == name].item() == region
            assert known.contacts["stranger"] == "decision_maker"
    assert history.opportunities.set_index("opportunity_id")["account_id"][["o1", "o2", "o3"]].tolist() == [
        "c",
        "c",
        "d",
    ]


def _tell_of_regions_and_merges(database: Database) -> None:
    """Accounts a, b and c that are one under the name c, told of first as in the west; o3 is moved to d."""

    def put(write: Callable[..., object], name: str, **body: object) -> None:
        with database.writing("test", "put", lambda: NOW) as writing:
            write(writing, name, {"created_at": NOW.to_pydatetime()} | body)

    for name, region in (("b", "west"), ("a", "north"), ("c", "north"), ("d", "south")):
        put(put_account, name, region=region)
    put(put_contact, "stranger", role="user")
    for name, account in (("o1", "a"), ("o2", "b"), ("o3", "a")):
        put(put_opportunity, name, account_id=account, stage="contacted")
    bodies: list[dict[str, object]] = [
        {"type": "merge", "account_id": "a", "into": "b"},
        {"type": "merge", "account_id": "a", "into": "c"},
        {"type": "field_change", "opportunity_id": "o3", "field": "account_id", "value": "d"},
        {"type": "field_change", "contact_id": "stranger", "field": "role", "value": "decision_maker"},
        {"type": "activity", "account_id": "b", "kind": "site_visit"},
    ]
    bodies += [
        {"type": "activity", "opportunity_id": name, "kind": "call", "contact_id": "stranger"}
        for name in ("o1", "o2", "o3")
    ]
    with database.writing("test", "events", lambda: NOW) as writing:
        written = append_events(writing, [{"event_id": f"g{place}"} | body for place, body in enumerate(bodies)])
    assert [one.error for one in written] == [None] * len(bodies)


def test_events_of_one_commit_are_in_the_order_in_which_they_were_sent_in_every_database(
    imported: Database, simulated: History
) -> None:
    name = simulated.opportunities["opportunity_id"][0]
    ids = ["b", "C", "A", "d"]
    told = [{"event_id": one, "type": "activity", "opportunity_id": name, "kind": "site_visit"} for one in ids]
    with imported.writing("test", "events", lambda: NOW) as writing:
        append_events(writing, told)
    with imported.reading() as connection:
        cut = Cut(int(micros(pd.Index([NOW]))[0]) + 10, last_commit(connection)[0])
        for known in (opportunity_known(connection, name, cut), opportunities_known(connection, [name], cut)[name]):
            assert known is not None
            assert [event.event_id for event in known.events if event.event_id in ids] == ids


def test_what_was_told_late_at_one_instant_keeps_its_order_in_a_folder_and_in_another_database(
    database: Database, tmp_path: Path
) -> None:
    created = pd.Timestamp("2026-01-01", tz="UTC")
    late = {"opportunity_id": "o1", "occurred_at": pd.Timestamp("2026-02-01", tz="UTC").to_pydatetime()}
    visits = [{"type": "activity", "kind": "site_visit", "topic": topic, "event_id": topic} for topic in "zCab"]
    stages = [{"type": "stage_change", "stage": stage, "event_id": stage} for stage in ("proposal", "contacted")]
    needs = [{"type": "assessment", "field": "need", "value": v, "event_id": v} for v in ("yes", "no", "partly")]
    with database.writing("test", "put", lambda: created) as writing:
        put_opportunity(writing, "o1", {"created_at": created.to_pydatetime(), "stage": "identified"})
    for told in (visits[:3], stages, needs[:2], [visits[3], needs[2]]):
        with database.writing("test", "events", lambda: NOW) as writing:
            assert [one.error for one in append_events(writing, [one | late for one in told])] == [None] * len(told)
    whole = history_of(database)
    write_history(whole, tmp_path / "history")
    with upgraded(f"sqlite:///{tmp_path}/again.db") as other:
        with other.writing("test", "import", lambda: NOW + pd.Timedelta(days=1)) as writing:
            write_into(writing, read_history(tmp_path / "history"))
        again = history_of(other)
        with other.reading() as connection:
            known = opportunity_known(connection, "o1", Cut(*last_commit(connection)[::-1]))
    for name, frame in whole.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], frame)
    assert known is not None
    for kind, names in (("activity", ["z", "C", "a", "b"]), ("stage", ["identified", "proposal", "contacted"])):
        read = [event.topic or event.name for event in known.events if event.kind == kind]
        assert read == names
    assert [event.value for event in known.events if event.kind == "field"] == ["yes", "no", "partly"]


FIRST = {"product": "basic", "team": "north", "account_id": "a"}


def _told_over_time(database: Database) -> list[pd.Timestamp]:
    """Opportunities whose columns and accounts are told anew, some when they are won; one instant for each step."""
    days = [pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=10 * step) for step in range(8)]

    def put(day: pd.Timestamp, name: str, **body: object) -> None:
        with database.writing("test", "put", lambda: day) as writing:
            put_opportunity(writing, name, {"created_at": day.to_pydatetime(), "stage": "contacted"} | body)

    def tell(step: int, *bodies: dict[str, object]) -> None:
        named = [{"event_id": f"{step}-{place}", "occurred_at": days[step]} | body for place, body in enumerate(bodies)]
        with database.writing("test", "events", lambda: days[step]) as writing:
            assert [one.error for one in append_events(writing, named)] == [None] * len(bodies)

    put(days[0], "o1", **FIRST)
    put(days[0], "o2", account_id="b", product="suite", currency="CNY")
    put(days[0], "o3", account_id="c")
    visits = [{"type": "activity", "account_id": name, "kind": "site_visit"} for name in ("a", "b", "c", "d")]
    change = {"type": "field_change", "opportunity_id": "o1"}
    tell(1, *visits, {"type": "stage_change", "opportunity_id": "o2", "stage": "won"})
    tell(2, change | {"field": "product", "value": "suite"}, change | {"field": "team", "value": None})
    later = {"field": "created_at", "value": "2026-01-05T08:00:00+08:00"}
    tell(2, {"type": "field_change", "event_id": "o3-created", "opportunity_id": "o3"} | later)
    tell(3, {"type": "merge", "account_id": "a", "into": "b"}, {"type": "activity", "account_id": "a", "kind": "call"})
    tell(4, {"type": "stage_change", "opportunity_id": "o1", "stage": "won"}, *visits)
    tell(5, change | {"event_id": "o1-created", "field": "created_at", "value": "2025-12-01T00:00:00Z"})
    tell(5, {"type": "field_change", "opportunity_id": "o3", "field": "account_id", "value": "d"})
    tell(6, {"type": "merge", "account_id": "b", "into": "d"}, visits[1])
    put(days[6], "o4", account_id="a", product="suite", channel="web")
    tell(7, visits[0], {"type": "field_change", "opportunity_id": "o4", "field": "channel", "value": "fair"})
    return [day + pd.Timedelta(hours=1) for day in days]


def test_what_is_told_anew_counts_from_when_it_was_told(database: Database) -> None:
    days = _told_over_time(database)
    with database.reading() as connection:
        seq = last_commit(connection)[0]
    whole, catalogue = history_of(database), catalogue_of(history_of(database))
    seen = set()
    for day in days:
        then = history_of(database, Cut(int(micros(pd.Index([day]))[0]), seq))
        keys = pd.DataFrame({"opportunity_id": then.opportunities["opportunity_id"], "as_of": day})
        found = build_snapshots(whole, keys, catalogue)
        pd.testing.assert_frame_equal(found, build_snapshots(then, keys, catalogue))
        pd.testing.assert_frame_equal(found, build_snapshots(known_as_of(whole, day), keys, catalogue))
        if then.collected:
            np.testing.assert_array_equal(days_since_newest_record(whole, keys), days_since_newest_record(then, keys))
        seen |= set(found["product_win_lift"].dropna()) | set(found["account_wins"].dropna())
        named = known_as_of(whole, day).opportunities.set_index("opportunity_id")
        assert named["product"]["o1"] == ("basic" if day < days[2] else "suite")
        assert named["created_at"]["o1"] == (
            days[0].floor("D") if day < days[5] else pd.Timestamp("2025-12-01", tz="UTC")
        )
        assert named["created_at"]["o3"] == (
            days[0].floor("D") if day < days[2] else pd.Timestamp("2026-01-05", tz="UTC")
        )
        aged = found["days_since_created"].iloc[0]
        assert aged == pytest.approx((day - named["created_at"]["o1"]) / pd.Timedelta(days=1))
        assert named["account_id"]["o1"] == ("a" if day < days[3] else "b" if day < days[6] else "d")
    assert {0.0, 1.0, 2.0} < seen


def test_what_is_told_anew_is_read_alone_as_in_the_recorded_history(database: Database) -> None:
    days = _told_over_time(database)
    whole = history_of(database)
    catalogue, past = catalogue_of(whole), recorded_results(whole)
    with database.reading() as connection:
        seq = last_commit(connection)[0]
        description = read_description(connection)
        for day in days:
            cut, rules = Cut(int(micros(pd.Index([day]))[0]), seq), Rules(day, whole.processes, catalogue)
            many = opportunities_known(connection, ["o1", "o2", "o3", "o4"], cut)
            for name, known in many.items():
                assert known == opportunity_known(connection, name, cut)
                raw = request_of(known, description, rules)
                live = live_request([raw], day, rules.processes, catalogue).groups[0].history
                key = pd.DataFrame({"opportunity_id": [name], "as_of": [day]})
                pd.testing.assert_frame_equal(
                    build_snapshots(live, key, catalogue, past), build_snapshots(whole, key, catalogue, past)
                )
                np.testing.assert_array_equal(
                    days_since_newest_record(live, key), days_since_newest_record(whole, key), name
                )


def test_what_was_told_anew_stays_so_in_a_folder_and_in_another_database(database: Database, tmp_path: Path) -> None:
    days = _told_over_time(database)
    whole = history_of(database)
    write_history(whole, tmp_path / "history")
    with upgraded(f"sqlite:///{tmp_path}/again.db") as other:
        with other.writing("test", "import", lambda: NOW) as writing:
            write_into(writing, read_history(tmp_path / "history"))
        again = history_of(other)
    names = whole.opportunities["opportunity_id"]
    for day in days[3:]:
        keys = pd.DataFrame({"opportunity_id": names[:3], "as_of": day})
        found = build_snapshots(whole, keys)
        pd.testing.assert_frame_equal(build_snapshots(read_history(tmp_path / "history"), keys), found)
        pd.testing.assert_frame_equal(build_snapshots(again, keys), found)
