"""Pages of the work list: rows after a place in an order, found without counting those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, or_, select

from api.store.tables import LISTED

SORTS = {name: LISTED.c[name] for name in ("expected_value", "probability", "expected_close", "amount", "as_of")}
"""What a work list can be sorted by."""

EQUAL = {
    "class": LISTED.c.opportunity_class,
    "owner": LISTED.c.owner_id,
    "team": LISTED.c.team,
    "product": LISTED.c.product,
    "stage": LISTED.c.stage,
    "status": LISTED.c.status,
    "currency": LISTED.c.currency,
    "trend": LISTED.c.trend,
}
"""Filters by a word, and the column of each."""

LEAST = {
    "min_probability": LISTED.c.probability,
    "min_amount": LISTED.c.amount,
    "min_expected_value": LISTED.c.expected_value,
}
MOST = {"max_probability": LISTED.c.probability}

Value = float | int | None


@dataclass(frozen=True)
class Place:
    """A row of a list in an order: its value, None where it has none, and its id, which parts ties."""

    value: Value
    id: str


@dataclass(frozen=True)
class Order:
    """By what a list is sorted; rows without a value come last either way, ties by id."""

    column: Column[Any]
    descending: bool

    def after(self, place: Place) -> Any:
        """Rows with a value that come after a row with one."""
        beyond = self.column < place.value if self.descending else self.column > place.value
        return or_(beyond, and_(self.column == place.value, _id_of(self.column.table) > place.id))

    @property
    def by(self) -> tuple[Any, Any]:
        """Columns to order by."""
        return self.column.desc() if self.descending else self.column.asc(), _id_of(self.column.table)


@dataclass(frozen=True)
class Asked:
    """What a page is asked of: the list, what its rows must be, and the order."""

    list_id: int
    order: Order
    conditions: Sequence[Any] = field(default_factory=tuple)


def conditions_of(filters: Mapping[str, Any]) -> list[Any]:
    """Say in a query what is asked of rows of the work list, by name of the filter."""
    found = [EQUAL[name] == value for name, value in filters.items() if name in EQUAL]
    found += [LEAST[name] >= value for name, value in filters.items() if name in LEAST]
    return found + [MOST[name] <= value for name, value in filters.items() if name in MOST]


def page(connection: Connection, asked: Asked, after: Place | None, limit: int) -> list[dict[str, Any]]:
    """Read the rows after a place, the first ones when it is None.

    Those with a value are read by its index, and only when there are not enough of them those
    without.
    """
    column = asked.order.column
    rows: list[dict[str, Any]] = []
    if after is None or after.value is not None:
        beyond = [column.is_not(None)] if after is None else [asked.order.after(after)]
        rows += _rows(connection, asked, beyond, asked.order.by, limit)
    if len(rows) < limit:
        table = column.table
        last = [] if after is None or after.value is not None else [_id_of(table) > after.id]
        rows += _rows(connection, asked, [column.is_(None), *last], (_id_of(table),), limit - len(rows))
    return rows


def _rows(
    connection: Connection, asked: Asked, beyond: Sequence[Any], by: Sequence[Any], limit: int
) -> list[dict[str, Any]]:
    table = asked.order.column.table
    query = select(table).where(table.c.list_id == asked.list_id, *asked.conditions, *beyond)
    return [dict(row) for row in connection.execute(query.order_by(*by).limit(limit)).mappings()]


def _id_of(table: Table | Any) -> Any:
    """The column that is one for each row of a list."""
    return list(table.primary_key)[1]
