"""Many ids asked for a few hundred at a time, as one query takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select

_MOST_IN_ONE_QUERY = 450
"""Some ids are pairs, and SQLite takes 999 values in old versions."""

Key = TypeVar("Key")


def parts_of(ids: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Cut ids, or pairs of them, into parts that one query takes."""
    return (ids[start : start + _MOST_IN_ONE_QUERY] for start in range(0, len(ids), _MOST_IN_ONE_QUERY))


def rows_by_id(
    connection: Connection, table: Table, columns: Sequence[str], ids: Iterable[str]
) -> Iterator[tuple[Any, ...]]:
    """Read columns of the rows of a table whose first column named is one of some ids."""
    asked, first = select(*(table.c[name] for name in columns)), table.c[columns[0]]
    for part in parts_of(list(dict.fromkeys(ids))):
        yield from (tuple(row) for row in connection.execute(asked.where(first.in_(part))))
