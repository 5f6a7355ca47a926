"""What managers state and no CRM records: targets, commits, teams over time, exchange rates.

Every row holds from ``valid_from`` until a later row of the same key, and is known from
``recorded_at``. A row with an empty value says that from then on the value is not known.
What is not stated is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from features.as_of import recorded_by
from features.errors import SchemaError
from features.history.schema import Column, Table, checked

SCOPES = ("company", "team", "owner", "product", "region")
"""What a target may be set for."""

_VALID = Column("valid_from", "instant", "from when it holds", required=True)
_RECORDED = Column("recorded_at", "instant", "when we were told; inclusive bound of what is known", required=True)
_FIRST = Column("period_start", "text", "first day of the period, such as 2026-04-01", required=True)
_LAST = Column("period_end", "text", "last day of the period, such as 2026-06-30", required=True)
_AMOUNT = Column("amount", "number", "amount; empty when it is not stated")
_CURRENCY = Column("currency", "text", "ISO 4217 code of the amount")
_WINS = Column("wins", "number", "number of wins; empty when it is not stated")


@dataclass(frozen=True)
class InputKind:
    """One kind of input: its table, the columns that say what a row is about, and its names."""

    table: Table
    key: tuple[str, ...]
    en: str
    zh: str

    @property
    def name(self) -> str:
        """Name of the kind."""
        return self.table.name

    @property
    def values(self) -> tuple[str, ...]:
        """Columns that are stated of the key."""
        return tuple(c for c in self.table.column_names if c not in (*self.key, "valid_from", "recorded_at"))


def _kind(name: str, key: tuple[Column, ...], values: tuple[Column, ...], en: str, zh: str) -> InputKind:
    return InputKind(Table(name, (*key, *values, _VALID, _RECORDED)), tuple(column.name for column in key), en, zh)


KINDS = {
    kind.name: kind
    for kind in (
        _kind(
            "targets",
            (
                Column("scope", "text", f"one of {', '.join(SCOPES)}", required=True),
                Column("name", "text", "which team, owner, product or region; empty for the company"),
                _FIRST,
                _LAST,
            ),
            (_AMOUNT, _CURRENCY, _WINS),
            "targets",
            "销售目标",
        ),
        _kind(
            "commits",
            (Column("owner_id", "text", "whose commit it is", required=True), _FIRST, _LAST),
            (_AMOUNT, _CURRENCY, _WINS),
            "commits",
            "销售承诺",
        ),
        _kind(
            "teams",
            (Column("owner_id", "text", "who belongs to the team", required=True),),
            (Column("team", "text", "the team; empty when in none"),),
            "teams over time",
            "团队归属",
        ),
        _kind(
            "rates",
            (
                Column("currency", "text", "ISO 4217 code of what is converted", required=True),
                Column("to_currency", "text", "ISO 4217 code of what it is converted to", required=True),
            ),
            (Column("rate", "number", "how much of to_currency one unit is; empty when not known any more"),),
            "exchange rates",
            "汇率",
        ),
    )
}
"""Every kind of input by name."""


@dataclass(frozen=True)
class DatedInputs:
    """Inputs of every kind, a canonical frame for each, in the order in which they were told."""

    frames: Mapping[str, pd.DataFrame]


def check_input(kind: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows of one kind in canonical columns and types.

    Raises
    ------
    SchemaError
        A column or a value is not what the kind says.

    Examples
    --------
    >>> row = {"owner_id": ["o1"], "team": ["north"], "valid_from": ["2026-01-01T00:00Z"],
    ...        "recorded_at": ["2026-01-01T00:00Z"]}
    >>> list(check_input("teams", pd.DataFrame(row)).columns)
    ['owner_id', 'team', 'valid_from', 'recorded_at']
    """
    if kind not in KINDS:
        raise SchemaError(f"inputs of kind {kind!r}", f"one of {', '.join(KINDS)}", "correct the kind")
    # The schema would fill a missing recorded_at from a column that inputs do not have.
    missing = [name for name in ("valid_from", "recorded_at") if name not in frame]
    if missing:
        raise SchemaError(f"{kind} without {missing[0]}", "the instant of each row", f"add the column {missing[0]}")
    rows = checked(KINDS[kind].table, frame)
    check_rows(kind, rows, [f"row {place} of {kind}" for place in range(len(rows))])
    return rows


def check_rows(kind: str, rows: pd.DataFrame, places: Sequence[str]) -> None:
    """Refuse rows that make no sense.

    Parameters
    ----------
    rows
        Some or all columns of the kind, days as text and numbers as numbers.
    places
        Where each row is, as an error says it, such as ``line 2 of targets.csv``.

    Raises
    ------
    SchemaError
        A row makes no sense; its place is named.
    """
    whole = rows.reindex(columns=list(KINDS[kind].table.column_names))
    for place, row in zip(places, whole.to_dict("records"), strict=True):
        _check_row(kind, place, row)


def _check_row(kind: str, place: str, row: Mapping[Any, Any]) -> None:
    if "period_start" in row:
        _check_period(place, str(row["period_start"]), str(row["period_end"]))
    if kind == "targets" and row["scope"] not in SCOPES:
        raise _wrong(place, f"scope {row['scope']!r}", f"one of {', '.join(SCOPES)}")
    if kind == "targets" and pd.isna(row["name"]) != (row["scope"] == "company"):
        raise _wrong(place, f"name {row['name']!r} of scope {row['scope']!r}", "a name for all but the company")
    for name in ("amount", "wins", "rate"):
        value = row.get(name)
        if isinstance(value, float) and (value < 0 or value == float("inf") or (name == "rate" and value == 0)):
            raise _wrong(place, f"{name} {value:g}", "a number above 0" if name == "rate" else "0 or more")
    if isinstance(row.get("amount"), float) and pd.notna(row["amount"]) and pd.isna(row["currency"]):
        raise _wrong(place, "an amount without a currency", "an ISO 4217 code such as CNY")


def _check_period(place: str, first: str, last: str) -> None:
    try:
        in_order = date.fromisoformat(first) <= date.fromisoformat(last)
    except ValueError:
        in_order = False
    if not in_order:
        found = f"the period {first} to {last}"
        raise _wrong(place, found, "two days such as 2026-04-01 and 2026-06-30, in order")


def _wrong(place: str, found: str, expected: str) -> SchemaError:
    return SchemaError(f"{found} in {place}", expected, "correct the row")


def inputs_of(frames: Mapping[str, pd.DataFrame]) -> DatedInputs:
    """Check rows of several kinds and put them together; kinds not given have no rows.

    Examples
    --------
    >>> len(inputs_of({}).frames["targets"])
    0
    """
    empty = {name: pd.DataFrame({c: [] for c in kind.table.column_names}) for name, kind in KINDS.items()}
    return DatedInputs({name: check_input(name, frames.get(name, none)) for name, none in empty.items()})


def holding(inputs: DatedInputs, kind: str, as_of: pd.Timestamp, valid_at: pd.Timestamp | None = None) -> pd.DataFrame:
    """Give the rows that hold at an instant, as they were known at one; one row a key.

    Parameters
    ----------
    as_of
        What was recorded later does not exist.
    valid_at
        The instant they hold at; ``as_of`` when None.

    Examples
    --------
    >>> rows = pd.DataFrame({"owner_id": ["o1", "o1"], "team": ["north", "south"],
    ...     "valid_from": ["2026-01-01", "2026-02-01"], "recorded_at": ["2026-01-01", "2026-03-01"]})
    >>> inputs, told = inputs_of({"teams": rows}), pd.Timestamp("2026-03-01", tz="UTC")
    >>> list(holding(inputs, "teams", told)["team"]), list(holding(inputs, "teams", told - pd.Timedelta(1))["team"])
    (['south'], ['north'])
    """
    frame = recorded_by(inputs.frames[kind], as_of)
    begun = frame[frame["valid_from"] <= (as_of if valid_at is None else valid_at)]
    in_order = begun.sort_values(["valid_from", "recorded_at"], kind="stable")
    last = in_order.drop_duplicates(list(KINDS[kind].key), keep="last")
    return last.sort_index().reset_index(drop=True)


def teams_at(inputs: DatedInputs, owners: pd.Series, at: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Give the team of each owner at an instant of its own, as known; missing where none was stated.

    Parameters
    ----------
    owners, at
        Owner and UTC instant of each row, shape (n,); either may be missing.
    """
    frame = recorded_by(inputs.frames["teams"], as_of).sort_values(["valid_from", "recorded_at"], kind="stable")
    frame = frame.drop_duplicates(["owner_id", "valid_from"], keep="last")
    asked = pd.DataFrame({"owner_id": owners.astype("str"), "at": at, "place": range(len(owners))})
    asked = asked[asked["owner_id"].notna() & asked["at"].notna()].sort_values("at", kind="stable")
    stated = frame[["owner_id", "team", "valid_from"]]
    found = pd.merge_asof(asked, stated, left_on="at", right_on="valid_from", by="owner_id")
    teams = found.set_index("place")["team"].reindex(range(len(owners)))
    return teams.set_axis(owners.index)


@dataclass(frozen=True)
class Stated:
    """An amount or a number of wins that was stated for a period; None where it was not."""

    amount: float | None
    currency: str | None
    wins: float | None


def target_for(
    inputs: DatedInputs, scope: str, name: str | None, first: date, last: date, as_of: pd.Timestamp
) -> Stated | None:
    """Find the target of a scope for exactly these days; None when none is stated, which is not zero."""
    rows = holding(inputs, "targets", as_of)
    named = rows["name"].isna() if name is None else rows["name"] == name
    return _stated(rows[(rows["scope"] == scope) & named], first, last)


def commit_for(inputs: DatedInputs, owner: str, first: date, last: date, as_of: pd.Timestamp) -> Stated | None:
    """Find what an owner committed to for exactly these days; None when nothing is stated, which is not zero."""
    rows = holding(inputs, "commits", as_of)
    return _stated(rows[rows["owner_id"] == owner], first, last)


def _stated(rows: pd.DataFrame, first: date, last: date) -> Stated | None:
    found = rows[(rows["period_start"] == first.isoformat()) & (rows["period_end"] == last.isoformat())]
    if not len(found):
        return None
    row = found.iloc[-1]
    return Stated(*(None if pd.isna(row[name]) else row[name] for name in ("amount", "currency", "wins")))
