"""What the rows of a work list can be filtered by: the words that are there."""

from __future__ import annotations

from sqlalchemy import Column, Connection, select

from api.store.pages import EQUAL
from api.store.tables import LISTED

CHOSEN_BY = ("owner", "team", "product", "stage", "currency")
MOST = 500
"""Words of one sort: a longer list is no choice, and is left to links and to the address."""


def choices(connection: Connection, list_id: int) -> dict[str, list[str]]:
    """Read the different owners, teams, products, stages and currencies of a list, in order."""
    return {name: _different(connection, list_id, EQUAL[name]) for name in CHOSEN_BY}


def _different(connection: Connection, list_id: int, column: Column[str]) -> list[str]:
    asked = select(column).where(LISTED.c.list_id == list_id, column.is_not(None))
    found = connection.execute(asked.distinct().order_by(column).limit(MOST)).scalars()
    return [str(word) for word in found]
