"""A database written into one file, and filled from it again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from api.store.upgrade import check_file
from features.errors import DatabaseError
from features.history.database.engine import Database


def backup(database: Database, file: Path) -> None:
    """Write a database into a file, as it is at one moment; writers need not stop.

    SQLite: by its online backup, the file is a database itself. PostgreSQL: by ``pg_dump``
    in its custom format.

    Raises
    ------
    DatabaseError
        The file exists, there is nothing to write, or the program is missing or fails.
    """
    if file.exists():
        raise DatabaseError(f"a file {file}", "a name that is free", "name another file, or move this one away")
    check_file(database)
    if database.is_empty():
        raise DatabaseError(f"{database.name} without our tables", "a database of the service", "correct the URL")
    file.parent.mkdir(parents=True, exist_ok=True)
    with _complete(file) as part:
        if database.is_sqlite:
            _copy_sqlite(_file_of(database), part)
        else:
            _run("pg_dump", database.engine.url, "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")


def restore(database: Database, file: Path, *, replace: bool) -> None:
    """Fill a database from a backup, wholly or not at all.

    Parameters
    ----------
    replace
        Whether what is in it may go.

    Raises
    ------
    DatabaseError
        The file is no backup of such a database, something is in the database already, or
        the program is missing or fails.
    """
    if not file.is_file():
        raise DatabaseError(f"no file {file}", "a backup", "correct the name")
    if not replace and not database.is_empty():
        raise DatabaseError(
            f"{database.name} with tables in it", "an empty database", "say --replace if what is in it may go"
        )
    if database.is_sqlite:
        _check_sqlite(file)
        database.close()
        _copy_sqlite(file, _file_of(database))
        return
    _check_custom_format(file)
    options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", database.engine.url, *options, str(file))


@contextmanager
def _complete(file: Path) -> Iterator[Path]:
    """Give a name to write to; it becomes the file itself only when all is written."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        yield part
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _file_of(database: Database) -> Path:
    name = database.engine.url.database
    if not name or name == ":memory:":
        raise DatabaseError("an SQLite database in memory", "one in a file", "name a file in the URL")
    return Path(name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy by SQLite's online backup: readers and a writer of either may go on."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def _check_sqlite(file: Path) -> None:
    expected = "a backup made by `dealodds database backup`"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as problem:
        raise DatabaseError(f"{file}: {problem}", expected, "name another file") from problem
    if damage != "ok":
        raise DatabaseError(f"{file} with damage: {damage}", expected, "take an earlier backup")
    if "commits" not in tables:
        raise DatabaseError(f"{file} without our tables", expected, "name another file")


def _check_custom_format(file: Path) -> None:
    with file.open("rb") as opened:
        if opened.read(5) != b"PGDMP":
            raise DatabaseError(f"{file}, which pg_dump did not write", "a backup of PostgreSQL", "name another file")


def _run(program: str, url: URL, *options: str) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where other users do not see it."""
    # Imported here: SQLite does without.
    from psycopg.conninfo import make_conninfo

    if shutil.which(program) is None:
        raise DatabaseError(f"no {program} on the path", "PostgreSQL's client programs", "install postgresql-client")
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    conninfo = make_conninfo("", **{name: str(value) for name, value in parts.items() if value is not None})
    password = {"PGPASSWORD": str(url.password)} if url.password is not None else {}
    done = subprocess.run(
        [program, f"--dbname={conninfo}", *options], env=os.environ | password, stderr=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise DatabaseError(f"{program} said: {said}", "a server that it can work with", "see what it said")
