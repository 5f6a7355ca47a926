"""A whole history written into a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Table, insert, select

from features.errors import DataError
from features.history.database.description import (
    Description,
    say_collected,
    write_description,
)
from features.history.database.engine import Writing
from features.history.database.rows import digest_of
from features.history.database.tables import (
    ACCOUNTS,
    ACTIVITY,
    CONTACTS,
    EVENTS,
    FIELD,
    OPPORTUNITIES,
    STAGE,
)
from features.history.history import History
from features.history.schema import TABLES
from features.instants import micros

_CHUNK = 5_000
_STANDARD = TABLES["opportunities"].column_names
Frames = dict[str, pd.DataFrame]


def write_into(writing: Writing, history: History) -> None:
    """Write a whole history in one commit; its rows bring their own ``recorded_at``.

    Raises
    ------
    DataError
        Something is in the database already, or the history has no dates.
    """
    if history.is_flat:
        raise DataError("a flat table without dates", "a history of what happened when", "import one with dates")
    if writing.connection.execute(select(OPPORTUNITIES.c.opportunity_id).limit(1)).first() is not None:
        raise DataError(
            "a database with opportunities", "an empty one", "name a new database; push what is new to /v1/events"
        )
    write_description(writing, Description(history.origin, history.processes, history.attributes))
    since = {name: None if at is None else int(micros(pd.Index([at]))[0]) for name, at in history.collected.items()}
    say_collected(writing, since, recorded_at=0)
    for table, rows in _rows_of(history):
        for part in _parts(rows):
            # The order of a table is that in which it was told: what happened at one instant counts in it.
            places = [{"place": writing.rows + place} if table is EVENTS else {} for place in range(len(part))]
            stamped = [row | {"seq": writing.seq} | place for row, place in zip(part, places, strict=True)]
            writing.connection.execute(insert(table), stamped)
            writing.rows += len(part)


def _rows_of(history: History) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    latest = {name: _latest(history.tables[name], key) for name, key in (("accounts", 0), ("contacts", 0))}
    yield ACCOUNTS, (_with_digest(row) for row in _plain(latest["accounts"]))
    yield CONTACTS, (_with_digest(row) for row in _plain(latest["contacts"]))
    yield OPPORTUNITIES, (_opportunity(row) for row in _plain(history.opportunities))
    yield EVENTS, _changed_entities(history)
    yield EVENTS, _numbered("stage", (_stage(row) for row in _plain(history.stage_history)))
    yield EVENTS, _numbered("field", (_field(row) for row in _plain(history.field_history)))
    yield EVENTS, _activities(history.activities)


def _latest(frame: pd.DataFrame, key: int) -> pd.DataFrame:
    """First record of each id; what was recorded of it later is a change."""
    return frame.sort_values("recorded_at", kind="stable").drop_duplicates(frame.columns[key], keep="first")


def _changed_entities(history: History) -> Iterator[dict[str, Any]]:
    """Later records of an account or a contact, as changes of their columns."""
    columns = {"accounts": ("name", "industry", "region", "size"), "contacts": ("role",)}
    place = 0
    for table, names in columns.items():
        frame = history.tables[table].sort_values("recorded_at", kind="stable")
        for row in _plain(frame[frame.duplicated(frame.columns[0], keep="first")]):
            for name in names:
                subject = {key: row[key] for key in ("contact_id", "account_id") if key in row}
                value = {"kind": FIELD, "name": name, "value": row[name], "occurred_at": row["recorded_at"]}
                place += 1
                yield _event(f"import-entity-{place:09d}", subject | value | {"recorded_at": row["recorded_at"]})


def _plain(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as plain data: instants in microseconds, missing as None."""
    columns = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            columns[str(name)] = micros(column).tolist()
        else:
            columns[str(name)] = column.astype(object).where(column.notna(), None).tolist()
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _with_digest(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"digest": digest_of(row)}


def _opportunity(row: Mapping[str, Any]) -> dict[str, Any]:
    standard = {name: row[name] for name in _STANDARD}
    own = {name: value for name, value in row.items() if name not in standard and value is not None}
    return _with_digest(standard | {"attributes": json.dumps(own, sort_keys=True, default=_json_value)})


def _json_value(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)


def _stage(row: Mapping[str, Any]) -> dict[str, Any]:
    return _event("", {"kind": STAGE, "opportunity_id": row["opportunity_id"], "name": row["stage"]} | _times(row))


def _field(row: Mapping[str, Any]) -> dict[str, Any]:
    what = {"kind": FIELD, "opportunity_id": row["opportunity_id"], "name": row["field"], "value": row["value"]}
    return _event("", what | _times(row))


def _times(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("occurred_at", "recorded_at")}


def _numbered(kind: str, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows without an id of their own are numbered."""
    for place, row in enumerate(rows, start=1):
        yield row | {"event_id": f"import-{kind}-{place:09d}"}


def _activities(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Activities under their own ids; a later record of one corrects the earlier."""
    records: dict[str, int] = {}
    for row in _plain(frame.sort_values("recorded_at", kind="stable")):
        name = row.pop("activity_id")
        before, records[name] = records.get(name, 0), records.get(name, 0) + 1
        row["quantity"], row["name"], row["kind"] = row.pop("value"), row["kind"], ACTIVITY
        row["replaces"] = None if before == 0 else _record_id(name, before)
        yield _event(_record_id(name, before + 1), row)


def _record_id(name: str, record: int) -> str:
    return name if record == 1 else f"{name}#{record}"


_EMPTY = {
    column.name: False if column.name in ("planned", "automated") else None
    for column in EVENTS.columns
    if column.name not in ("seq", "place", "event_id", "digest")
}


def _event(event_id: str, filled: Mapping[str, Any]) -> dict[str, Any]:
    return {**_EMPTY, **filled, "event_id": event_id, "digest": digest_of(filled)}


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == _CHUNK:
            yield part
            part = []
    if part:
        yield part
