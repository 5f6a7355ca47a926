"""A database: opened, read in one consistent view, and written in numbered commits."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, Select, create_engine, event, func, insert, inspect, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from features.errors import DatabaseError, DatabaseFullError, DatabaseUnavailableError
from features.history.database.tables import COMMITS, OF_IMPORTS
from features.instants import micros

_WAIT_SECONDS = 10
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 5,
    # A server whose machine is gone says nothing at all: it is given up after half a minute.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # Writers take turns; one that hangs keeps the others no longer than this. Nothing of ours takes ten minutes.
    "options": "-c lock_timeout=30s -c statement_timeout=10min -c idle_in_transaction_session_timeout=10min",
}
"""How long a connection to PostgreSQL waits: milliseconds for tcp_user_timeout, seconds for the others."""

_LAST = select(COMMITS.c.seq, COMMITS.c.recorded_at).order_by(COMMITS.c.seq.desc()).limit(1)
"""Both grow together, and the last number is found at once."""


@dataclass
class Writing:
    """One commit under way.

    ``recorded_at`` is in microseconds, later than that of every earlier commit. ``subject``
    and ``rows`` may be set until the end.
    """

    connection: Connection
    seq: int
    recorded_at: int
    subject: str | None = None
    rows: int = 0


class Database:
    """A database that keeps the recorded past.

    Parameters
    ----------
    url
        Of SQLAlchemy, such as ``sqlite:///deals.db`` or ``postgresql://user@host/name``.

    Raises
    ------
    DatabaseError
        The URL names no database that is known here.

    Examples
    --------
    >>> Database("oracle://somewhere").engine
    Traceback (most recent call last):
    ...
    features.errors.DatabaseError: Found: a database URL of kind 'oracle'. Expected: sqlite:///FILE or
    postgresql://USER@HOST/NAME. Do: correct the URL.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """Name it without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def is_empty(self) -> bool:
        """Tell whether it has no table of ours yet."""
        with _told(), self.engine.connect() as connection:
            return not inspect(connection).has_table(COMMITS.name)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one view: what is committed meanwhile is not seen."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with _told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, actor: str, action: str, now: Callable[[], pd.Timestamp]) -> Iterator[Writing]:
        """Write in one commit, wholly or not at all, after every other commit.

        Commits wait for each other: a number that is seen has nothing unseen before it. One
        that wrote no row leaves nothing behind; its number is then that of the commit before.

        Parameters
        ----------
        actor
            Who writes: the name of a key, or of a command.
        action
            What is done, for the audit log.
        now
            The clock, asked once it is this commit's turn.
        """
        with _told(), self.engine.connect().execution_options(writes=True) as connection, connection.begin() as whole:
            if not self.is_sqlite:
                connection.execute(text("LOCK TABLE commits IN EXCLUSIVE MODE"))
            seq, recorded_at = last_commit(connection)
            at = max(int(micros(pd.Index([now()]))[0]), recorded_at + 1)
            first = {"seq": seq + 1, "recorded_at": at, "actor": actor, "action": action, "rows": 0}
            connection.execute(insert(COMMITS), first)
            writing = Writing(connection, seq + 1, at)
            yield writing
            if writing.rows:
                said = {"subject": writing.subject, "rows": writing.rows}
                connection.execute(update(COMMITS).where(COMMITS.c.seq == writing.seq).values(said))
            else:
                whole.rollback()
                writing.seq, writing.recorded_at = seq, recorded_at

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Change what is no part of the recorded past, in one transaction and without a number."""
        with _told(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def last_commit(connection: Connection) -> tuple[int, int]:
    """Number and instant of the last commit; zeros when there is none."""
    found = connection.execute(_LAST).first()
    return (0, 0) if found is None else (int(found[0]), int(found[1]))


def last_commit_by(connection: Connection, recorded_by: int) -> int:
    """Number of the last commit of which something was recorded by an instant, in microseconds; 0 when there is none.

    The rows of an import were recorded before it, so it counts at every instant.
    """
    found = (connection.execute(asked).scalar() for asked in (commits_by(recorded_by), imports()))
    return max(int(seq or 0) for seq in found)


def commits_by(recorded_by: int) -> Select[Any]:
    """Ask for the number of the last commit that was recorded by an instant."""
    table = COMMITS.c
    return select(table.seq).where(table.recorded_at <= recorded_by).order_by(table.recorded_at.desc()).limit(1)


def imports() -> Select[Any]:
    """Ask for the number of the last import; written as the index has it, or the index is not used."""
    return select(func.max(COMMITS.c.seq)).where(text(OF_IMPORTS))


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise _unknown_url("what is no URL") from problem
    kind = parsed.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise _unknown_url(f"a database URL of kind {kind!r}")
    try:
        return _prepared(create_engine(parsed.set(drivername=_DRIVERS[kind]), **_options(kind, parsed.query)))
    except (ModuleNotFoundError, NoSuchModuleError) as problem:
        do = "pip install 'dealodds[postgresql]'"
        raise DatabaseError(f"no driver for {kind}", "psycopg, version 3", do) from problem


def _unknown_url(found: str) -> DatabaseError:
    return DatabaseError(found, "sqlite:///FILE or postgresql://USER@HOST/NAME", "correct the URL")


def _options(kind: str, said: Container[str] = ()) -> dict[str, Any]:
    """Options of an engine; what a URL says itself is left to it."""
    # What was written must not appear in errors, and through them in logs.
    common: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": 20,
        "max_overflow": 20,
        "pool_timeout": _WAIT_SECONDS,
    }
    if kind == "sqlite":
        return common | {"connect_args": {"timeout": _WAIT_SECONDS, "check_same_thread": False}}
    # A connection that the server has closed is replaced before it is used.
    arguments = {name: value for name, value in _POSTGRESQL.items() if name not in said}
    return common | {"pool_pre_ping": True, "connect_args": arguments}


def _prepared(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Let readers and a writer work side by side, and let nothing acknowledged be lost."""
    connection.isolation_level = None  # transactions begin where we say so, below
    # What is deleted is overwritten: an erasure leaves nothing behind in the file.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Take the lock for writing at once: two readers that both turn writers would refuse each other."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def _told() -> Iterator[None]:
    """Tell a database that is away, and one that is full, in our own words."""
    try:
        yield
    except PoolTimeoutError as problem:
        raise _unavailable("every connection to the database in use") from problem
    except DBAPIError as problem:
        full = "disk is full" in str(problem.orig) or getattr(problem.orig, "sqlstate", None) == "53100"
        if full:
            raise DatabaseFullError(
                "a full disk", "room for what is written", "make room, then send it again"
            ) from None
        if isinstance(problem, OperationalError) or problem.connection_invalidated:
            raise _unavailable("a database that does not answer") from problem
        raise


def _unavailable(found: str) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(found, "a database that can be reached", "try again in a few seconds")
