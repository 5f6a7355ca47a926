"""What was told anew, as rows that a history follows over time: corrected columns, moves and merges.

Each value counts from the instant at which it was told. So a column that is filled in when an opportunity is won,
or an account that is merged then, says nothing of the time before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from features.history.database.merges import Names
from features.history.schema import CORRECTABLE
from features.instants import instant
from features.rows import NOT_REPLACED

_EVER = -NOT_REPLACED

Value = str | None
Path = list[tuple[int, Value]]
"""Values, each with the instant in microseconds from which it was known."""


class Told(NamedTuple):
    """A value of a column, when it came to hold and when it was told, microseconds."""

    occurred_at: int
    recorded_at: int
    value: Value


def path_of(first: Value, told: int, later: Iterable[Told]) -> Path:
    """Follow a column from when its first value was told; of what was told the latest to hold is known.

    Of several values at one instant the last is known.

    Examples
    --------
    >>> path_of("a", 5, [Told(7, 9, "c"), Told(6, 10, "b"), Told(8, 12, "d")])
    [(5, 'a'), (9, 'c'), (12, 'd')]
    """
    path, newest = {told: first}, (_EVER, _EVER)
    for one in sorted(later, key=lambda one: one.recorded_at):
        if (one.occurred_at, one.recorded_at) < newest:
            continue
        newest = one.occurred_at, one.recorded_at
        # What was told before the opportunity itself is known with it.
        path[max(told, one.recorded_at)] = one.value
    return list(path.items())


def named_path(path: Path, names: Names) -> Path:
    """Follow accounts by the names that they had; several at one instant are the last of them.

    Examples
    --------
    >>> named_path([(1, "a"), (5, "c")], Names.by([("a", "b", 3), ("c", "d", 5)]))
    [(1, 'a'), (3, 'b'), (5, 'd')]
    """
    ends = [at for at, _ in path[1:]] + [NOT_REPLACED]
    found: dict[int, Value] = {}
    for (since, account), until in zip(path, ends, strict=True):
        found |= dict(names.between(account, since, until)) if account is not None else {since: None}
    return list(found.items())


def corrections(opportunities: pd.DataFrame, fields: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Write columns that were told anew as rows of ``field_history``, every value from the first on.

    Parameters
    ----------
    opportunities
        As they were told first.
    fields
        Changes that stand: ``opportunity_id``, ``field``, ``value``, ``occurred_at`` and ``recorded_at``.
    """
    told: dict[tuple[Hashable, str], list[Told]] = {}
    for row in fields[fields["field"].isin(CORRECTABLE)].to_dict("records"):
        one = Told(row["occurred_at"], row["recorded_at"], row["value"])
        told.setdefault((row["opportunity_id"], row["field"]), []).append(one)
    found = [
        {"opportunity_id": name, "field": column, "value": value, "occurred_at": at, "recorded_at": at}
        for (name, column), at, value in _paths(opportunities, told, names)
    ]
    return pd.DataFrame(found, columns=["opportunity_id", "field", "value", "occurred_at", "recorded_at"])


def _paths(
    opportunities: pd.DataFrame, told: dict[tuple[Hashable, str], list[Told]], names: Names
) -> Iterator[tuple[tuple[Hashable, str], int, Value]]:
    moved = {name for name, column in told if column == "account_id"}
    is_merged = opportunities["account_id"].isin(list(names.later)) & ~opportunities["opportunity_id"].isin(moved)
    wanted = [*told, *((name, "account_id") for name in opportunities.loc[is_merged, "opportunity_id"])]
    rows = opportunities[opportunities["opportunity_id"].isin({name for name, _ in wanted})]
    first = {row["opportunity_id"]: row for row in rows.to_dict("records")}
    for name, column in wanted:
        row = first[name]
        stated = instant(row[column]).isoformat() if column == "created_at" else row[column]
        path = path_of(stated, row["recorded_at"], told.get((name, column), ()))
        for at, value in named_path(path, names) if column == "account_id" else path:
            yield (name, column), at, value


def under_each_name(activities: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Write activities of accounts under the name that each account had.

    A record that was told before a merge is told again by it, under the name that the account
    has from then on; the later record takes the place of the earlier.
    """
    of_account = activities["account_id"].isin(list(names.later)) & activities["opportunity_id"].isna()
    # What names its opportunity is read with that; for the account there is one name.
    own = activities[~of_account].copy()
    own["account_id"] = own["account_id"].map(names.last_of, na_action="ignore")
    in_order = activities.sort_values("recorded_at", kind="stable")
    until = in_order.groupby("activity_id")["recorded_at"].shift(-1, fill_value=NOT_REPLACED)
    records = in_order[of_account.loc[in_order.index]].to_dict("records")
    again = [
        record | {"account_id": name, "recorded_at": at}
        for record, end in zip(records, until[of_account.loc[in_order.index]], strict=True)
        for at, name in names.between(record["account_id"], record["recorded_at"], end)
    ]
    return pd.concat([own, pd.DataFrame(again, columns=activities.columns)], ignore_index=True)
