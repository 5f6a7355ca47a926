"""Real databases for tests: SQLite in a file, and a PostgreSQL server of this test run's own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from api.store.upgrade import upgrade
from features.history.database.engine import Database

_SUPERUSER = "postgres"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgresql_binaries() -> Path | None:
    """Folder of the server's programs; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """A PostgreSQL server in a folder, listening on a free port of loopback."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries, self.folder, self.port = binaries, folder, free_port()
        self.log = folder / "server.log"
        if os.geteuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam(_SUPERUSER)
            os.chown(folder, user.pw_uid, user.pw_gid)
        # In the order of a language, as most servers are: "a" before "B", which no code of ours may count on.
        locale = ("--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8", "-E", "UTF8")
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", _SUPERUSER, *locale, "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        def as_superuser() -> None:
            user = pwd.getpwnam(_SUPERUSER)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)

        demote = as_superuser if os.geteuid() == 0 else None
        subprocess.run(
            [str(self.binaries / program), *arguments],
            check=True,
            cwd="/",
            preexec_fn=demote,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=200"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.log), "-o", options, "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def url(self, name: str) -> str:
        return f"postgresql://{_SUPERUSER}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", _SUPERUSER, name)
        return self.url(name)

    def drop(self, name: str) -> None:
        self._run("dropdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", _SUPERUSER, "--force", name)


@contextmanager
def upgraded(url: str) -> Iterator[Database]:
    """A database with our tables, closed at the end."""
    database = Database(url)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Take a database away: whoever asks it meanwhile gets no answer."""
    if database.is_sqlite:
        folder = Path(str(database.engine.url.database)).parent
        database.close()
        hidden = folder.rename(folder.with_name(f"{folder.name}-away"))
        try:
            yield
        finally:
            hidden.rename(folder)
        return
    name = database.engine.url.database
    _run_sql(database, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _run_sql(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        _run_sql(database, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _run_sql(database: Database, statement: str) -> None:
    engine = create_engine(database.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
