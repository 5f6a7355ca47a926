"""The tables of a database brought to this version, and told apart from others."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from features.errors import DatabaseError, DatabaseOutdatedError
from features.history.database.engine import Database

_MIGRATIONS = Path(__file__).parents[1] / "migrations"


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the tables to this version; what is in them stays.

    Returns
    -------
    The revision before, None when the database was empty, and the one now.
    """
    before = revision_of(database)
    with database.engine.connect().execution_options(writes=True) as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest_revision()


def revision_of(database: Database) -> str | None:
    """Revision of the tables; None when there are none."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@lru_cache
def newest_revision() -> str:
    """Revision that this version works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def check_revision(database: Database) -> None:
    """Refuse a database whose tables are of another version.

    Raises
    ------
    DatabaseOutdatedError
        They are, or there are none.
    DatabaseUnavailableError
        The database does not answer.
    """
    found, expected = revision_of(database), newest_revision()
    if found != expected:
        raise DatabaseOutdatedError(
            f"{database.name} with {f'tables of revision {found}' if found else 'no tables'}",
            f"tables of revision {expected}",
            "run: dealodds database upgrade",
        )


def check_file(database: Database) -> None:
    """Refuse an SQLite database whose file is not there: merely asking would make an empty one.

    Raises
    ------
    DatabaseError
        It is not.
    """
    file = database.engine.url.database
    if database.is_sqlite and file and not Path(file).is_file():
        raise DatabaseError(f"no file {file}", "an SQLite database", "correct the URL: sqlite:///FILE")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
