"""Commands for the database: upgrade, status, backup, restore, import, thin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pandas as pd
from sqlalchemy import func, select

from api.clock import now
from api.history_source import HistorySource, Source, history_at
from api.options import FILE, INSTANT
from api.settings import read_settings
from features.history.database.engine import Database
from features.instants import micros_of

_ACTOR = "dealodds database import"


@contextmanager
def opened(check: bool = True) -> Iterator[Database]:
    """Open the database of this installation; a new SQLite database is made."""
    from api.service import prepare_database

    settings = read_settings()
    if check:
        prepare_database(settings)
    database = Database(settings.database())
    try:
        yield database
    finally:
        database.close()


@click.group("database")
def database_group() -> None:
    """The database of this installation, DEALODDS_DATABASE_URL."""


@database_group.command("upgrade")
def upgrade_command() -> None:
    """Bring the tables to this version; what is in them stays. Make a backup first."""
    from api.service import make_file
    from api.store.upgrade import upgrade

    with opened(check=False) as database:
        make_file(database)
        before, after = upgrade(database)
        done = "is new" if before is None else f"was {before}"
        click.echo(f"{database.name}: revision {after}" + (", nothing to do" if before == after else f", {done}"))


@database_group.command("status")
def status_command() -> None:
    """Say where the database is, of which revision, and how much is in it."""
    from api.store.upgrade import check_file, check_revision, newest_revision
    from features.history.database.engine import last_commit
    from features.history.database.tables import EVENTS, OPPORTUNITIES
    from features.instants import instant

    with opened(check=False) as database:
        check_file(database)
        check_revision(database)
        with database.reading() as connection:
            seq, recorded_at = last_commit(connection)
            counts = [
                connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (OPPORTUNITIES, EVENTS)
            ]
        last = f", the last at {instant(recorded_at):%Y-%m-%d %H:%M:%S} UTC" if seq else ""
        click.echo(f"{database.name}: revision {newest_revision()}, {seq:,} writes{last}")
        click.echo(f"{counts[0]:,} opportunities, {counts[1]:,} events")


@database_group.command("backup")
@click.argument("file", type=FILE)
def backup_command(file: Path) -> None:
    """Write the whole database into FILE while the service runs on."""
    from api.store.backup import backup

    with opened(check=False) as database:
        backup(database, file)
        click.echo(f"{database.name} in {file}, {file.stat().st_size:,} bytes")


@database_group.command("restore")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Replace what is in the database.")
def restore_command(file: Path, replace: bool) -> None:
    """Fill the database from a backup; stop the service first."""
    from api.service import make_file
    from api.store.backup import restore

    with opened(check=False) as database:
        make_file(database)
        restore(database, file, replace=replace)
        click.echo(f"{database.name} is as in {file}")


@database_group.command("thin")
@click.option("--before", type=INSTANT, required=True, help="Scores of whole weeks before this instant.")
def thin_command(before: pd.Timestamp) -> None:
    """Keep of old scores one a week for each opportunity; may run beside the service."""
    from api.store.thinning import thin_scores

    with opened() as database:
        deleted = thin_scores(database, micros_of(before))
        click.echo(f"{deleted:,} scores deleted from {database.name}")


@database_group.command("import")
@click.option("--history", "source", type=HistorySource(), required=True, help="Folder of an imported history, or URL.")
def import_into_command(source: Source) -> None:
    """Write a whole history into an empty database, with the instants it brings."""
    from features.history.database.import_history import write_into

    history = history_at(source)
    with opened() as database:
        with database.writing(_ACTOR, "import", now) as writing:
            write_into(writing, history)
            rows = writing.rows
        click.echo(f"{rows:,} rows in {database.name}")
