"""Targets, commits, teams and rates in the database: told in commits, and read as they were known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select

from api.store.tables import INPUTS
from features.history.database.engine import Writing
from features.history.dated_inputs import KINDS, DatedInputs, check_input, inputs_of
from features.instants import instant, micros


def write_inputs(writing: Writing, kind: str, rows: pd.DataFrame) -> int:
    """Write rows of one kind; those that say what is said already are left out.

    Of rows with one key, ``valid_from`` and ``recorded_at`` only the last counts.

    Parameters
    ----------
    rows
        Columns of the kind. Without ``recorded_at`` they are recorded with this commit;
        without ``valid_from`` a row holds from then on, and is left out when the same holds
        already. No row is recorded after the commit.

    Returns
    -------
    How many rows were written.

    Raises
    ------
    SchemaError
        A row is not what the kind says; nothing is written.
    """
    at = instant(writing.recorded_at)
    filled = rows.assign(**{name: at for name in ("recorded_at", "valid_from") if name not in rows})
    is_dated = filled["valid_from"].notna() & ("valid_from" in rows)
    checked = check_input(kind, filled.assign(valid_from=filled["valid_from"].where(is_dated, at)))
    checked["recorded_at"] = checked["recorded_at"].where(checked["recorded_at"] <= at, at)
    counts = ~checked.duplicated([*KINDS[kind].key, "valid_from", "recorded_at"], keep="last").to_numpy()
    checked, is_dated = checked[counts], is_dated[counts]
    new = checked[_is_new(checked, is_dated, read_input(writing.connection, kind), kind, at)]
    stored = _as_stored(new).to_dict("records")
    records: list[dict[Any, Any]] = [{"seq": writing.seq, "place": place, **row} for place, row in enumerate(stored)]
    if records:
        writing.connection.execute(insert(INPUTS[kind]), records)
    writing.subject, writing.rows = kind, len(records)
    return len(records)


def _is_new(rows: pd.DataFrame, is_dated: pd.Series, before: pd.DataFrame, kind: str, at: pd.Timestamp) -> list[bool]:
    """Tell which rows say something that is not said already."""
    said = _Said(kind, at)
    for row in _plain(before.sort_values("recorded_at", kind="stable")).to_dict("records"):
        said.tell(row)
    found = []
    for row, dated in zip(_plain(rows).to_dict("records"), is_dated, strict=True):
        found.append(not said.has(row, dated))
        if found[-1]:
            said.tell(row)
    return found


class _Said:
    """What was said last of each key: from each instant on, and of what holds at one."""

    def __init__(self, kind: str, at: pd.Timestamp) -> None:
        self.kind, self.at = KINDS[kind], at
        self.last: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.holds: dict[tuple[Any, ...], tuple[pd.Timestamp, tuple[Any, ...]]] = {}
        self.rows: set[tuple[Any, ...]] = set()

    def tell(self, row: Mapping[Any, Any]) -> None:
        key, values, since = self._parts(row)
        self.rows.add(tuple(row.values()))
        self.last[(*key, since)] = values
        if since <= self.at and (key not in self.holds or since >= self.holds[key][0]):
            self.holds[key] = since, values

    def has(self, row: Mapping[Any, Any], is_dated: bool) -> bool:
        """A row that says from when it holds is said if it was from then on; another if it holds anyway.

        What a file tells of long ago is said too, whatever was told since.
        """
        key, values, since = self._parts(row)
        if is_dated:
            return self.last.get((*key, since)) == values or tuple(row.values()) in self.rows
        return key in self.holds and self.holds[key][1] == values

    def _parts(self, row: Mapping[Any, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...], pd.Timestamp]:
        key = tuple(row[name] for name in self.kind.key)
        return key, tuple(row[name] for name in self.kind.values), row["valid_from"]


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)


def _as_stored(frame: pd.DataFrame) -> pd.DataFrame:
    numbered = frame.assign(**{name: micros(frame[name]) for name in ("valid_from", "recorded_at")})
    return _plain(numbered)


def read_input(connection: Connection, kind: str) -> pd.DataFrame:
    """Read every row of one kind, in the order in which they were told."""
    table = INPUTS[kind]
    names = KINDS[kind].table.column_names
    asked = select(*(table.c[name] for name in names)).order_by(table.c.seq, table.c.place)
    frame = pd.DataFrame(connection.execute(asked).all(), columns=list(names))
    for name in ("valid_from", "recorded_at"):
        frame[name] = pd.to_datetime(frame[name].astype("int64"), unit="us", utc=True)
    return check_input(kind, frame)


def read_inputs(connection: Connection) -> DatedInputs:
    """Read every input of every kind."""
    return inputs_of({kind: read_input(connection, kind) for kind in KINDS})
