"""The service as a process: its database opened, and the application made from the environment."""

from __future__ import annotations

import logging
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app
from api.home import champion_folder
from api.logs import configure_logs
from api.security import keys_in
from api.settings import Settings, read_settings
from api.store.keys import keys_in_use
from api.store.upgrade import check_revision, upgrade
from features.errors import DatabaseUnavailableError
from features.history.database.engine import Database

_log = logging.getLogger(__name__)


def application() -> FastAPI:
    """Make the application of one worker, as the environment says; lists are kept by ``api.background.process``."""
    settings = read_settings()
    configure_logs(settings.log_level)
    database = Database(settings.database())
    return create_app(
        settings.model if settings.model is not None else champion_folder(),
        api_keys=keys_in(settings.api_keys.get_secret_value()),
        authenticate=not settings.no_auth,
        database=database,
        settings=settings,
        shadow_folder=settings.shadow_model,
    )


def prepare_database(settings: Settings) -> int | None:
    """Make the tables of an SQLite database that is not there yet; check any other.

    A database that does not answer is no reason not to start: /readyz says so, and it may
    come back.

    Returns
    -------
    How many keys are in use; None when it does not answer.

    Raises
    ------
    DatabaseOutdatedError
        Its tables are of another version.
    """
    database = Database(settings.database())
    try:
        make_file(database)
        if database.is_sqlite and database.is_empty():
            upgrade(database)
        check_revision(database)
        return keys_in_use(database)
    except DatabaseUnavailableError:
        _log.warning("the database does not answer: started all the same")
        return None
    finally:
        database.close()


def make_file(database: Database) -> None:
    """Make the file of an SQLite database, readable by its owner only: it holds what customers are told."""
    name = database.engine.url.database
    if database.is_sqlite and name and not Path(name).exists():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch(mode=0o600)
