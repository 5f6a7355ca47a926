"""Inputs over HTTP and by the command, in real databases; and databases of the version before."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text

from api.cli import main
from api.store.inputs import read_inputs
from api.store.past_scores import past_scores
from api.store.tables import INPUTS, SCORES
from api.store.upgrade import _config, check_revision, revision_of, upgrade
from features.errors import DatabaseOutdatedError
from features.history.database.engine import Database
from features.history.database.tables import METADATA
from features.history.dated_inputs import holding
from features.instants import micros_of
from scoring.class_outcomes import class_outcomes
from tests.histories import at
from tests.pipelines_of_rows import deal, pipeline
from tests.services import NOW, live_service

QUARTER = {"period_start": "2026-01-01", "period_end": "2026-03-31"}
LAST_WEEK = (NOW - pd.Timedelta(days=7)).isoformat()


def test_what_is_told_is_listed_as_of_any_instant(database: Database) -> None:
    clock = [NOW]
    target = {"scope": "company", **QUARTER, "amount": 500000, "currency": "CNY", "valid_from": LAST_WEEK}
    with live_service(database, clock=lambda: clock[0]) as client:
        told = client.put("/v1/inputs/targets", json={"targets": [target]}).json()
        clock[0] = NOW + pd.Timedelta(days=1)
        again = client.put("/v1/inputs/targets", json={"targets": [target, target | {"amount": 700000}]}).json()
        amounts = [
            [row["amount"] for row in client.get("/v1/inputs/targets", params=when).json()["rows"]]
            for when in ({}, {"as_of": NOW.isoformat()}, {"as_of": LAST_WEEK}, {"valid_at": "2025-01-01T00:00:00Z"})
        ]
    assert (told["written"], told["duplicates"]) == (1, 0)
    assert (again["written"], again["duplicates"]) == (1, 1)
    assert amounts == [[700000], [500000], [], []]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("commits", {"owner_id": "o1", **QUARTER, "wins": 5}),
        ("teams", {"owner_id": "o1", "team": "north"}),
        ("rates", {"currency": "EUR", "to_currency": "CNY", "rate": 7.8}),
    ],
)
def test_every_kind_holds_from_when_it_is_told_unless_said(
    database: Database, kind: str, row: dict[str, object]
) -> None:
    with live_service(database) as client:
        assert client.put(f"/v1/inputs/{kind}", json={kind: [row]}).json()["written"] == 1
        [found] = client.get(f"/v1/inputs/{kind}", params={"as_of": NOW.isoformat()}).json()["rows"]
    assert {name: found[name] for name in row} == row
    assert pd.Timestamp(found["valid_from"]) == NOW


@pytest.mark.parametrize(
    ("kind", "row", "other"),
    [
        ("targets", {"scope": "team", "name": "north", **QUARTER, "wins": 5}, {"wins": 6}),
        ("commits", {"owner_id": "o1", **QUARTER, "amount": 5.5, "currency": "EUR"}, {"amount": None}),
        ("teams", {"owner_id": "o1", "team": "north"}, {"team": None}),
        ("rates", {"currency": "EUR", "to_currency": "CNY", "rate": 7.8}, {"rate": 7.9}),
    ],
)
def test_what_holds_already_is_a_duplicate(
    database: Database, kind: str, row: dict[str, object], other: dict[str, object]
) -> None:
    now = [NOW]

    def tell(*rows: dict[str, object]) -> tuple[int, int, int]:
        now[0] += pd.Timedelta(days=1)
        answer = client.put(f"/v1/inputs/{kind}", json={kind: list(rows)})
        assert answer.status_code == 200
        return answer.json()["written"], answer.json()["duplicates"], answer.json()["through_seq"]

    with live_service(database, clock=lambda: now[0]) as client:
        later = {"valid_from": "2099-01-01T00:00:00Z"}
        assert tell(row) == (1, 0, 1)
        assert tell(row) == (0, 1, 1), "another instant of telling is nothing new"
        assert tell(row, row | {"valid_from": None}) == (0, 2, 1)
        assert tell(row | other, row | other, row) == (0, 3, 1), "of one body the last counts"
        assert tell(row | other) == (1, 0, 2)
        assert tell(row) == (1, 0, 3), "it changes, and back"
        assert tell(row | other | later) == (1, 0, 4)
        assert tell(row) == (0, 1, 4), "what is to hold later does not hold yet"
        dated = row | {"valid_from": LAST_WEEK}
        assert tell(dated | other, dated) == (1, 1, 5), "from when it holds is something new"
        assert tell(dated | other, dated) == (0, 2, 5), "sent again it is not"
        found = client.get(f"/v1/inputs/{kind}").json()["rows"]
        commits = client.get("/v1/audit-log").json()["commits"]
    assert [{name: one[name] for name in row} for one in found] == [row]
    assert len(commits) == 5


def test_days_that_are_no_period_are_answered_with_a_note_and_printed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"scope": "company", "wins": 5} | QUARTER | {"period_end": "2026-03-30"}
    with live_service(database) as client:
        told = client.put("/v1/inputs/targets", json={"targets": [row]}).json()
        right = client.put("/v1/inputs/targets", json={"targets": [row | QUARTER]}).json()
    said = "a target of 5 wins for 2026-01-01 to 2026-03-30 matches no month, quarter or year and is not counted"
    assert [note["en"] for note in told["notes"]] == [f"{said}: it would have to end on 2026-03-31"]
    assert "应于2026-03-31结束" in told["notes"][0]["zh-CN"]
    assert (told["written"], right["notes"]) == (1, [])
    monkeypatch.setenv("DEALODDS_DATABASE_URL", f"sqlite:///{tmp_path}/deals.db")
    file = tmp_path / "targets.csv"
    file.write_text("scope,period_start,period_end,wins\ncompany,2026-01-01,2026-03-30,5\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["dealodds", "inputs", "import", "--kind", "targets", str(file)])
    with pytest.raises(SystemExit):
        main()
    printed = capsys.readouterr().out
    assert f"- {said}: it would have to end on 2026-03-31\n" in printed
    assert "应于2026-03-31结束" in printed


def test_what_is_wrong_is_named_and_nothing_is_written(database: Database) -> None:
    right = {"currency": "EUR", "to_currency": "CNY", "rate": 7.8}
    with live_service(database) as client:
        wrong = client.put("/v1/inputs/rates", json={"rates": [right, right | {"rate": 0}]})
        other = client.put("/v1/inputs/rates", json={"rates": [right | {"rat": 1}]})
        period = QUARTER | {"period_end": "2025-01-01"}
        backwards = client.put("/v1/inputs/commits", json={"commits": [{"owner_id": "o1", **period}]})
        unknown = client.get("/v1/inputs/wishes")
        rows = client.get("/v1/inputs/rates").json()["rows"]
    answers = (wrong, other, backwards, unknown)
    assert [answer.status_code for answer in answers] == [422] * 4
    assert wrong.json()["errors"][0]["pointer"] == "/rates/1/rate"
    assert other.json()["errors"][0]["do"] == "did you mean 'rate'?"
    assert "2026-01-01 to 2025-01-01" in backwards.json()["detail"]
    assert rows == []


def test_a_file_is_imported_once_with_the_instants_it_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEALODDS_DATABASE_URL", f"sqlite:///{tmp_path}/deals.db")
    monkeypatch.setenv("DEALODDS_TIME_ZONE", "Asia/Shanghai")
    file = tmp_path / "teams.csv"
    rows = ("o1,north,2025-01-01,2025-02-01", "o1,south,2025-01-01,2025-03-01")
    file.write_text("\n".join(["owner_id,team,valid_from,recorded_at", *rows]), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["dealodds", "inputs", "import", "--kind", "teams", str(file)])
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit):
            main()
        said.append(capsys.readouterr().out.split(" in ")[0])
    assert said == ["2 rows of teams written", "0 rows of teams written"]
    database = Database(f"sqlite:///{tmp_path}/deals.db")
    with database.reading() as connection:
        inputs = read_inputs(connection)
    database.close()
    days = ("2025-01-31T15:00Z", "2025-01-31T16:00Z", "2025-02-28T16:00Z")
    known = [holding(inputs, "teams", pd.Timestamp(day))["team"].tolist() for day in days]
    assert known == [[], ["north"], ["south"]], "what was told of one instant twice stays so"


def test_scores_that_were_kept_tell_what_became_of_the_classes(database: Database) -> None:
    row = {"opportunity_id": "a", "model_version": "1", "through_seq": 1, "status": "scored", "outcome": "open"}
    row |= {"low": None, "high": None, "segment": None, "probability": 0.4, "opportunity_class": "active"}
    kept = [
        row | {"as_of": micros_of(at(day)), "is_shadow": shadow, "was_served": not shadow}
        for day, shadow in ((1, False), (2, True), (50, False))
    ]
    with database.changing() as connection:
        connection.execute(insert(SCORES), kept)
    with database.reading() as connection:
        past = past_scores(connection, at(40))
    assert past["as_of"].tolist() == [at(1)]
    found = class_outcomes(pipeline([deal("a", ("identified", 0), ("won", 30))]), past, horizon_days=60)
    assert found[0].within == {"won": 1, "lost": 0, "open": 0}


def test_a_database_of_the_version_before_is_upgraded_with_what_is_in_it(database: Database) -> None:
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.execute(text("INSERT INTO commits VALUES (1, 5, 'CRM', 'events', NULL, 1)"))
        scores = "INSERT INTO scores VALUES ('o1', {}, '0', 1, 'ok', 'open', 0.5, NULL, NULL, NULL, NULL, {})"
        for as_of, is_shadow in ((4, "false"), (5, "false"), (6, "true")):
            connection.execute(text(scores.format(as_of, is_shadow)))
        connection.execute(text("INSERT INTO keys VALUES ('k1', 'CRM', 'd', 'read', 5, NULL, NULL)"))
    assert not set(inspect(database.engine).get_table_names()) & {table.name for table in INPUTS.values()}
    with pytest.raises(DatabaseOutdatedError, match="0001"):
        check_revision(database)
    assert upgrade(database) == ("0001", "0006")
    with database.reading() as connection:
        kept = [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in ("commits", "keys")]
        served = connection.execute(select(SCORES.c.as_of, SCORES.c.was_served).order_by(SCORES.c.as_of)).all()
        assert {name: len(frame) for name, frame in read_inputs(connection).frames.items()} == dict.fromkeys(INPUTS, 0)
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert served == [(4, False), (5, True), (6, False)], "what knew a later commit was worked out later"
    assert (kept, revision_of(database)) == ([1, 1], "0006")


def test_help_lists_the_columns_of_every_kind_in_both_languages_with_an_example(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["inputs", "--help"], ["inputs", "import", "--help"]):
        monkeypatch.setattr(sys, "argv", ["dealodds", *words])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr().out
        for line in (
            "commits · 销售承诺\n",
            "owner_id · 负责人: whose commit it is (needed)\n",
            "owner_03,2026-04-01,2026-04-30,80000,CNY\n",
            "EUR,CNY,7.8,2026-04-01\n",
            "valid_from · 生效时间: from when it holds; now when the column is left out\n",
        ):
            assert line in said
