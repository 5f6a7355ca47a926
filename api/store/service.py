"""What a request needs of the service: its database, its clock's instant, and who asks."""

from __future__ import annotations

from typing import cast

from fastapi import Request

from features.errors import DatabaseError
from features.history.database.engine import Database


def database_of(request: Request) -> Database:
    """Give the database of the service.

    Raises
    ------
    DatabaseError
        It runs without one.
    """
    database = cast(Database | None, getattr(request.app.state, "database", None))
    if database is None:
        raise DatabaseError("a service without a database", "one that remembers", "serve with DEALODDS_DATABASE_URL")
    return database


def actor_of(request: Request) -> str:
    """Name who asks, for the audit log: the key's name, or that nobody was asked for one."""
    return str(getattr(request.state, "actor", "no key"))
