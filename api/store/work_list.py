"""The work list as it is kept: one list by one model version is current, its rows one for each open opportunity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from api.store.tables import LISTED, LISTED_ACCOUNTS, LISTS
from features.history.database.parts import parts_of

BUILDING, CURRENT = "building", "current"


@dataclass(frozen=True)
class CurrentList:
    """The list that is answered from.

    ``as_of`` is when all of it was scored, microseconds; rows that something happened to since
    are newer. Every commit up to ``through_seq`` is in it.
    """

    list_id: int
    model_version: str
    as_of: int
    through_seq: int


def current_list(connection: Connection) -> CurrentList | None:
    """Read which list is current; None before there is one."""
    table = LISTS.c
    asked = select(table.list_id, table.model_version, table.as_of, table.through_seq)
    found = connection.execute(asked.where(table.state == CURRENT).order_by(table.list_id.desc()).limit(1)).first()
    return None if found is None else CurrentList(*found)


def begin_list(connection: Connection, model_version: str, as_of: int, through_seq: int) -> int:
    """Begin a list that nobody sees yet; what is left of one that was not finished is removed."""
    for (list_id,) in connection.execute(select(LISTS.c.list_id).where(LISTS.c.state == BUILDING)).all():
        remove_list(connection, list_id)
    row = {"model_version": model_version, "as_of": as_of, "through_seq": through_seq, "state": BUILDING}
    made = connection.execute(insert(LISTS).returning(LISTS.c.list_id), row).scalar()
    assert made is not None
    return int(made)


def make_current(connection: Connection, list_id: int) -> None:
    """Answer from a list from now on, and from no other: the one before is removed."""
    before = connection.execute(select(LISTS.c.list_id).where(LISTS.c.state == CURRENT)).scalars().all()
    connection.execute(update(LISTS).where(LISTS.c.list_id == list_id).values(state=CURRENT))
    for old in before:
        remove_list(connection, old)


def remove_list(connection: Connection, list_id: int) -> None:
    """Remove a list with its rows."""
    for table in (LISTED, LISTED_ACCOUNTS, LISTS):
        connection.execute(delete(table).where(table.c.list_id == list_id))


def move_through(connection: Connection, list_id: int, through_seq: int) -> None:
    """Say that a list has every commit up to one."""
    connection.execute(update(LISTS).where(LISTS.c.list_id == list_id).values(through_seq=through_seq))


def replace_rows(connection: Connection, list_id: int, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Put new rows in the place of those of some opportunities; one without a new row is off the list."""
    for part in parts_of(ids):
        connection.execute(delete(LISTED).where(LISTED.c.list_id == list_id, LISTED.c.opportunity_id.in_(part)))
    if rows:
        connection.execute(insert(LISTED), [dict(row) | {"list_id": list_id} for row in rows])


def replace_accounts(
    connection: Connection, list_id: int, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put new rows in the place of those of some accounts; one without a new row is off the list."""
    table = LISTED_ACCOUNTS.c
    for part in parts_of(ids):
        connection.execute(delete(LISTED_ACCOUNTS).where(table.list_id == list_id, table.account_id.in_(part)))
    if rows:
        connection.execute(insert(LISTED_ACCOUNTS), [dict(row) | {"list_id": list_id} for row in rows])


def listed_row(connection: Connection, opportunity_id: str) -> Mapping[str, Any] | None:
    """Read the row of an opportunity on the current list; None when it is not on it."""
    current = current_list(connection)
    if current is None:
        return None
    mine = (LISTED.c.list_id == current.list_id, LISTED.c.opportunity_id == opportunity_id)
    found = connection.execute(select(LISTED).where(*mine)).mappings().first()
    return None if found is None else dict(found)


def rows_of(connection: Connection, list_id: int) -> int:
    """Count the opportunities on a list."""
    counted = connection.execute(select(func.count()).select_from(LISTED).where(LISTED.c.list_id == list_id))
    return int(counted.scalar() or 0)
