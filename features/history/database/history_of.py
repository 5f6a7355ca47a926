"""A database read as a history, for training and backtests."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, Select, Table, false, select, text

from features.errors import DataError
from features.history.database.description import Description, history_collected, read_description
from features.history.database.engine import Database, last_commit
from features.history.database.merges import Merge, Names
from features.history.database.ordering import as_sent
from features.history.database.parts import parts_of
from features.history.database.reads import Cut, standing
from features.history.database.tables import (
    ACCOUNTS,
    ACTIVITY,
    CONTACTS,
    EVENTS,
    FIELD,
    MERGE,
    OF_MOVES,
    OPPORTUNITIES,
    STAGE,
)
from features.history.database.told_anew import corrections, under_each_name
from features.history.history import History, build_history
from features.history.schema import INSTANT, TABLES
from features.history.told_columns import with_told
from features.instants import instant

_ENTITIES = (ACCOUNTS, CONTACTS, OPPORTUNITIES)
Frames = dict[str, pd.DataFrame]


def history_of(database: Database, cut: Cut | None = None) -> History:
    """Read a database as a history.

    Parameters
    ----------
    cut
        Up to where; everything when None. What was corrected or retracted by then is left
        out, and a correction counts from when it was recorded.

    Raises
    ------
    DataError
        There is no opportunity in it.
    """
    with database.reading() as connection:
        seq, recorded_at = last_commit(connection)
        cut = cut if cut is not None else Cut(recorded_at, seq)
        description = read_description(connection, cut.recorded_by, cut.through_seq)
        frames = {table.name: _frame(connection, select(table), table, cut) for table in _ENTITIES}
        rows = _events(connection, select(EVENTS), cut)
    if not len(frames["opportunities"]):
        raise DataError(f"no opportunity in {database.name}", "at least one", "push some, or import a history")
    return _history(frames, rows, description, cut)


def history_of_accounts(
    connection: Connection, account_ids: Sequence[str], cut: Cut, description: Description
) -> History:
    """Read what is known of some hundred accounts as a history: their opportunities, and what happened with either.

    Parameters
    ----------
    account_ids
        With all that were merged with one. Opportunities that were moved between them and
        others are read too, so the history may name other accounts, of which it does not
        tell everything.
    """
    ids, table = list(account_ids), OPPORTUNITIES.c
    moved = _column(connection, select(EVENTS.c.opportunity_id).where(text(OF_MOVES)), EVENTS.c.value, ids)
    theirs = _column(connection, select(table.opportunity_id), table.account_id, ids)
    opportunities = sorted({*moved, *theirs})
    wanted = {ACCOUNTS: ids, CONTACTS: [], OPPORTUNITIES: opportunities}
    frames = {one.name: _frames_of(connection, one, names, cut) for one, names in wanted.items()}
    events: dict[str, Row[Any]] = {}
    for column, names in ((EVENTS.c.account_id, ids), (EVENTS.c.opportunity_id, opportunities)):
        for part in parts_of(names):
            rows = _events(connection, select(EVENTS).where(column.in_(part)), cut)
            events |= {row.event_id: row for row in rows}
    in_order = sorted(events.values(), key=lambda row: (row.seq, row.place, row.event_id))
    return _history(frames, in_order, description, cut)


def _column(connection: Connection, asked: Select[Any], column: Any, names: Sequence[str]) -> list[str]:
    found = (name for part in parts_of(names) for name in connection.execute(asked.where(column.in_(part))).scalars())
    return [name for name in found if name is not None]


def _frames_of(connection: Connection, table: Table, ids: Sequence[str], cut: Cut) -> pd.DataFrame:
    """Rows of a table by the ids in its first column."""
    key = next(iter(table.primary_key))
    asked = [select(table).where(key.in_(part)) for part in parts_of(ids)] or [select(table).where(false())]
    return pd.concat([_frame(connection, one, table, cut) for one in asked], ignore_index=True)


def _history(frames: Frames, rows: Sequence[Row[Any]], description: Description, cut: Cut) -> History:
    tables = _tables(frames, _told(standing(rows)), _activity_records(rows), description)
    return build_history(
        tables,
        processes=description.processes,
        collected=history_collected(description),
        attributes=description.attributes,
        origin=description.origin,
        observed_until=instant(cut.recorded_by),
    )


def _events(connection: Connection, asked: Select[Any], cut: Cut) -> Sequence[Row[Any]]:
    asked = asked.where(EVENTS.c.recorded_at <= cut.recorded_by, EVENTS.c.seq <= cut.through_seq)
    return connection.execute(asked.order_by(*as_sent(EVENTS))).all()


def _frame(connection: Connection, asked: Select[Any], table: Table, cut: Cut) -> pd.DataFrame:
    asked = asked.where(table.c.recorded_at <= cut.recorded_by, table.c.seq <= cut.through_seq)
    rows = connection.execute(asked.order_by(*table.primary_key)).all()
    return pd.DataFrame(rows, columns=[column.name for column in table.columns]).drop(columns=["seq", "digest"])


def _told(events: Sequence[Row[Any]]) -> pd.DataFrame:
    return pd.DataFrame(events, columns=[column.name for column in EVENTS.columns])


def _activity_records(events: Sequence[Row[Any]]) -> pd.DataFrame:
    """Every record of the activities that stand, under the id of the first: what was known before stays known."""
    stand = {event.event_id for event in standing(events)}
    before = {e.event_id: e.replaces for e in events if e.kind == ACTIVITY}
    first: dict[str, str] = {}
    for name in before.keys() & stand:
        chain = [name]
        while before.get(chain[-1]) is not None:
            chain.append(before[chain[-1]])
        first |= dict.fromkeys(chain, chain[-1])
    records = _told([event for event in events if event.event_id in first])
    return records.assign(event_id=records["event_id"].map(first))


def _tables(frames: Frames, told: pd.DataFrame, activities: pd.DataFrame, description: Description) -> Frames:
    known = set(frames["opportunities"]["opportunity_id"])
    of_opportunity = told[told["opportunity_id"].isin(known)]
    stages = of_opportunity[of_opportunity["kind"] == STAGE].rename(columns={"name": "stage"})
    fields = of_opportunity[of_opportunity["kind"] == FIELD].rename(columns={"name": "field"})
    acts = activities.drop(columns=["value", "kind"])
    acts = acts.rename(columns={"event_id": "activity_id", "name": "kind", "quantity": "value"})
    names = Names.by(_merges(told))
    followed = description.rules(pd.Timestamp(0, tz="UTC")).fields
    anew = corrections(frames["opportunities"], fields, names)
    tables = {
        "accounts": _later_records(frames["accounts"], told, "account_id"),
        "contacts": _later_records(frames["contacts"], told, "contact_id"),
        "opportunities": _opportunities(frames["opportunities"], anew, description),
        "stage_history": _of_process(stages, frames["opportunities"], description),
        "field_history": pd.concat([fields[fields["field"].isin(followed)], anew], ignore_index=True),
        "activities": under_each_name(acts, names),
    }
    for name in ("accounts", "contacts"):
        tables[name]["account_id"] = tables[name]["account_id"].map(names.last_of, na_action="ignore")
    return {name: _canonical(name, frame) for name, frame in tables.items()}


def _canonical(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    declared = TABLES[name]
    own = [c for c in frame.columns if declared.open_ended and c not in declared.column_names and c != "attributes"]
    kept = frame[[c for c in declared.column_names if c in frame] + own].reset_index(drop=True)
    for column in declared.columns:
        if column.type == "instant" and column.name in kept:
            kept[column.name] = pd.to_datetime(kept[column.name].astype("int64"), unit="us", utc=True)
    return kept


def _opportunities(frame: pd.DataFrame, anew: pd.DataFrame, description: Description) -> pd.DataFrame:
    """Opportunities with their attributes, and with what was told anew of their columns as last known."""
    own = pd.DataFrame([json.loads(text) for text in frame["attributes"]], index=frame.index)
    frame = frame.drop(columns="attributes").join(own.reindex(columns=list(description.attributes)))
    frame["created_at"] = pd.to_datetime(frame["created_at"].astype("int64"), unit="us", utc=True).astype(INSTANT)
    return with_told(frame, anew)


def _of_process(stages: pd.DataFrame, opportunities: pd.DataFrame, description: Description) -> pd.DataFrame:
    """Leave out stages that the opportunity's process does not have: they came before the opportunity itself."""
    process = stages["opportunity_id"].map(opportunities.set_index("opportunity_id")["process"])
    known = {(name, key) for name, process in description.processes.items() for key in process.keys}
    keep = [pair in known for pair in zip(process, stages["stage"], strict=True)]
    return stages[pd.Series(keep, index=stages.index, dtype=bool)]


def _later_records(frame: pd.DataFrame, told: pd.DataFrame, key: str) -> pd.DataFrame:
    """Add a record for every change of a column."""
    if key == "contact_id":
        changes = told[(told["kind"] == FIELD) & told["contact_id"].notna()]
    else:
        changes = told[(told["kind"] == FIELD) & told["opportunity_id"].isna() & told["contact_id"].isna()]
    if not len(changes):
        return frame
    rows: dict[Hashable, dict[Hashable, Any]] = {row[key]: row for row in frame.to_dict("records")}
    later = []
    for change in changes.sort_values(["recorded_at", "occurred_at"], kind="stable").itertuples():
        before = rows.get(getattr(change, key))
        if before is not None:
            rows[before[key]] = before | {change.name: change.value, "recorded_at": change.recorded_at}
            later.append(rows[before[key]])
    return pd.concat([frame, pd.DataFrame(later, columns=frame.columns)], ignore_index=True)


def _merges(told: pd.DataFrame) -> list[Merge]:
    """The merges that stand, in order: who was merged, into which, and when we were told."""
    rows = told[told["kind"] == MERGE]
    return list(zip(rows["account_id"], rows["value"], rows["recorded_at"], strict=True))
