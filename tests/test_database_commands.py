"""The database's own commands, on SQLite and PostgreSQL: upgrade, status, backup, restore, import, and --history."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import insert, select

from api.cli import main
from api.store.keys import all_keys, create_key
from api.store.tables import SCORES
from features.history.database.engine import Database
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.tables import EVENTS
from features.history.directory import write_history
from features.history.history import History
from features.instants import micros_of
from tests.databases import PostgresServer, upgraded

NOW = pd.Timestamp("2026-06-01", tz="UTC")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command against a database; gives exit code, output and errors."""
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path / "home"))

    def run(url: str, *words: object) -> tuple[int, str, str]:
        monkeypatch.setenv("DEALODDS_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def fresh(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Makes URLs of databases that have no tables yet, of the kind of ``database``."""
    if database.is_sqlite:
        yield lambda name: f"sqlite:///{tmp_path}/new/{name}.db"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    made: list[str] = []

    def make(name: str) -> str:
        made.append(f"{name}_{uuid.uuid4().hex}")
        return server.create(made[-1])

    yield make
    for name in made:
        server.drop(name)


def _url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")


def _events(url: str) -> list[tuple[object, ...]]:
    database = Database(url)
    with database.reading() as connection:
        rows = [tuple(row) for row in connection.execute(select(EVENTS).order_by(EVENTS.c.event_id))]
    database.close()
    return rows


def test_a_new_database_is_made_and_told_of(run: Run, fresh: Callable[[str], str]) -> None:
    url = fresh("made")
    refused = run(url, "database", "status")
    assert refused[0] == 1
    assert run(url, "database", "upgrade")[:2] == (0, f"{_shown(url)}: revision 0006, is new\n")
    assert run(url, "database", "upgrade")[1] == f"{_shown(url)}: revision 0006, nothing to do\n"
    code, out, _ = run(url, "database", "status")
    assert (code, "revision 0006, 0 writes\n0 opportunities, 0 events" in out) == (0, True)


def _shown(url: str) -> str:
    database = Database(url)
    database.close()
    return database.name


def test_keys_are_made_listed_and_revoked(run: Run, database: Database) -> None:
    url = _url(database)
    code, key, said = run(url, "keys", "create", "--name", "the CRM", "--scope", "read,write")
    assert (code, key.startswith("dok_"), "shown this once" in said) == (0, True, True)
    key_id = all_keys(database)[0].grant.key_id
    listed = run(url, "keys", "list")[1]
    assert listed.startswith(f"{key_id}  read,write")
    assert "never used" in listed
    assert key.strip() not in listed
    assert run(url, "keys", "revoke", key_id)[0] == 0
    assert "revoked 20" in run(url, "keys", "list")[1]
    assert run(url, "keys", "revoke", key_id)[0] == 1
    assert run(url, "keys", "create", "--name", "x", "--scope", "all")[0] == 1


@pytest.fixture
def filled(database: Database, simulated: History) -> Database:
    with database.writing("test", "import", lambda: NOW) as writing:
        write_into(writing, simulated)
    create_key(database, "the CRM", ["read"], "test", lambda: NOW)
    return database


def test_what_is_restored_from_a_backup_is_what_was_there(
    run: Run, filled: Database, fresh: Callable[[str], str], tmp_path: Path
) -> None:
    url, file = _url(filled), tmp_path / "backups" / "deals.backup"
    before, keys = _events(url), all_keys(filled)
    with filled.changing():  # a writer does not stand in the way
        code, _, err = run(url, "database", "backup", file)
    assert code == 0, err
    assert file.stat().st_mode & 0o077 == 0
    assert run(url, "database", "backup", file)[0] == 1
    assert [left.name for left in file.parent.iterdir()] == [file.name]
    other = fresh("other")
    assert run(other, "database", "restore", file)[0] == 0
    assert _events(other) == before
    with upgraded(other) as restored:
        assert all_keys(restored) == keys
        create_key(restored, "later", ["read"], "test", lambda: NOW)
    code, _, err = run(other, "database", "restore", file)
    assert (code, "--replace" in err) == (1, True)
    assert run(other, "database", "restore", "--replace", file)[0] == 0
    with upgraded(other) as restored:
        assert all_keys(restored) == keys
        # The numbers go on after the last commit of the backup.
        create_key(restored, "later", ["read"], "test", lambda: NOW)


def test_what_is_no_backup_is_refused_and_the_database_stays(run: Run, filled: Database, tmp_path: Path) -> None:
    url, junk = _url(filled), tmp_path / "junk"
    for content in (b"", b"nothing of the sort" * 100, b"SQLite format 3\x00" + b"x" * 5000, b"PGDMP and nothing more"):
        junk.write_bytes(content)
        code, _, err = run(url, "database", "restore", "--replace", junk)
        assert (code, err.startswith("Found:")) == (1, True), content[:20]
    assert run(url, "database", "restore", tmp_path / "nothing")[0] == 1
    assert len(all_keys(filled)) == 1


def test_a_backup_without_the_programs_of_postgresql_says_what_to_install(
    run: Run, postgresql: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"programs_{uuid.uuid4().hex}"
    url = postgresql.create(name)
    with upgraded(url):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert shutil.which("pg_dump") is None
        code, _, err = run(url, "database", "backup", tmp_path / "file")
    assert (code, "postgresql-client" in err, (tmp_path / "file").exists()) == (1, True, False)
    postgresql.drop(name)


def test_a_history_is_imported_once(run: Run, database: Database, simulated: History, tmp_path: Path) -> None:
    write_history(simulated, tmp_path / "history")
    code, out, err = run(_url(database), "database", "import", "--history", tmp_path / "history")
    assert code == 0, err
    assert "rows in " in out
    read = history_of(database)
    assert len(read.stage_history) == len(simulated.stage_history)
    assert run(_url(database), "database", "import", "--history", tmp_path / "history")[0] == 1
    assert "400 opportunities" in run(_url(database), "database", "status")[1]


def test_scores_of_a_database_are_those_of_the_folder_that_it_was_imported_from(
    run: Run, filled: Database, simulated: History, tmp_path: Path
) -> None:
    write_history(simulated, tmp_path / "history")
    sources = {"folder": tmp_path / "history", "database": _url(filled)}
    for name, source in sources.items():
        words = ("--as-of", "2025-06-01", "--out", tmp_path / f"{name}.csv")
        code, _, err = run(_url(filled), "score", "--history", source, *words)
        assert code == 0, err
    scored = [pd.read_csv(tmp_path / f"{name}.csv").sort_values("opportunity_id") for name in sources]
    pd.testing.assert_frame_equal(*[frame.reset_index(drop=True) for frame in scored])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at-all.db", "no file"),
        ("oracle://host/name", "correct the URL"),
        ("postgresql://nobody@127.0.0.1:1/none", "does not answer"),
    ],
)
def test_a_database_that_is_not_there_is_told_and_not_made(run: Run, url: str, said: str, tmp_path: Path) -> None:
    code, _, err = run(f"sqlite:///{tmp_path}/unused.db", "audit", "--history", url)
    assert (code, said in err) == (1, True), err
    assert not (tmp_path / "unused.db").exists()


def test_old_scores_are_thinned_to_one_a_week(run: Run, database: Database) -> None:
    days = pd.date_range("2026-01-01", periods=21, tz="UTC")  # a Thursday
    of_all = {"through_seq": 1, "status": "scored"}
    asked = [(name, day, False) for name in ("o1", "o2") for day in days] + [("o2", days[2], True)]
    rows = [
        of_all
        | {"opportunity_id": name, "as_of": micros_of(day), "is_shadow": is_shadow, "model_version": str(is_shadow)}
        | {"was_served": not is_shadow}
        | {"outcome": "won" if (name, day) == ("o1", days[1]) else "open"}
        for name, day, is_shadow in asked
    ]
    with database.changing() as connection:
        connection.execute(insert(SCORES), rows)
    code, said, _ = run(_url(database), "database", "thin", "--before", "2026-01-16T00:00Z")
    assert (code, "22 scores deleted" in said) == (0, True)
    with database.reading() as connection:
        of_one = select(SCORES.c.as_of).where(SCORES.c.opportunity_id == "o1").order_by(SCORES.c.as_of)
        kept = connection.execute(of_one).scalars().all()
        challenged = connection.execute(select(SCORES).where(SCORES.c.as_of == micros_of(days[2]))).all()
    assert [pd.Timestamp(at, unit="us", tz="UTC").day for at in kept] == [2, 7, 14, *range(15, 22)]
    assert len(challenged) == 2
