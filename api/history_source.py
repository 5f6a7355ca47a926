"""A history wherever it is: a folder, or a database by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from features.history.dated_inputs import DatedInputs
from features.history.directory import read_history
from features.history.history import History

if TYPE_CHECKING:
    from sqlalchemy import Connection

Source = Path | str
"""A folder, or the URL of a database."""


class HistorySource(click.ParamType[Source]):
    """A folder of an imported history, or a database such as sqlite:///deals.db."""

    name = "folder or URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Source:
        """Take what contains ``://`` as a URL."""
        return value if isinstance(value, Path) or "://" in value else Path(value)


def history_at(source: Source) -> History:
    """Read a history.

    Raises
    ------
    DatabaseError
        The database is not there, or of another version.
    """
    if isinstance(source, Path):
        return read_history(source)
    # Imported here: a folder is read without.
    from api.store.upgrade import check_file, check_revision
    from features.history.database.engine import Database
    from features.history.database.history_of import history_of

    database = Database(source)
    try:
        check_file(database)
        check_revision(database)
        return history_of(database)
    finally:
        database.close()


def inputs_at(source: Source) -> DatedInputs | None:
    """Read targets, commits, teams and rates where a database has them; a folder has none."""
    if isinstance(source, Path):
        return None
    from api.store.inputs import read_inputs

    with _reading(source) as connection:
        return read_inputs(connection)


def past_scores_at(source: Source, as_of: pd.Timestamp) -> pd.DataFrame | None:
    """Read what was said by an instant where a database has it; a folder has nothing."""
    if isinstance(source, Path):
        return None
    from api.store.past_scores import past_scores

    with _reading(source) as connection:
        return past_scores(connection, as_of)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    from features.history.database.engine import Database

    database = Database(url)
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()
