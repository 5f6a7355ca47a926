"""What requests about opportunities and about accounts share: every row checked once, then put into tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from features.errors import RequestError
from features.history.schema import INSTANT, TABLES, Column, Table

MOST_ERRORS = 50
MOST_PATTERNS = 64

Checked = TypeVar("Checked")


def check_all(
    rows: Sequence[Mapping[str, Any]], what: str, path: str, check: Callable[[Mapping[str, Any], int], Checked]
) -> list[Checked]:
    """Check every row, so that all that is wrong is said at once.

    Parameters
    ----------
    what
        ``opportunity`` or ``account``; its id is ``what_id``.
    path
        Where the rows are in the body, such as ``/accounts``.
    check
        Gives a checked row, from the row and its place.

    Raises
    ------
    ExceptionGroup
        Of ``RequestError``, one for each row that is wrong, at most 50.
    """
    checked, wrong = [], []
    ids: dict[str, int] = {}
    for place, raw in enumerate(rows):
        try:
            _check_first(raw[f"{what}_id"], what, path, place, ids)
            checked.append(check(raw, place))
        except RequestError as error:
            wrong.append(error)
    if wrong:
        raise ExceptionGroup("the request is wrong", wrong[:MOST_ERRORS])
    return checked


def _check_first(given: str, what: str, path: str, place: int, ids: dict[str, int]) -> None:
    first = ids.setdefault(given, place)
    if first != place:
        raise RequestError(
            f"{what} {given!r} twice, first at {path}/{first}",
            f"each {what} once in a request",
            "remove one of the two",
            f"{path}/{place}/{what}_id",
        )


def by_pattern(patterns: Iterable[frozenset[Any]], path: str) -> list[list[int]]:
    """Group the places of rows that are collected alike.

    Each group is scored by itself: without a bound one request could keep the service busy
    for minutes.
    """
    groups: dict[frozenset[Any], list[int]] = {}
    for place, pattern in enumerate(patterns):
        groups.setdefault(pattern, []).append(place)
    if len(groups) > MOST_PATTERNS:
        raise RequestError(
            f"{len(groups)} different ways of collecting in one request",
            f"at most {MOST_PATTERNS}",
            f"send {path.removeprefix('/')} that are collected alike together, in several requests",
            path,
        )
    return list(groups.values())


def tables_of(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, pd.DataFrame]:
    """Make every table of a history from checked rows.

    They are typed already: a check of every column would take longer.
    """
    return {name: _frame(table, rows.get(name, [])) for name, table in TABLES.items()}


def _frame(table: Table, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table in canonical columns and types; what is not a column of it is an attribute."""
    typed = {column.name: _typed(column, [row.get(column.name) for row in rows]) for column in table.columns}
    more = [name for name in (rows[0] if rows else ()) if name not in typed]
    return pd.DataFrame(typed | {name: pd.Series([row[name] for row in rows], dtype=object) for name in more})


def _typed(column: Column, values: list[Any]) -> Any:
    if column.type == "instant":
        return pd.to_datetime(np.array(values, dtype=np.int64), unit="us", utc=True).astype(INSTANT)
    if column.type == "number":
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    if column.type == "flag":
        return np.array(values, dtype=bool)
    return pd.array(values, dtype="str")
