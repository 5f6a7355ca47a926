"""Targets, commits, teams and rates in the database: told in commits, and read as they were known."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select

from api.store.tables import INPUTS
from features.history.database.engine import Writing
from features.history.dated_inputs import KINDS, DatedInputs, check_input, inputs_of
from features.instants import instant, micros


def write_inputs(writing: Writing, kind: str, rows: pd.DataFrame) -> int:
    """Write rows of one kind; those that say what is said already are left out.

    Parameters
    ----------
    rows
        Columns of the kind. Without ``recorded_at`` they are recorded with this commit;
        without ``valid_from`` they hold from then on. No row is recorded after the commit.

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
    checked = check_input(kind, filled)
    checked["recorded_at"] = checked["recorded_at"].where(checked["recorded_at"] <= at, at)
    new = _new(checked, read_input(writing.connection, kind), kind)
    stored = _as_stored(new).to_dict("records")
    records: list[dict[Any, Any]] = [{"seq": writing.seq, "place": place, **row} for place, row in enumerate(stored)]
    if records:
        writing.connection.execute(insert(INPUTS[kind]), records)
    writing.subject, writing.rows = kind, len(records)
    return len(records)


def _new(rows: pd.DataFrame, before: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Leave out rows whose last record of the same key and ``valid_from`` says the same."""
    about, values = [*KINDS[kind].key, "valid_from"], list(KINDS[kind].values)
    last: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    in_order = before.sort_values("recorded_at", kind="stable")
    for row in _plain(in_order).to_dict("records"):
        last[tuple(row[name] for name in about)] = tuple(row[name] for name in values)
    keep = []
    for row in _plain(rows).to_dict("records"):
        key, said = tuple(row[name] for name in about), tuple(row[name] for name in values)
        keep.append(last.get(key) != said)
        last[key] = said
    return rows[keep]


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
